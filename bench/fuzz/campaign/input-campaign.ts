import { DecodeError } from "../../../protocol/decode-error.ts";
import { formatHex } from "../../../protocol/hex.ts";
import { describeMemory } from "./memory-watch.ts";
import { MUTANT_BYTES_MAX } from "./packet-draft.ts";
import { runSlices, type SlicedReport } from "./sliced-run.ts";

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

/** `failure`: something other than a DecodeError came out. */
export interface InputReport extends Omit<SlicedReport, "count"> {
  /** Fewer than wanted after an interruption or a failure. */
  readonly packets: number;
  readonly decoded: number;
  readonly rejectedByCode: Readonly<Record<string, number>>;
}

/** Feeds packets to a decoder in this process; ends at the first failure. */
export async function fuzzInputs(campaign: InputCampaign): Promise<InputReport> {
  const { seed, packets: wanted, next, read } = campaign;
  const buffer = new Uint8Array(MUTANT_BYTES_MAX);
  const rejectedByCode: Record<string, number> = {};
  let input = buffer;
  let tried = 0;
  let decoded = 0;
  const { count: packets, ...report } = await runSlices({
    ...{ ...campaign, what: "packets", wanted },
    next: () => {
      input = buffer.subarray(0, next(buffer));
      tried += 1;
      try {
        read(input);
        decoded += 1;
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        rejectedByCode[error.code] = (rejectedByCode[error.code] ?? 0) + 1;
      }
      return 1;
    },
    where: () => `packet ${tried - 1} of seed ${seed}, ${formatHex(input)}`,
  });
  return { ...report, packets, decoded, rejectedByCode };
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
