import type { Prng } from "../../../base/prng.ts";
import { PacketDraft } from "../campaign/packet-draft.ts";

const RANDOM_BYTES_MAX = 600;
const MUTATIONS_MAX = 4;
const CROWD_MAX = 70;
const utf8 = new TextEncoder();
/** What is put into a request, in the middle of anything. */
const snippets = [
  // Not UTF-8 anywhere.
  Uint8Array.of(0xff),
  ...[
    "\0",
    "\0\0",
    "../",
    "..\\",
    "%2e%2e%2f",
    "octet\0",
    "blksize\x0065464\0",
    "blksize\x008\0",
    "windowsize\x0065535\0",
    "timeout\x001\0",
    "tsize\x000\0",
    "outside/canary.txt",
  ].map((text) => utf8.encode(text)),
];

/**
 * Makes bad TFTP packets out of others: bytes changed, cut out, doubled and inserted anywhere; names,
 * modes and options moved, repeated, crowded and run together. Some are all random. The same numbers
 * and the same corpus give the same packets.
 */
export class TftpMutator {
  readonly #corpus: readonly Uint8Array[];
  readonly #draft: PacketDraft;

  /** Throws RangeError when the corpus is empty or has a packet that is too long. */
  constructor(corpus: readonly Uint8Array[], prng: Prng) {
    this.#draft = new PacketDraft(corpus, prng);
    this.#corpus = corpus;
  }

  /** Writes the next packet to the start of `target`, MUTANT_BYTES_MAX at most; returns its length. */
  next(target: Uint8Array): number {
    const draft = this.#draft;
    draft.beginIn(target);
    if (draft.below(24) === 0) {
      draft.randomize(RANDOM_BYTES_MAX);
      // Half of them at least look like TFTP.
      if (draft.length > 1 && draft.below(2) === 0) {
        draft.bytes[0] = 0;
        draft.bytes[1] = draft.below(8);
      }
      return draft.length;
    }
    draft.copyOf(this.#corpus[draft.below(this.#corpus.length)]!);
    const count = 1 + draft.below(MUTATIONS_MAX);
    for (let done = 0; done < count && draft.length > 0; done += 1) this.#mutate();
    return draft.length;
  }

  #mutate(): void {
    const draft = this.#draft;
    const at = this.#someText();
    switch (draft.below(10)) {
      case 0:
        draft.bytes[Math.min(1, draft.length - 1)] = draft.below(8);
        return;
      case 1:
        draft.remove(at, this.#textBytes(at));
        return;
      case 2:
        draft.repeat(at, this.#textBytes(at));
        return;
      case 3:
      case 4:
        this.#insert(at, snippets[draft.below(snippets.length)]!);
        return;
      case 5:
        this.#insert(draft.below(draft.length), snippets[draft.below(snippets.length)]!);
        return;
      case 6:
        this.#crowd(at);
        return;
      case 7:
        // Two texts run together.
        draft.remove(at + Math.max(0, this.#textBytes(at) - 1), 1);
        return;
      default:
        draft.mutateBytes();
    }
  }

  /** Where a name, a mode, or the name or value of an option begins; the second byte at least. */
  #someText(): number {
    const draft = this.#draft;
    let at = Math.min(2, draft.length);
    for (let left = draft.below(8); left > 0; left -= 1) {
      const next = at + this.#textBytes(at);
      if (next >= draft.length) break;
      at = next;
    }
    return at;
  }

  /** With its NUL, if it has one. */
  #textBytes(at: number): number {
    const { bytes, length } = this.#draft;
    const nul = bytes.subarray(0, length).indexOf(0, at);
    return nul < 0 ? length - at : nul + 1 - at;
  }

  #insert(at: number, snippet: Uint8Array): void {
    const draft = this.#draft;
    const count = draft.insert(at, snippet.length);
    draft.bytes.set(snippet.subarray(0, count), at);
  }

  /** Options of one character, up to more than a packet may have. */
  #crowd(at: number): void {
    const draft = this.#draft;
    const end = at + draft.insert(at, 4 * draft.below(CROWD_MAX));
    for (let option = at; option + 3 < end; option += 4) {
      draft.bytes.set([0x61 + draft.below(26), 0, 0x30 + draft.below(10), 0], option);
    }
  }
}
