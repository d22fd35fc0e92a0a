import { SOL_UDP, UDP_SEGMENT } from "./kernel/linux.ts";
import { NativeMemory } from "./kernel/native-memory.ts";
import {
  CONTROL_BYTES,
  CONTROL_HEADER_BYTES,
  CONTROL_LENGTH_WORD,
  IOVEC_BYTES,
  IOVEC_WORDS,
  MESSAGE_BYTES,
  MESSAGE_WORDS,
  type MessageBatch,
  NAME_BYTES,
} from "./message-batch.ts";

/**
 * Most segments of one message that every kernel with UDP_SEGMENT accepts (UDP_MAX_SEGMENTS was 64
 * first).
 */
export const SEGMENTS_MAX = 64;
/** Longer datagrams are sent alone: if a segment exceeds the MTU, the whole message is refused. */
const SEGMENT_BYTES_MAX = 1400;
/** An IPv4 packet without its IP and UDP headers. */
const MESSAGE_PAYLOAD_MAX = 65_507;
/** Groups that a datagram is compared with; if it fits none of them, it begins another. */
const OPEN_GROUPS_MAX = 16;

const SEGMENT_SPACE_BYTES = 24;
const NONE = 0xffff;

/**
 * Joins the datagrams of a batch that have the same length and route into messages of up to 64 segments.
 * The kernel passes each through its layers once and cuts it into datagrams where it has to (UDP_SEGMENT,
 * Linux 4.18). Datagrams of different messages may leave in another order than they were queued in.
 */
export class SendSegments {
  /** The messages as sendmmsg takes them; valid after `arrange`. */
  readonly messages: NativeMemory;
  /** Number of datagrams in each message. */
  readonly sizes: Uint16Array;
  readonly #batch: MessageBatch;
  readonly #iovecs: NativeMemory;
  readonly #controls: NativeMemory;
  readonly #heads: Uint16Array;
  readonly #tails: Uint16Array;
  /** For each datagram: the next one of its message. */
  readonly #next: Uint16Array;

  constructor(batch: MessageBatch) {
    const { count } = batch;
    this.#batch = batch;
    this.messages = new NativeMemory(count * MESSAGE_BYTES);
    this.sizes = new Uint16Array(count);
    this.#iovecs = new NativeMemory(count * IOVEC_BYTES);
    this.#controls = new NativeMemory(count * CONTROL_BYTES);
    this.#heads = new Uint16Array(count);
    this.#tails = new Uint16Array(count);
    this.#next = new Uint16Array(count);
    for (let i = 0; i < count; i += 1) {
      this.messages.setPointer(i * MESSAGE_BYTES + 8, NAME_BYTES);
      const control = i * CONTROL_BYTES;
      this.#controls.setPointer(control, CONTROL_HEADER_BYTES + 2);
      this.#controls.view.setUint32(control + 8, SOL_UDP, true);
      this.#controls.view.setUint32(control + 12, UDP_SEGMENT, true);
    }
  }

  /**
   * Fills `messages` and `sizes` from the first `count` datagrams of the batch; returns the number of
   * messages.
   */
  arrange(count: number): number {
    const groups = this.#group(count);
    let iovec = 0;
    for (let group = 0; group < groups; group += 1) {
      this.#writeMessage(group, iovec);
      iovec += this.sizes[group];
    }
    return groups;
  }

  /** The numbers in the batch of a message's datagrams. */
  *datagramsOf(message: number): Generator<number> {
    for (let i = this.#heads[message]; i !== NONE; i = this.#next[i]) yield i;
  }

  #group(count: number): number {
    let groups = 0;
    for (let i = 0; i < count; i += 1) {
      this.#next[i] = NONE;
      const group = this.#groupFor(i, groups);
      if (group < 0) {
        this.#heads[groups] = i;
        this.#tails[groups] = i;
        this.sizes[groups] = 1;
        groups += 1;
      } else {
        this.#next[this.#tails[group]] = i;
        this.#tails[group] = i;
        this.sizes[group] += 1;
      }
    }
    return groups;
  }

  /** The latest of the open groups that datagram `i` may join; -1 when there is none. */
  #groupFor(i: number, groups: number): number {
    const length = this.#batch.lengthOf(i);
    if (length === 0 || length > SEGMENT_BYTES_MAX) return -1;
    const oldest = Math.max(0, groups - OPEN_GROUPS_MAX);
    for (let group = groups - 1; group >= oldest; group -= 1) {
      const size = this.sizes[group];
      const isFull = size === SEGMENTS_MAX || (size + 1) * length > MESSAGE_PAYLOAD_MAX;
      if (!isFull && this.#batch.goTogether(this.#heads[group], i)) return group;
    }
    return -1;
  }

  #writeMessage(group: number, iovec: number): void {
    const batch = this.#batch;
    const { messages } = this;
    const head = this.#heads[group];
    const size = this.sizes[group];
    let at = iovec * IOVEC_WORDS;
    for (let i = head; i !== NONE; i = this.#next[i]) {
      const from = i * IOVEC_WORDS;
      this.#iovecs.words[at] = batch.iovecs.words[from];
      this.#iovecs.words[at + 1] = batch.iovecs.words[from + 1];
      this.#iovecs.words[at + 2] = batch.iovecs.words[from + 2];
      at += IOVEC_WORDS;
    }
    const message = group * MESSAGE_BYTES;
    messages.setPointer(message, batch.names.address + head * NAME_BYTES);
    messages.setPointer(message + 16, this.#iovecs.address + iovec * IOVEC_BYTES);
    messages.words[group * MESSAGE_WORDS + 6] = size;
    this.#writeControl(group, head, size);
  }

  /**
   * Writes the segment's length, then the datagram's own control data; a datagram that is alone is used
   * in place.
   */
  #writeControl(group: number, head: number, size: number): void {
    const batch = this.#batch;
    const own = batch.messages.words[head * MESSAGE_WORDS + CONTROL_LENGTH_WORD];
    const ownStart = head * CONTROL_BYTES;
    const message = group * MESSAGE_BYTES;
    const lengthWord = group * MESSAGE_WORDS + CONTROL_LENGTH_WORD;
    if (size === 1) {
      this.messages.setPointer(message + 32, batch.controls.address + ownStart);
      this.messages.words[lengthWord] = own;
      return;
    }
    const control = group * CONTROL_BYTES;
    this.#controls.view.setUint16(control + CONTROL_HEADER_BYTES, batch.lengthOf(head), true);
    for (let word = 0; word < own >>> 2; word += 1) {
      this.#controls.words[((control + SEGMENT_SPACE_BYTES) >>> 2) + word] =
        batch.controls.words[(ownStart >>> 2) + word];
    }
    this.messages.setPointer(message + 32, this.#controls.address + control);
    this.messages.words[lengthWord] = SEGMENT_SPACE_BYTES + own;
  }
}
