import { DecodeError } from "../../../protocol/decode-error.ts";
import { hexOf } from "./checks.ts";
import { describeMemory, type MemoryVerdict } from "./memory-watch.ts";
import { MUTANT_BYTES_MAX } from "./packet-draft.ts";
import { runSlices } from "./sliced-run.ts";

/** A decoder, and the packets that it is fed with. */
export interface DecoderSubject {
  /** Begins the lines of its report: `decoder`. */
  readonly name: string;
  /** Writes the next packet to the start of `target` and returns its length. */
  readonly next: (target: Uint8Array) => number;
  /** Decodes it and reads everything in it. Only a DecodeError may come out. */
  readonly read: (bytes: Uint8Array) => void;
  /** What else it has to report. */
  readonly more?: () => string;
}

export interface InputCampaign extends DecoderSubject {
  readonly seed: number;
  readonly packets: number;
  readonly signal: AbortSignal;
  readonly onProgress: (line: string) => void;
}

export interface InputReport {
  /** Fewer than wanted after an interruption or a failure. */
  readonly packets: number;
  readonly decoded: number;
  readonly rejectedByCode: Readonly<Record<string, number>>;
  /** The heap's, after a collection. */
  readonly memory: MemoryVerdict;
  readonly elapsedMs: number;
  /** Something other than a DecodeError came out: what, and how to see it again. */
  readonly failure: string | undefined;
}

/** Feeds packets to a decoder in this process; ends at the first failure. */
export async function fuzzInputs(campaign: InputCampaign): Promise<InputReport> {
  const run = new InputRun(campaign);
  const watched = await runSlices(run, { ...campaign, wanted: campaign.packets, what: "packets" });
  return {
    packets: run.count,
    decoded: run.decoded,
    rejectedByCode: run.rejectedByCode,
    ...watched,
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

export function isCleanInputs(report: InputReport, wanted: number): boolean {
  return report.failure === undefined && report.memory.isFlat && report.packets === wanted;
}

/** For people: what a decoder made of its packets. */
export function describeInputs({ name, more }: DecoderSubject, report: InputReport): string {
  const { packets, decoded, rejectedByCode, memory, elapsedMs, failure } = report;
  const codes = Object.entries(rejectedByCode)
    .toSorted(([, a], [, b]) => b - a)
    .map(([code, count]) => `${code} ${count}`);
  return [
    `${name}: ${packets} packets in ${(elapsedMs / 1000).toFixed(1)} s: ${decoded} decoded, ${packets - decoded} rejected`,
    `${name}: rejected as ${codes.join(", ") || "nothing"}`,
    `${name}: ${more?.() ?? ""}heap ${describeMemory(memory)}`,
    ...(failure === undefined ? [] : [`${name}: FAILED: ${failure}`]),
  ].join("\n");
}
