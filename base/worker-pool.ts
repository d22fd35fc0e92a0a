import { availableParallelism } from "node:os";

/** Most jobs of one call: they wait in memory with their inputs. */
const JOBS_MAX = 1024;

/**
 * Does work of a second or so on other threads, as many as there are processors, so that this thread goes
 * on with its sockets, timers and signals. `job` is a function that `module` (without its ending) exports
 * under this name; inputs and outputs are plain data. Resolves with the outputs in the order of the
 * inputs, once the threads have ended; rejects with the first error.
 */
export async function runJobs<Job extends (input: never) => unknown>(
  module: URL,
  job: string,
  inputs: readonly Parameters<Job>[0][],
): Promise<Awaited<ReturnType<Job>>[]> {
  if (inputs.length > JOBS_MAX) throw new RangeError(`${inputs.length} jobs are too many at once`);
  if (inputs.length === 0) return [];
  // A command without such work does not wait for the library to load.
  const { Tinypool } = await import("tinypool");
  const pool = new Tinypool({
    filename: compiled(module),
    name: job,
    minThreads: 0,
    maxThreads: Math.min(inputs.length, availableParallelism()),
    // Flags of the program, such as --cpu-prof, do not apply to its jobs.
    execArgv: [],
  });
  try {
    return await Promise.all(inputs.map((input) => pool.run(input)));
  } finally {
    await pool.destroy();
  }
}

/** Threads run compiled files, which are in `dist` when this file is the source. */
function compiled(module: URL): string {
  if (!import.meta.url.endsWith(".ts")) return `${module.href}.js`;
  const root = new URL("..", import.meta.url).href;
  return `${root}dist/${module.href.slice(root.length)}.js`;
}
