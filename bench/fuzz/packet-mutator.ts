import type { Prng } from "../../base/prng.ts";
import { Offset } from "../../protocol/dhcp/header.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";

/** No mutated packet is longer; a target must have this much room. */
export const MUTANT_BYTES_MAX = 1500;

const RANDOM_BYTES_MAX = 600;
const INSERTED_BYTES_MAX = 300;
const MUTATIONS_MAX = 4;
const CROWD_MAX = 400;
// Lengths and counts that loops and additions are wrong about most often.
const edgeBytes = [0x00, 0x01, 0x03, 0x04, 0x05, 0x7f, 0x80, 0xfe, 0xff] as const;

/**
 * Makes bad packets out of good ones: bytes changed, cut out, doubled and inserted anywhere, and
 * options given wrong lengths, repeated, moved, split and nested. Some are all random. The same
 * numbers and the same corpus give the same packets.
 */
export class PacketMutator {
  readonly #corpus: readonly Uint8Array[];
  readonly #prng: Prng;
  #bytes: Uint8Array = new Uint8Array(0);
  #length = 0;

  /** Throws RangeError when the corpus is empty or has a packet that is too long. */
  constructor(corpus: readonly Uint8Array[], prng: Prng) {
    if (corpus.length === 0) throw new RangeError("mutations need a packet to start from");
    if (corpus.some(({ length }) => length > MUTANT_BYTES_MAX)) {
      throw new RangeError(`a packet of the corpus is longer than ${MUTANT_BYTES_MAX} bytes`);
    }
    this.#corpus = corpus;
    this.#prng = prng;
  }

  /**
   * Writes the next packet to the start of `target` and returns its length. `origin` chooses the
   * packet of the corpus; a random one when left out.
   */
  next(target: Uint8Array, origin = this.#below(this.#corpus.length)): number {
    this.#bytes = target;
    const style = this.#below(16);
    if (style === 0) {
      this.#length = this.#below(RANDOM_BYTES_MAX);
      this.#scribble(0, this.#length);
      return this.#length;
    }
    const sample = this.#corpus[origin]!;
    target.set(sample);
    this.#length = sample.length;
    if (style === 1) this.#randomOptions();
    else this.#mutateSeveralTimes();
    return this.#length;
  }

  #mutateSeveralTimes(): void {
    const count = 1 + this.#below(MUTATIONS_MAX);
    for (let done = 0; done < count && this.#length > 0; done += 1) {
      const isBelowOptions = this.#length <= Offset.options || this.#below(4) === 0;
      if (isBelowOptions || this.#below(2) === 0) this.#mutateBytes();
      else this.#mutateOption();
    }
  }

  /** A good header and options that are well-formed, of any code, length and content. */
  #randomOptions(): void {
    let at: number = Math.min(this.#length, Offset.options);
    const count = this.#below(12);
    for (let done = 0; done < count; done += 1) {
      const length = this.#below(this.#below(4) === 0 ? 256 : 16);
      if (at + 2 + length >= MUTANT_BYTES_MAX) break;
      this.#bytes[at] = 1 + this.#below(254);
      this.#bytes[at + 1] = length;
      this.#scribble(at + 2, at + 2 + length);
      at += 2 + length;
    }
    if (this.#below(8) !== 0) {
      this.#bytes[at] = OptionCode.end;
      at += 1;
    }
    this.#length = at;
  }

  #mutateBytes(): void {
    const at = this.#below(this.#length);
    switch (this.#below(7)) {
      case 0:
        this.#bytes[at]! ^= 1 << this.#below(8);
        return;
      case 1:
        this.#bytes[at] = this.#below(256);
        return;
      case 2:
        this.#bytes[at] = edgeBytes[this.#below(edgeBytes.length)]!;
        return;
      case 3:
        this.#length = at;
        return;
      case 4:
        this.#remove(at, 1 + this.#below(16));
        return;
      case 5:
        if (this.#insert(at, 1 + this.#below(INSERTED_BYTES_MAX)) > 0) return;
        this.#length = at;
        return;
      default:
        this.#splice(at);
    }
  }

  #mutateOption(): void {
    const at = this.#someOption();
    const length = this.#bytes[at + 1] ?? 0;
    switch (this.#below(8)) {
      case 0:
        // A length that is wrong, mostly by little.
        this.#bytes[at + 1] =
          this.#below(2) === 0 ? length + this.#below(5) - 2 : edgeBytes[this.#below(9)]!;
        return;
      case 1:
        this.#bytes[at] = this.#below(256);
        return;
      case 2:
        this.#remove(at, 2 + length);
        return;
      case 3:
        this.#repeat(at, 2 + length);
        return;
      case 4:
        this.#insertOption(at);
        return;
      case 5:
        this.#scribble(at + 2, Math.min(this.#length, at + 2 + length));
        return;
      case 6:
        this.#crowd(at);
        return;
      default:
        this.#turnIntoOverload(at);
    }
  }

  /** Where one of the options begins; somewhere among them when they cannot be read. */
  #someOption(): number {
    let at: number = Offset.options;
    for (let left = this.#below(16); left > 0; left -= 1) {
      const code = this.#bytes[at]!;
      const next = code === OptionCode.pad ? at + 1 : at + 2 + this.#bytes[at + 1]!;
      if (code === OptionCode.end || next >= this.#length) break;
      at = next;
    }
    return at;
  }

  #insertOption(at: number): void {
    const length = this.#below(24);
    if (this.#insert(at, 2 + length) < 2 + length) return;
    const isType = this.#below(4) === 0;
    this.#bytes[at] = isType ? OptionCode.messageType : 1 + this.#below(254);
    this.#bytes[at + 1] = isType ? 1 : length;
    if (isType) this.#bytes[at + 2] = this.#below(MessageType.leaseActive + 3);
  }

  /** Says that `file` and `sname` hold options as well, which mostly they do not. */
  #turnIntoOverload(at: number): void {
    if (this.#insert(at, 3) < 3) return;
    this.#bytes[at] = OptionCode.overload;
    this.#bytes[at + 1] = 1;
    this.#bytes[at + 2] = this.#below(5);
    if (this.#below(2) === 0) this.#scribble(Offset.sname, Offset.cookie);
  }

  /** Empty options, up to more than a packet may have. */
  #crowd(at: number): void {
    const end = at + this.#insert(at, 2 * this.#below(CROWD_MAX));
    for (let option = at; option + 1 < end; option += 2) {
      this.#bytes[option] = 200 + this.#below(50);
      this.#bytes[option + 1] = 0;
    }
  }

  #repeat(at: number, length: number): void {
    const count = Math.min(length, this.#length - at);
    if (this.#insert(at, count) < count) return;
    this.#bytes.copyWithin(at, at + count, at + 2 * count);
  }

  /** The tail of another packet behind the head of this one. */
  #splice(at: number): void {
    const other = this.#corpus[this.#below(this.#corpus.length)]!;
    const from = Math.min(at, other.length);
    this.#bytes.set(other.subarray(from), at);
    this.#length = at + other.length - from;
  }

  #remove(at: number, count: number): void {
    const end = Math.min(this.#length, at + count);
    this.#bytes.copyWithin(at, end, this.#length);
    this.#length -= end - at;
  }

  /** Makes room at `at`, filled at random, as far as there is any; says how much. */
  #insert(at: number, wanted: number): number {
    const count = Math.min(wanted, MUTANT_BYTES_MAX - this.#length);
    this.#bytes.copyWithin(at + count, at, this.#length);
    this.#length += count;
    this.#scribble(at, at + count);
    return count;
  }

  #scribble(start: number, end: number): void {
    for (let at = start; at < end; at += 1) this.#bytes[at] = this.#prng.nextUInt32();
  }

  #below(bound: number): number {
    return this.#prng.nextBelow(bound);
  }
}
