import type { Prng } from "../../../base/prng.ts";
import { PacketDraft } from "./packet-draft.ts";

const RANDOM_BYTES_MAX = 600;
const MUTATIONS_MAX = 4;

/** What a mutator knows of a protocol's packets. */
export interface PacketShape {
  /** One packet in so many is all random. */
  readonly randomOneIn: number;
  /** Makes a random packet look a little like one of the protocol. */
  readonly disguise?: (draft: PacketDraft) => void;
  /** Replaces most of a good packet; as often as packets are random. */
  readonly rewrite?: (draft: PacketDraft) => void;
  /** One change somewhere; the draft is not empty. */
  readonly change: (draft: PacketDraft) => void;
}

/**
 * Writes the next bad packet to the start of `target`, MUTANT_BYTES_MAX bytes at most, and returns its
 * length. `origin` chooses the packet of the corpus; a random one when left out.
 */
export type PacketMutator = (target: Uint8Array, origin?: number) => number;

/**
 * Makes bad packets out of good ones: bytes changed, cut out, doubled and inserted anywhere, and the
 * changes of the protocol's shape. Some are all random. The same numbers and the same corpus give the same
 * packets. Throws RangeError when the corpus is empty or has a packet that is too long.
 */
export function packetMutator(
  { randomOneIn, disguise, rewrite, change }: PacketShape,
  corpus: readonly Uint8Array[],
  prng: Prng,
): PacketMutator {
  const draft = new PacketDraft(corpus, prng);
  return (target, origin = draft.below(corpus.length)) => {
    draft.beginIn(target);
    const style = draft.below(randomOneIn);
    if (style === 0) {
      draft.randomize(RANDOM_BYTES_MAX);
      disguise?.(draft);
      return draft.length;
    }
    draft.copyOf(corpus[origin]);
    if (style === 1 && rewrite !== undefined) {
      rewrite(draft);
      return draft.length;
    }
    const count = 1 + draft.below(MUTATIONS_MAX);
    for (let done = 0; done < count && draft.length > 0; done += 1) change(draft);
    return draft.length;
  };
}
