import type { Prng } from "../../../base/prng.ts";

/** No mutated packet is longer; a target must have this much room. */
export const MUTANT_BYTES_MAX = 1500;

const INSERTED_BYTES_MAX = 300;
// Lengths and counts at which loops and additions go wrong most often.
export const edgeBytes = [0x00, 0x01, 0x03, 0x04, 0x05, 0x7f, 0x80, 0xfe, 0xff] as const;

/** A bad packet in the making, and the changes that do not depend on its protocol. */
export class PacketDraft {
  bytes: Uint8Array = new Uint8Array(0);
  length = 0;
  readonly #corpus: readonly Uint8Array[];
  readonly #prng: Prng;

  /** Throws RangeError when the corpus is empty or has a packet that is too long. */
  constructor(corpus: readonly Uint8Array[], prng: Prng) {
    if (corpus.length === 0) throw new RangeError("mutations need a packet to start from");
    if (corpus.some(({ length }) => length > MUTANT_BYTES_MAX)) {
      throw new RangeError(`a packet of the corpus is longer than ${MUTANT_BYTES_MAX} bytes`);
    }
    this.#corpus = corpus;
    this.#prng = prng;
  }

  /** From now on `target` is written to, from its start. */
  beginIn(target: Uint8Array): void {
    this.bytes = target;
    this.length = 0;
  }

  copyOf(sample: Uint8Array): void {
    this.bytes.set(sample);
    this.length = sample.length;
  }

  /** Nothing but chance, shorter than `lengthMax`. */
  randomize(lengthMax: number): void {
    this.length = this.below(lengthMax);
    this.scribble(0, this.length);
  }

  /** One small change anywhere; the draft must not be empty. */
  mutateBytes(): void {
    const at = this.below(this.length);
    byteChanges[this.below(byteChanges.length)](this, at);
  }

  repeat(at: number, length: number): void {
    const count = Math.min(length, this.length - at);
    if (this.insert(at, count) < count) return;
    this.bytes.copyWithin(at, at + count, at + 2 * count);
  }

  remove(at: number, count: number): void {
    const end = Math.min(this.length, at + count);
    this.bytes.copyWithin(at, end, this.length);
    this.length -= end - at;
  }

  /** Makes room at `at`, filled at random, as far as there is any; says how much. */
  insert(at: number, wanted: number): number {
    const count = Math.min(wanted, MUTANT_BYTES_MAX - this.length);
    this.bytes.copyWithin(at + count, at, this.length);
    this.length += count;
    this.scribble(at, at + count);
    return count;
  }

  scribble(start: number, end: number): void {
    for (let at = start; at < end; at += 1) this.bytes[at] = this.#prng.nextUInt32();
  }

  below(bound: number): number {
    return this.#prng.nextBelow(bound);
  }

  /** The tail of another packet behind the head of this one. */
  splice(at: number): void {
    const other = this.#corpus[this.below(this.#corpus.length)];
    const from = Math.min(at, other.length);
    this.bytes.set(other.subarray(from), at);
    this.length = at + other.length - from;
  }
}

const byteChanges: readonly ((draft: PacketDraft, at: number) => void)[] = [
  (draft, at) => {
    draft.bytes[at] ^= 1 << draft.below(8);
  },
  (draft, at) => {
    draft.bytes[at] = draft.below(256);
  },
  (draft, at) => {
    draft.bytes[at] = edgeBytes[draft.below(edgeBytes.length)];
  },
  (draft, at) => {
    draft.length = at;
  },
  (draft, at) => draft.remove(at, 1 + draft.below(16)),
  (draft, at) => {
    if (draft.insert(at, 1 + draft.below(INSERTED_BYTES_MAX)) === 0) draft.length = at;
  },
  (draft, at) => draft.splice(at),
];
