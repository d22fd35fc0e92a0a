import { exitStatus } from "./exit-status.ts";

/**
 * Runs a measurement that SIGINT or SIGTERM ends by its signal. An error after that, or one that
 * `statusOf` gives an exit status, is told in its own words; any other is thrown.
 */
export async function untilInterrupted(
  command: string,
  statusOf: (error: unknown) => number | undefined,
  run: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const abort = new AbortController();
  const interrupt = (): void => abort.abort(new Error("interrupted"));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    return await run(abort.signal);
  } catch (error) {
    const status = statusOf(error);
    if (!abort.signal.aborted && status === undefined) throw error;
    process.stderr.write(`${command}: ${(error as Error).message}\n`);
    return status ?? exitStatus.internalError;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}
