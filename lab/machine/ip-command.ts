import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { LabError } from "./lab-error.ts";

const COMMAND_MS_MAX = 10_000;
const OUTPUT_MS_MAX = 30_000;

/** Runs a program of the system to its end. Throws LabError with its error output. */
export function runTool(program: string, ...args: readonly string[]): string {
  try {
    return execFileSync(program, args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: COMMAND_MS_MAX,
    });
  } catch (error) {
    const { stderr } = error as { readonly stderr?: string };
    const why = stderr?.trim() || (error as Error).message;
    throw new LabError(`${program} ${args.join(" ")}: ${why}`, { cause: error });
  }
}

/** As `runTool`, with the program's output written to a file. */
export function runToolInto(file: string, command: readonly string[]): void {
  const output = openSync(file, "w");
  try {
    const [program, ...args] = command;
    const { status, error, stderr } = spawnSync(program!, args, {
      ...{ encoding: "utf8", timeout: OUTPUT_MS_MAX },
      stdio: ["ignore", output, "pipe"],
    });
    if (status === 0) return;
    throw new LabError(`${command.join(" ")}: ${error?.message ?? stderr.trim()}`);
  } finally {
    closeSync(output);
  }
}

/** iproute2's `ip`. */
export function ip(...args: readonly string[]): void {
  runTool("ip", ...args);
}

/** Whether a program is installed and runs. */
export function hasTool(program: string, versionFlag = "--version"): boolean {
  const options = { stdio: "ignore", timeout: COMMAND_MS_MAX } as const;
  return spawnSync(program, [versionFlag], options).error === undefined;
}

/** Why there can be no network namespaces here; undefined when there can. */
export function namespacesMissing(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  return hasTool("ip", "-V") ? undefined : "the command `ip` (Debian: iproute2) is missing";
}
