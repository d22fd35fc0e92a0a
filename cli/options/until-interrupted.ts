import { exitStatus } from "./exit-status.ts";
import { type ErrorClass, UsageError } from "./usage-error.ts";

/**
 * Runs a measurement that SIGINT or SIGTERM ends by its signal. Any error after that, and one of the `expected`
 * classes before it, is told in its own words; all others are thrown.
 */
export function untilInterrupted(
  command: string,
  expected: readonly ErrorClass[],
  run: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const abort = new AbortController();
  return interruptible(
    () => abort.abort(new Error("interrupted")),
    async () => {
      try {
        return await run(abort.signal);
      } catch (error) {
        const isExpected = abort.signal.aborted || expected.some((each) => error instanceof each);
        if (!isExpected || error instanceof UsageError) throw error;
        process.stderr.write(`${command}: ${(error as Error).message}\n`);
        return exitStatus.internalError;
      }
    },
  );
}

/** Calls `interrupt` at a SIGINT or SIGTERM while `run` goes on; a second one ends the program. */
export async function interruptible<T>(interrupt: () => void, run: () => Promise<T>): Promise<T> {
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    return await run();
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}

/**
 * Runs a simulation that `abort` ends. Ctrl-C ends it early, with the results so far. Rejects as soon as `died`
 * does: a run is useless without its server.
 */
export async function abortable<T>(
  abort: AbortController,
  died: Promise<never> | undefined,
  run: () => Promise<T>,
): Promise<T> {
  const either = () => (died === undefined ? run() : Promise.race([run(), died]));
  try {
    return await interruptible(() => abort.abort(), either);
  } finally {
    abort.abort();
  }
}
