import { type ChildProcess, spawn } from "node:child_process";
import { memoryMiBOf } from "../../lab/machine/process-usage.ts";

/** One `-t` of one file. */
export interface CheckRun {
  /** From the start of the process to its end. */
  readonly seconds: number;
  /** Resident memory at its peak, seen every 10 ms; undefined where the kernel does not say. */
  readonly peakMiB: number | undefined;
  /** Null after a signal, then `isOver` says whether the time was up. */
  readonly status: number | null;
  readonly isOver: boolean;
}

const POLL_MS = 10;
const running = new Set<ChildProcess>();

/** Runs a program to its end, without its output, for `secondsMax` at most. */
export function runCheck(
  [program, ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
  secondsMax: number,
  signal: AbortSignal,
): Promise<CheckRun> {
  return new Promise((settle, fail) => {
    const startMs = performance.now();
    const child = spawn(program!, args, {
      stdio: "ignore",
      env: { ...process.env, ...environment },
    });
    running.add(child);
    let peakMiB: number | undefined;
    let isOver = false;
    const poll = setInterval(() => {
      peakMiB = memoryMiBOf(child.pid)?.peak ?? peakMiB;
    }, POLL_MS);
    const timer = setTimeout(() => {
      isOver = true;
      child.kill("SIGKILL");
    }, secondsMax * 1000);
    const abort = (): void => void child.kill("SIGKILL");
    signal.addEventListener("abort", abort, { once: true });
    const leave = (): void => {
      clearInterval(poll);
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      running.delete(child);
    };
    child.once("error", (error) => {
      leave();
      fail(error);
    });
    child.once("exit", (status) => {
      leave();
      settle({ seconds: (performance.now() - startMs) / 1000, peakMiB, status, isOver });
    });
  });
}

/** For an exit handler: ends, by process id, whatever still runs. */
export function killChecks(): void {
  for (const child of running) child.kill("SIGKILL");
}
