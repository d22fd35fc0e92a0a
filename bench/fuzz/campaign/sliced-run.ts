import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { judgeMemory, type MemoryVerdict } from "./memory-watch.ts";

/** A campaign in this process: it does so many inputs more, and may come to its end before that. */
export interface SlicedRun {
  readonly count: number;
  readonly failure: string | undefined;
  run(inputs: number): void;
}

export interface SlicedPlan {
  /** For the lines of progress: `decoder: 812 of 1000 packets, 90/s`. */
  readonly name: string;
  readonly what: string;
  readonly wanted: number;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

const SAMPLES = 16;
const PROGRESS_MS = 5000;
const BYTES_A_MIB = 1024 * 1024;
/** The heap after a collection: what is left is ours, so a little growth is a leak. */
const HEAP_GROWTH_MIB_MAX = 2;

/** Runs it in slices, the heap being looked at after each; ends at the first failure. */
export async function runSlices(
  run: SlicedRun,
  { name, what, wanted, signal, onProgress }: SlicedPlan,
): Promise<{ readonly memory: MemoryVerdict; readonly elapsedMs: number }> {
  const collect = garbageCollector();
  const samples: number[] = [];
  const startMs = performance.now();
  let progressMs = startMs;
  const slice = Math.max(1, Math.ceil(wanted / SAMPLES));
  while (run.count < wanted && run.failure === undefined && !signal.aborted) {
    run.run(Math.min(slice, wanted - run.count));
    collect();
    samples.push(process.memoryUsage().heapUsed / BYTES_A_MIB);
    const nowMs = performance.now();
    if (nowMs - progressMs >= PROGRESS_MS) {
      progressMs = nowMs;
      const perSecond = Math.round((run.count * 1000) / (nowMs - startMs));
      onProgress(`${name}: ${run.count} of ${wanted} ${what}, ${perSecond}/s`);
    }
    // Signals are heard between two slices.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    memory: judgeMemory(samples, HEAP_GROWTH_MIB_MAX),
    elapsedMs: performance.now() - startMs,
  };
}

/** Node hides its collector; asking for it this way needs no flag on the command line. */
function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
