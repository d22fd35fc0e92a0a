import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { Command, Option } from "commander";
import { type FormatName, filedFormats, formatNames } from "../reports/formats.ts";
import { readResult } from "../reports/result/read-result.ts";
import type { RunResult } from "../reports/result/run-result.ts";
import { rendered, writeFiles, writeWhole } from "../reports/write-files.ts";
import { addExamples } from "./options/examples.ts";
import { exitStatus } from "./options/exit-status.ts";
import { runCommander } from "./options/run-commander.ts";
import { UsageError } from "./options/usage-error.ts";

interface ReportOptions {
  readonly format?: FormatName;
  readonly output?: string;
}

/** Far more than a day's run of many states has. */
const RESULT_BYTES_MAX = 512 * 1024 * 1024;

/** `prov report FOLDER|result.json`: the reports of a run again, from its result.json alone. */
export async function runReport(args: readonly string[]): Promise<number> {
  const command = new Command("prov report")
    .description("write the reports of a run again, from its result.json alone")
    .argument("<result>", "a result.json, or the folder of a run")
    .addOption(
      new Option("--format <format>", "print this one (default: write all beside it)").choices(
        formatNames,
      ),
    )
    .option("-o, --output <file>", "where to instead of standard output, with --format")
    .action((path: string, { format, output }: ReportOptions) => {
      if (format === undefined && output !== undefined) {
        throw new UsageError("-o goes with --format: say which one the file is to have");
      }
      const { file, result } = loadResult(path);
      if (format === undefined) writeBeside(file, result);
      else if (output === undefined) process.stdout.write(rendered(format, result));
      else written(output, () => writeWhole(output, rendered(format, result)));
    });
  addExamples(
    command,
    "prov report runs/quick",
    "prov report runs/quick --format md",
    "prov report result.json --format junit -o junit.xml",
  );
  return (await runCommander(command, args)) ?? exitStatus.pass;
}

/** Reads a `result.json`, or that of a folder; throws UsageError that tells everything wrong with it. */
export function loadResult(path: string): { readonly file: string; readonly result: RunResult } {
  const file = isFolder(path) ? join(path, "result.json") : path;
  const reading = readResult(textOf(file));
  if (reading.kind === "read") return { file, result: reading.result };
  throw new UsageError(reading.problems.map((problem) => `${file}: ${problem}`).join("\n"));
}

/** All but result.json itself, which stays as it is. */
function writeBeside(file: string, result: RunResult): void {
  const folder = dirname(file);
  const paths = written(folder, () =>
    writeFiles(
      folder,
      result,
      filedFormats.filter((name) => name !== "json"),
    ),
  );
  process.stdout.write(paths.map((path) => `${path}\n`).join(""));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function textOf(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > RESULT_BYTES_MAX) {
      throw new UsageError(`${file}: ${size} bytes are too many, ${RESULT_BYTES_MAX} is the limit`);
    }
    return readFileSync(file, "utf8");
  } catch (error) {
    throw fileProblem(error, file, "cannot be read");
  }
}

function written<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw fileProblem(error, path, "cannot be written");
  }
}

function fileProblem(error: unknown, path: string, what: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (error instanceof UsageError || code === undefined) return error;
  const reason = code === "ENOENT" ? "there is no such file or folder" : `${what} (${code})`;
  return new UsageError(`${path}: ${reason}`, { cause: error });
}
