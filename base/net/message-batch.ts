import { SOCKADDR_IN_BYTES } from "./kernel/linux.ts";
import { NativeMemory } from "./kernel/native-memory.ts";

// struct mmsghdr on 64-bit Linux, as offsets in 32-bit words (the upper halves of 64-bit fields
// stay as they were first written):
//   0 msg_name   2 msg_namelen   4 msg_iov   6 msg_iovlen   8 msg_control   10 msg_controllen
//   12 msg_flags   14 msg_len
export const MESSAGE_BYTES = 64;
export const MESSAGE_WORDS = MESSAGE_BYTES / 4;
export const NAME_LENGTH_WORD = 2;
export const CONTROL_LENGTH_WORD = 10;
export const FLAGS_WORD = 12;
export const LENGTH_WORD = 14;

export const IOVEC_BYTES = 16;
export const IOVEC_WORDS = IOVEC_BYTES / 4;
export const IOVEC_LENGTH_WORD = 2;

export const NAME_BYTES = SOCKADDR_IN_BYTES;
const NAME_WORDS = NAME_BYTES / 4;

// struct cmsghdr: 0 cmsg_len (64 bits)   2 cmsg_level   3 cmsg_type   4 the data
export const CONTROL_HEADER_BYTES = 16;
export const CONTROL_HEADER_WORDS = CONTROL_HEADER_BYTES / 4;
/** Room for IP_PKTINFO (32), SO_TIMESTAMPNS (32), SO_RXQ_OVFL (24) and UDP_GRO or UDP_SEGMENT (24). */
export const CONTROL_BYTES = 128;
export const CONTROL_WORDS = CONTROL_BYTES / 4;

/**
 * The arrays for recvmmsg and sendmmsg: a header, an iovec, an address, control data and a payload slot
 * for each of `count` messages, allocated and linked once.
 */
export class MessageBatch {
  readonly count: number;
  readonly slotBytes: number;
  readonly messages: NativeMemory;
  readonly iovecs: NativeMemory;
  readonly names: NativeMemory;
  readonly controls: NativeMemory;
  /** One view a slot, each `slotBytes` long. */
  readonly slots: readonly Uint8Array[];
  readonly payload: NativeMemory;
  /** From the start of one slot to the start of the next. */
  readonly strideBytes: number;

  constructor(count: number, slotBytes: number) {
    // Slots start on their own cache lines, an odd number of lines apart: a power of two would make them
    // share a few sets of the cache.
    const strideBytes = (Math.ceil(slotBytes / 64) | 1) * 64;
    this.count = count;
    this.slotBytes = slotBytes;
    this.messages = new NativeMemory(count * MESSAGE_BYTES);
    this.iovecs = new NativeMemory(count * IOVEC_BYTES);
    this.names = new NativeMemory(count * NAME_BYTES);
    this.controls = new NativeMemory(count * CONTROL_BYTES);
    this.strideBytes = strideBytes;
    this.payload = new NativeMemory(count * strideBytes);
    const { bytes, address } = this.payload;
    const slots: Uint8Array[] = [];
    for (let i = 0; i < count; i += 1) {
      const start = i * strideBytes;
      slots.push(bytes.subarray(start, start + slotBytes));
      this.#link(i, address + start);
    }
    this.slots = slots;
  }

  /** Length of datagram `i`, as it will be sent. */
  lengthOf(i: number): number {
    return this.iovecs.words[i * IOVEC_WORDS + IOVEC_LENGTH_WORD];
  }

  /** Whether two datagrams to be sent have the same length, destination and source. */
  goTogether(a: number, b: number): boolean {
    return (
      this.lengthOf(a) === this.lengthOf(b) &&
      haveSameWords(this.names.words, a * NAME_WORDS, b * NAME_WORDS, 2) &&
      this.#haveSameControl(a, b)
    );
  }

  #haveSameControl(a: number, b: number): boolean {
    const { words } = this.messages;
    const bytes = words[a * MESSAGE_WORDS + CONTROL_LENGTH_WORD];
    if (words[b * MESSAGE_WORDS + CONTROL_LENGTH_WORD] !== bytes) return false;
    return haveSameWords(this.controls.words, a * CONTROL_WORDS, b * CONTROL_WORDS, bytes >>> 2);
  }

  #link(i: number, payloadAddress: number): void {
    const message = i * MESSAGE_BYTES;
    const iovec = i * IOVEC_BYTES;
    this.iovecs.setPointer(iovec, payloadAddress);
    this.iovecs.setPointer(iovec + 8, this.slotBytes);
    this.messages.setPointer(message, this.names.address + i * NAME_BYTES);
    this.messages.setPointer(message + 8, NAME_BYTES);
    this.messages.setPointer(message + 16, this.iovecs.address + iovec);
    this.messages.setPointer(message + 24, 1);
    this.messages.setPointer(message + 32, this.controls.address + i * CONTROL_BYTES);
    this.messages.setPointer(message + 40, CONTROL_BYTES);
  }
}

function haveSameWords(words: Uint32Array, a: number, b: number, count: number): boolean {
  for (let i = 0; i < count; i += 1) if (words[a + i] !== words[b + i]) return false;
  return true;
}
