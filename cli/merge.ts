import { Command } from "commander";
import { type FormatName, filedFormats } from "../reports/formats.ts";
import { renderSummary } from "../reports/text/render-summary.ts";
import { plainText, terminalColours } from "../reports/text/text-lines.ts";
import { removeFiles, writeFiles } from "../reports/write-files.ts";
import { parseDurationMs } from "../scenarios/yaml/duration.ts";
import { exitStatus, statusOfVerdict } from "./options/exit-status.ts";
import { hasColours, parseFormats } from "./options/report-options.ts";
import { runCommander } from "./options/run-commander.ts";
import { UsageError } from "./options/usage-error.ts";
import { mergedResultOf, writeHistory } from "./run/result/merged-result.ts";
import { readSegment, SegmentFileError } from "./run/result/segment-file.ts";

interface MergeOptions {
  readonly out: string;
  readonly report: readonly FormatName[];
  readonly clockMargin: number;
  readonly history?: string;
}

const CLOCK_MARGIN_MS = 50;

/** `prov merge DIR...`: one result from all segments of a run. */
export async function runMerge(args: readonly string[]): Promise<number> {
  let status: number = exitStatus.pass;
  const command = new Command("prov merge")
    .description("add up the segments of a run (prov run --segment) to one result, and judge it")
    .argument("<folders...>", "the folders of all segments, in any order")
    .option("--out <folder>", "where the results go", "runs/merged")
    .option("--report <formats>", "as of prov run", parseFormats, filedFormats)
    .option(
      "--clock-margin <duration>",
      "how far the machines' clocks may be apart (default: 50 ms)",
      parseMargin,
      CLOCK_MARGIN_MS,
    )
    .option("--history <file>", "what each device was asked for, as of prov run --history")
    .action(async (folders: readonly string[], options: MergeOptions) => {
      status = await merge(folders, options);
    });
  return (await runCommander(command, args)) ?? status;
}

async function merge(folders: readonly string[], options: MergeOptions): Promise<number> {
  removeFiles(options.out);
  try {
    const segments = folders.map(readSegment);
    const { result, outcome } = await mergedResultOf(segments, {
      clockMarginMs: options.clockMargin,
    });
    if (options.history !== undefined) writeHistory(options.history, segments[0].plan, outcome);
    const files = writeFiles(options.out, result, options.report);
    const paint = hasColours(process.stdout, process.env) ? terminalColours : plainText;
    process.stdout.write(renderSummary(result, files, paint));
    return statusOfVerdict[result.verdict];
  } catch (error) {
    if (!(error instanceof SegmentFileError)) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

function parseMargin(text: string): number {
  const marginMs = parseDurationMs(text);
  if (marginMs !== undefined && marginMs <= 10_000) return marginMs;
  throw new UsageError(`--clock-margin ${text}: write a duration up to 10 s, such as 50 ms`);
}
