import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { FuzzRequest } from "./fuzz-request.ts";
import { describeMemory, judgeMemory, type MemoryVerdict } from "./memory-watch.ts";

/** A campaign in this process. */
export interface SlicedCampaign {
  /** Begins all of its lines: `decoder: 812 of 1000 packets, 90/s`. */
  readonly name: string;
  readonly what: string;
  /** Tries the next input and returns for how many it counts. What it throws is a failure. */
  readonly next: () => number;
  /** The latest input, and how to see it again. */
  readonly where: () => string;
  /** The outcome of the first `count` inputs, in lines for people. */
  readonly outcome: (count: number) => readonly string[];
}

export interface SlicedReport {
  /** Fewer than wanted after an interruption or a failure. */
  readonly count: number;
  /** The heap's, after a collection. */
  readonly memory: MemoryVerdict;
  readonly elapsedMs: number;
  /** What was thrown, and how to see it again. */
  readonly failure: string | undefined;
}

const SAMPLES = 16;
const PROGRESS_MS = 5000;
const BYTES_A_MIB = 1024 * 1024;
/** After a collection only what the program holds is left, so a little growth is a leak. */
const HEAP_GROWTH_MIB_MAX = 2;

/** Runs a campaign and tells its report; true when nothing was found and nothing was cut short. */
export async function playCampaign(
  campaign: SlicedCampaign,
  wanted: number,
  request: FuzzRequest,
): Promise<boolean> {
  const { count, memory, elapsedMs, failure } = await runSlices(campaign, wanted, request);
  const { name, what, outcome } = campaign;
  const [first, ...others] = outcome(count);
  const lines = [
    `${count} ${what} in ${(elapsedMs / 1000).toFixed(1)} s: ${first}`,
    ...others,
    `heap ${describeMemory(memory)}`,
    ...(failure === undefined ? [] : [`FAILED: ${failure}`]),
  ];
  request.onResult(lines.map((line) => `${name}: ${line}`).join("\n"));
  return failure === undefined && memory.isFlat && count >= wanted;
}

/** Runs a campaign in slices, and looks at the heap after each; ends at the first failure. */
export async function runSlices(
  { name, what, next, where }: SlicedCampaign,
  wanted: number,
  { signal, onProgress }: Pick<FuzzRequest, "signal" | "onProgress">,
): Promise<SlicedReport> {
  const collect = garbageCollector();
  const samples: number[] = [];
  const startMs = performance.now();
  let progressMs = startMs;
  let count = 0;
  let failure: string | undefined;
  const slice = Math.max(1, Math.ceil(wanted / SAMPLES));
  while (count < wanted && failure === undefined && !signal.aborted) {
    const end = Math.min(wanted, count + slice);
    try {
      while (count < end) count += next();
    } catch (error) {
      const thrown = error instanceof Error ? (error.stack ?? error.message) : String(error);
      failure = `${where()}: ${thrown}`;
    }
    collect();
    samples.push(process.memoryUsage().heapUsed / BYTES_A_MIB);
    const nowMs = performance.now();
    if (nowMs - progressMs >= PROGRESS_MS) {
      progressMs = nowMs;
      const perSecond = Math.round((count * 1000) / (nowMs - startMs));
      onProgress(`${name}: ${count} of ${wanted} ${what}, ${perSecond}/s`);
    }
    // Signals are handled between two slices.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const memory = judgeMemory(samples, HEAP_GROWTH_MIB_MAX);
  return { count, memory, elapsedMs: performance.now() - startMs, failure };
}

/** Node hides its collector; asking for it this way needs no flag on the command line. */
function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
