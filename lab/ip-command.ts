import { execFileSync, spawnSync } from "node:child_process";
import { LabError } from "./lab-error.ts";

const COMMAND_MS_MAX = 10_000;

/** Runs a program of the system to its end. Throws LabError with what it said. */
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

/** iproute2's `ip`. */
export function ip(...args: readonly string[]): void {
  runTool("ip", ...args);
}

/** Whether a program is there and runs. */
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
