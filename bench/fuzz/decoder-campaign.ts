import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Prng } from "../../base/prng.ts";
import { DecodeError } from "../../protocol/decode-error.ts";
import { decodePacket } from "../../protocol/dhcp/packet.ts";
import { judgeMemory, type MemoryVerdict } from "./memory-watch.ts";
import { MUTANT_BYTES_MAX, PacketMutator } from "./packet-mutator.ts";
import { hexOf, readEverything, type ValueTally } from "./packet-reader.ts";

export interface DecoderCampaign {
  readonly seed: number;
  readonly packets: number;
  readonly corpus: readonly Uint8Array[];
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

export interface DecoderReport {
  /** Fewer than wanted after an interruption or a failure. */
  readonly packets: number;
  readonly decoded: number;
  readonly rejectedByCode: Readonly<Record<string, number>>;
  readonly values: Readonly<ValueTally>;
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
const DECODER_STREAM = 0x6465_636f;

/** Feeds the decoder and reads everything in what it takes; ends at the first failure. */
export async function fuzzDecoder(campaign: DecoderCampaign): Promise<DecoderReport> {
  const { packets, signal, onProgress } = campaign;
  const run = new DecoderRun(campaign);
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
      onProgress(`decoder: ${run.count} of ${packets} packets, ${perSecond}/s`);
    }
    // Signals are heard between two slices.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    packets: run.count,
    decoded: run.decoded,
    rejectedByCode: run.rejectedByCode,
    values: run.values,
    memory: judgeMemory(samples, HEAP_GROWTH_MIB_MAX),
    elapsedMs: performance.now() - startMs,
    failure: run.failure,
  };
}

class DecoderRun {
  readonly rejectedByCode: Record<string, number> = {};
  readonly values: ValueTally = { decoded: 0, rejected: 0 };
  count = 0;
  decoded = 0;
  failure: string | undefined;
  readonly #seed: number;
  readonly #mutator: PacketMutator;
  readonly #buffer = new Uint8Array(MUTANT_BYTES_MAX);

  constructor({ seed, corpus }: DecoderCampaign) {
    this.#seed = seed;
    this.#mutator = new PacketMutator(corpus, new Prng(seed, DECODER_STREAM));
  }

  run(packets: number): void {
    for (let left = packets; left > 0 && this.failure === undefined; left -= 1) {
      this.#feed(this.#buffer.subarray(0, this.#mutator.next(this.#buffer)));
      this.count += 1;
    }
  }

  #feed(input: Uint8Array): void {
    try {
      readEverything(decodePacket(input), this.values);
      this.decoded += 1;
    } catch (error) {
      if (error instanceof DecodeError) {
        this.rejectedByCode[error.code] = (this.rejectedByCode[error.code] ?? 0) + 1;
        return;
      }
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.failure = `packet ${this.count} of seed ${this.#seed}, ${hexOf(input)}: ${what}`;
    }
  }
}

/** Node hides its collector; asking for it this way needs no flag on the command line. */
function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
