import { Prng } from "../../../base/prng.ts";
import { DecodeError } from "../../../protocol/decode-error.ts";
import { formatHex } from "../../../protocol/hex.ts";
import { MUTANT_BYTES_MAX } from "./packet-draft.ts";
import { type PacketShape, packetMutator } from "./packet-mutator.ts";
import type { SlicedCampaign } from "./sliced-run.ts";

/** A decoder, and the packets that it is fed with. */
export interface DecoderSubject {
  readonly name: string;
  readonly seed: number;
  /** Keeps its random numbers apart from those of other campaigns of the seed. */
  readonly stream: number;
  readonly shape: PacketShape;
  /** The bad packets are made from these good ones. */
  readonly corpus: readonly Uint8Array[];
  /** Decodes a packet and reads everything in it. Only a DecodeError may come out. */
  readonly read: (bytes: Uint8Array) => void;
  readonly more?: () => string;
}

export interface DecoderCampaign extends SlicedCampaign {
  readonly tally: { decoded: number; readonly rejectedByCode: Record<string, number> };
}

/** Feeds bad packets to a decoder. Any error but a DecodeError is a failure. */
export function decoderCampaign(subject: DecoderSubject): DecoderCampaign {
  const { name, seed, stream, shape, corpus, read, more = () => "" } = subject;
  const mutator = packetMutator(shape, corpus, new Prng(seed, stream));
  const buffer = new Uint8Array(MUTANT_BYTES_MAX);
  const rejectedByCode: Record<string, number> = {};
  const tally = { decoded: 0, rejectedByCode };
  let input = buffer;
  let tried = 0;
  return {
    ...{ name, what: "packets", tally, more },
    next: () => {
      input = buffer.subarray(0, mutator(buffer));
      tried += 1;
      try {
        read(input);
        tally.decoded += 1;
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        rejectedByCode[error.code] = (rejectedByCode[error.code] ?? 0) + 1;
      }
      return 1;
    },
    where: () => `packet ${tried - 1} of seed ${seed}, ${formatHex(input)}`,
    outcome: (packets) => {
      const codes = Object.entries(rejectedByCode)
        .toSorted(([, a], [, b]) => b - a)
        .map(([code, count]) => `${code} ${count}`);
      return [
        `${tally.decoded} decoded, ${packets - tally.decoded} rejected`,
        `rejected as ${codes.join(", ") || "nothing"}`,
      ];
    },
  };
}
