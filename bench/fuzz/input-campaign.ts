import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { DecodeError } from "../../protocol/decode-error.ts";
import { judgeMemory, type MemoryVerdict } from "./memory-watch.ts";
import { MUTANT_BYTES_MAX } from "./packet-draft.ts";
import { hexOf } from "./packet-reader.ts";

export interface InputCampaign {
  /** For the lines of progress: `decoder`. */
  readonly name: string;
  readonly seed: number;
  readonly packets: number;
  /** Writes the next packet to the start of `target` and returns its length. */
  readonly next: (target: Uint8Array) => number;
  /** Decodes it and reads everything in it. Only a DecodeError may come out. */
  readonly read: (bytes: Uint8Array) => void;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

export interface InputReport {
  /** Fewer than wanted after an interruption or a failure. */
  readonly packets: number;
  readonly decoded: number;
  readonly rejectedByCode: Readonly<Record<string, number>>;
  /** Of the heap, after a collection. */
  readonly memory: MemoryVerdict;
  readonly elapsedMs: number;
  /** Something other than a DecodeError came out: what, and how to see it again. */
  readonly failure: string | undefined;
}

const SAMPLES = 40;
const PROGRESS_MS = 5000;
const BYTES_A_MIB = 1024 * 1024;
/** The heap after a collection: what is left is ours, so a little growth is a leak. */
const HEAP_GROWTH_MIB_MAX = 2;

/** Feeds packets to a decoder in this process; ends at the first failure. */
export async function fuzzInputs(campaign: InputCampaign): Promise<InputReport> {
  const { name, packets, signal, onProgress } = campaign;
  const run = new InputRun(campaign);
  const collect = garbageCollector();
  const samples: number[] = [];
  const startMs = performance.now();
  let progressMs = startMs;
  const slice = Math.max(1, Math.ceil(packets / SAMPLES));
  while (run.count < packets && run.failure === undefined && !signal.aborted) {
    run.run(Math.min(slice, packets - run.count));
    collect();
    samples.push(process.memoryUsage().heapUsed / BYTES_A_MIB);
    const nowMs = performance.now();
    if (nowMs - progressMs >= PROGRESS_MS) {
      progressMs = nowMs;
      const perSecond = Math.round((run.count * 1000) / (nowMs - startMs));
      onProgress(`${name}: ${run.count} of ${packets} packets, ${perSecond}/s`);
    }
    // Signals are heard between two slices.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    packets: run.count,
    decoded: run.decoded,
    rejectedByCode: run.rejectedByCode,
    memory: judgeMemory(samples, HEAP_GROWTH_MIB_MAX),
    elapsedMs: performance.now() - startMs,
    failure: run.failure,
  };
}

class InputRun {
  readonly rejectedByCode: Record<string, number> = {};
  count = 0;
  decoded = 0;
  failure: string | undefined;
  readonly #campaign: InputCampaign;
  readonly #buffer = new Uint8Array(MUTANT_BYTES_MAX);

  constructor(campaign: InputCampaign) {
    this.#campaign = campaign;
  }

  run(packets: number): void {
    for (let left = packets; left > 0 && this.failure === undefined; left -= 1) {
      this.#feed(this.#buffer.subarray(0, this.#campaign.next(this.#buffer)));
      this.count += 1;
    }
  }

  #feed(input: Uint8Array): void {
    try {
      this.#campaign.read(input);
      this.decoded += 1;
    } catch (error) {
      if (error instanceof DecodeError) {
        this.rejectedByCode[error.code] = (this.rejectedByCode[error.code] ?? 0) + 1;
        return;
      }
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.failure = `packet ${this.count} of seed ${this.#campaign.seed}, ${hexOf(input)}: ${what}`;
    }
  }
}

/** Node hides its collector; asking for it this way needs no flag on the command line. */
function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
