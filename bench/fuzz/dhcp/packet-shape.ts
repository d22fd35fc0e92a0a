import type { Prng } from "../../../base/prng.ts";
import { Offset } from "../../../protocol/dhcp/header.ts";
import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { edgeBytes, MUTANT_BYTES_MAX, PacketDraft } from "../campaign/packet-draft.ts";

const RANDOM_BYTES_MAX = 600;
const MUTATIONS_MAX = 4;
const CROWD_MAX = 400;

/**
 * Makes bad packets out of good ones: bytes changed, cut out, doubled and inserted anywhere, and
 * options given wrong lengths, repeated, moved, split and nested. Some are all random. The same
 * numbers and the same corpus give the same packets.
 */
export class PacketMutator {
  readonly #corpus: readonly Uint8Array[];
  readonly #draft: PacketDraft;

  /** Throws RangeError when the corpus is empty or has a packet that is too long. */
  constructor(corpus: readonly Uint8Array[], prng: Prng) {
    this.#draft = new PacketDraft(corpus, prng);
    this.#corpus = corpus;
  }

  /**
   * Writes the next packet to the start of `target` and returns its length. `origin` chooses the
   * packet of the corpus; a random one when left out.
   */
  next(target: Uint8Array, origin = this.#below(this.#corpus.length)): number {
    const draft = this.#draft;
    draft.beginIn(target);
    const style = this.#below(16);
    if (style === 0) {
      draft.randomize(RANDOM_BYTES_MAX);
      return draft.length;
    }
    draft.copyOf(this.#corpus[origin]!);
    if (style === 1) this.#randomOptions();
    else this.#mutateSeveralTimes();
    return draft.length;
  }

  #mutateSeveralTimes(): void {
    const draft = this.#draft;
    const count = 1 + this.#below(MUTATIONS_MAX);
    for (let done = 0; done < count && draft.length > 0; done += 1) {
      const isBelowOptions = draft.length <= Offset.options || this.#below(4) === 0;
      if (isBelowOptions || this.#below(2) === 0) draft.mutateBytes();
      else this.#mutateOption();
    }
  }

  /** A good header and options that are well-formed, of any code, length and content. */
  #randomOptions(): void {
    const draft = this.#draft;
    let at: number = Math.min(draft.length, Offset.options);
    const count = this.#below(12);
    for (let done = 0; done < count; done += 1) {
      const length = this.#below(this.#below(4) === 0 ? 256 : 16);
      if (at + 2 + length >= MUTANT_BYTES_MAX) break;
      draft.bytes[at] = 1 + this.#below(254);
      draft.bytes[at + 1] = length;
      draft.scribble(at + 2, at + 2 + length);
      at += 2 + length;
    }
    if (this.#below(8) !== 0) {
      draft.bytes[at] = OptionCode.end;
      at += 1;
    }
    draft.length = at;
  }

  #mutateOption(): void {
    const draft = this.#draft;
    const at = this.#someOption();
    const length = draft.bytes[at + 1] ?? 0;
    switch (this.#below(8)) {
      case 0:
        // A length that is wrong, mostly by little.
        draft.bytes[at + 1] =
          this.#below(2) === 0 ? length + this.#below(5) - 2 : edgeBytes[this.#below(9)]!;
        return;
      case 1:
        draft.bytes[at] = this.#below(256);
        return;
      case 2:
        draft.remove(at, 2 + length);
        return;
      case 3:
        draft.repeat(at, 2 + length);
        return;
      case 4:
        this.#insertOption(at);
        return;
      case 5:
        draft.scribble(at + 2, Math.min(draft.length, at + 2 + length));
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
    const draft = this.#draft;
    let at: number = Offset.options;
    for (let left = this.#below(16); left > 0; left -= 1) {
      const code = draft.bytes[at]!;
      const next = code === OptionCode.pad ? at + 1 : at + 2 + draft.bytes[at + 1]!;
      if (code === OptionCode.end || next >= draft.length) break;
      at = next;
    }
    return at;
  }

  #insertOption(at: number): void {
    const draft = this.#draft;
    const length = this.#below(24);
    if (draft.insert(at, 2 + length) < 2 + length) return;
    const isType = this.#below(4) === 0;
    draft.bytes[at] = isType ? OptionCode.messageType : 1 + this.#below(254);
    draft.bytes[at + 1] = isType ? 1 : length;
    if (isType) draft.bytes[at + 2] = this.#below(MessageType.leaseActive + 3);
  }

  /** Says that `file` and `sname` hold options as well, which mostly they do not. */
  #turnIntoOverload(at: number): void {
    const draft = this.#draft;
    if (draft.insert(at, 3) < 3) return;
    draft.bytes[at] = OptionCode.overload;
    draft.bytes[at + 1] = 1;
    draft.bytes[at + 2] = this.#below(5);
    if (this.#below(2) === 0) draft.scribble(Offset.sname, Offset.cookie);
  }

  /** Empty options, up to more than a packet may have. */
  #crowd(at: number): void {
    const draft = this.#draft;
    const end = at + draft.insert(at, 2 * this.#below(CROWD_MAX));
    for (let option = at; option + 1 < end; option += 2) {
      draft.bytes[option] = 200 + this.#below(50);
      draft.bytes[option + 1] = 0;
    }
  }

  #below(bound: number): number {
    return this.#draft.below(bound);
  }
}
