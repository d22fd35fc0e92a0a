import { execFile } from "node:child_process";
import { resolve } from "node:path";

export const prov = resolve(import.meta.dirname, "../dist/cli/main.js");

export const runMsMax = 250_000;

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProvPlace {
  readonly cwd: string;
  /** Added to this process's own. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs the compiled `prov` to its end while this process goes on, so that runs which mostly wait can wait
 * side by side. One that takes longer than `runMsMax` is killed: its status is null.
 */
export function runProv(args: readonly string[], { cwd, env = {} }: ProvPlace): Promise<Ran> {
  return new Promise((settle) => {
    const child = execFile(
      process.execPath,
      [prov, ...args],
      {
        ...{ cwd, env: { ...process.env, ...env } },
        ...{ timeout: runMsMax, killSignal: "SIGKILL", maxBuffer: 64 * 1024 * 1024 },
      },
      (_error, stdout, stderr) => settle({ status: child.exitCode, stdout, stderr }),
    );
  });
}
