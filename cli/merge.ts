import type { FormatName } from "../reports/formats.ts";
import { renderSummary } from "../reports/text/render-summary.ts";
import { removeFiles, writeFiles } from "../reports/write-files.ts";
import { statusOfVerdict } from "./options/exit-status.ts";
import { durationParser, type OptionValue } from "./options/options.ts";
import { makeOutFolder } from "./options/out-folder.ts";
import { paintFor, reportOption } from "./options/report-options.ts";
import { Subcommand } from "./options/subcommand.ts";
import { usageErrorFor } from "./options/usage-error.ts";
import { mergedResultOf, writeHistory } from "./run/result/merged-result.ts";
import { readSegment, SegmentFileError } from "./run/result/segment-file.ts";

interface MergeOptions {
  readonly out: string;
  readonly report: readonly FormatName[];
  readonly clockMargin: number;
  readonly history?: string;
}

const CLOCK_MARGIN_MS = 50;

/** `prov merge DIR...`: makes one result of all segments of a run. */
export async function runMerge(args: readonly string[]): Promise<number> {
  return new Subcommand("prov merge")
    .description("add up the segments of a run (prov run --segment) to one result, and judge it")
    .argument("<folders...>", "the folders of all segments, in any order")
    .option("--out <folder>", "where the results go", "runs/merged")
    .addOption(reportOption("as of prov run"))
    .value(
      "--clock-margin <duration>",
      "how far the machines' clocks may be apart",
      clockMargin,
      `${CLOCK_MARGIN_MS} ms`,
    )
    .option("--history <file>", "what each device was asked for, as of prov run --history")
    .runs((folders: readonly string[], options: MergeOptions) =>
      merge(folders, options).catch(usageErrorFor(SegmentFileError)),
    )
    .examples("prov merge runs/part-1 runs/part-2 --out runs/both")
    .run(args);
}

const clockMargin: OptionValue<number> = {
  parse: durationParser(0, 10_000),
  how: "write a duration up to 10 s, such as 50 ms",
};

async function merge(folders: readonly string[], options: MergeOptions): Promise<number> {
  makeOutFolder(options.out);
  removeFiles(options.out);
  const segments = folders.map(readSegment);
  const { result, outcome } = await mergedResultOf(segments, options.clockMargin);
  if (options.history !== undefined) writeHistory(options.history, segments[0].plan, outcome);
  const files = writeFiles(options.out, result, options.report);
  process.stdout.write(renderSummary(result, files, paintFor(process.stdout)));
  return statusOfVerdict[result.verdict];
}
