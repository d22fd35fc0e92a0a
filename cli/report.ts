import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { type FormatName, filedFormats, formatNames } from "../reports/formats.ts";
import { readResult } from "../reports/result/read-result.ts";
import type { RunResult } from "../reports/result/run-result.ts";
import { rendered, writeFiles, writeWhole } from "../reports/write-files.ts";
import { exitStatus } from "./options/exit-status.ts";
import { Subcommand } from "./options/subcommand.ts";
import { noSuchFile, UsageError, withFile } from "./options/usage-error.ts";

interface ReportOptions {
  readonly format?: FormatName;
  readonly output?: string;
}

/** A day's run with many device states has far less. */
const RESULT_BYTES_MAX = 512 * 1024 * 1024;

/** `prov report FOLDER|result.json`: writes the reports of a run again, from its result.json alone. */
export async function runReport(args: readonly string[]): Promise<number> {
  return new Subcommand("prov report")
    .description("write the reports of a run again, from its result.json alone")
    .argument("<result>", "a result.json, or the folder of a run")
    .choice("--format <format>", "print this one (default: write all beside it)", formatNames)
    .option("-o, --output <file>", "where to instead of standard output, with --format")
    .runs((path: string, { format, output }: ReportOptions) => {
      if (format === undefined && output !== undefined) {
        throw new UsageError("-o goes with --format: say which one the file is to have");
      }
      const { file, result } = loadResult(path);
      if (format === undefined) writeBeside(file, result);
      else if (output === undefined) process.stdout.write(rendered(format, result));
      else write(output, () => writeWhole(output, rendered(format, result)));
      return exitStatus.pass;
    })
    .examples(
      "prov report runs/quick",
      "prov report runs/quick --format md",
      "prov report result.json --format junit -o junit.xml",
    )
    .run(args);
}

/** Reads a `result.json`, or the one in a folder. Throws UsageError with every mistake in it. */
export function loadResult(path: string): { readonly file: string; readonly result: RunResult } {
  const file = isFolder(path) ? join(path, "result.json") : path;
  const reading = readResult(textOf(file));
  if (reading.kind === "read") return { file, result: reading.result };
  throw new UsageError(reading.problems.map((problem) => `${file}: ${problem}`).join("\n"));
}

/** Writes every report but result.json, which stays as it is. */
function writeBeside(file: string, result: RunResult): void {
  const folder = dirname(file);
  const names = filedFormats.filter((name) => name !== "json");
  const paths = write(folder, () => writeFiles(folder, result, names));
  process.stdout.write(paths.map((path) => `${path}\n`).join(""));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function textOf(file: string): string {
  const read = () => {
    const { size } = statSync(file);
    if (size <= RESULT_BYTES_MAX) return readFileSync(file, "utf8");
    throw new UsageError(`${file}: ${size} bytes are too many, ${RESULT_BYTES_MAX} is the limit`);
  };
  return withFile(file, "cannot be read", read, noSuchFile);
}

function write<T>(path: string, action: () => T): T {
  return withFile(path, "cannot be written", action, noSuchFile);
}
