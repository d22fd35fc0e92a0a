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
 * Makes bad packets out of good ones: bytes changed, cut out, doubled and inserted anywhere, and what the
 * protocol's shape adds to that. Some are all random. The same numbers and the same corpus give the same
 * packets.
 */
export class PacketMutator {
  readonly #shape: PacketShape;
  readonly #corpus: readonly Uint8Array[];
  readonly #draft: PacketDraft;

  /** Throws RangeError when the corpus is empty or has a packet that is too long. */
  constructor(shape: PacketShape, corpus: readonly Uint8Array[], prng: Prng) {
    this.#shape = shape;
    this.#corpus = corpus;
    this.#draft = new PacketDraft(corpus, prng);
  }

  /**
   * Writes the next packet to the start of `target`, MUTANT_BYTES_MAX bytes at most, and returns its length.
   * `origin` chooses the packet of the corpus; a random one when left out.
   */
  next(target: Uint8Array, origin = this.#draft.below(this.#corpus.length)): number {
    const draft = this.#draft;
    const { randomOneIn, disguise, rewrite, change } = this.#shape;
    draft.beginIn(target);
    const style = draft.below(randomOneIn);
    if (style === 0) {
      draft.randomize(RANDOM_BYTES_MAX);
      disguise?.(draft);
      return draft.length;
    }
    draft.copyOf(this.#corpus[origin]);
    if (style === 1 && rewrite !== undefined) {
      rewrite(draft);
      return draft.length;
    }
    const count = 1 + draft.below(MUTATIONS_MAX);
    for (let done = 0; done < count && draft.length > 0; done += 1) change(draft);
    return draft.length;
  }
}
