import { assert } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { lastError } from "./kernel/file-descriptor.ts";
import { type Libc, libc } from "./kernel/libc.ts";
import {
  CLOCK_REALTIME,
  IP_PKTINFO,
  MSG_DONTWAIT,
  MSG_TRUNC,
  SO_RXQ_OVFL,
  SO_TIMESTAMPNS,
  SOL_IP,
  SOL_SOCKET,
  SOL_UDP,
  TIMESPEC_BYTES,
  UDP_GRO,
} from "./kernel/linux.ts";
import { NativeMemory } from "./kernel/native-memory.ts";
import {
  CONTROL_BYTES,
  CONTROL_HEADER_BYTES,
  CONTROL_HEADER_WORDS,
  CONTROL_LENGTH_WORD,
  CONTROL_WORDS,
  FLAGS_WORD,
  LENGTH_WORD,
  MESSAGE_WORDS,
  MessageBatch,
  NAME_BYTES,
  NAME_LENGTH_WORD,
} from "./message-batch.ts";

const ATTEMPTS_MAX = 8;
// Only our own code causes these errors. Any other one concerns an earlier datagram or an interface, is
// reported once, and is no reason to stop.
const ownFaults = new Set(["EBADF", "EFAULT", "EINVAL", "ENOTSOCK"]);

/** Most datagrams in a message when the sender passed many as one (UDP_MAX_SEGMENTS). */
const SEGMENTS_MAX = 128;
const SEGMENTED_MESSAGE_BYTES_MAX = 65_535;

/** The receiving half of a batched socket: calls recvmmsg and decodes its results in place. */
export class ReceiveBatch {
  received = 0;
  truncated = 0;
  /** The kernel's own count, as of the latest datagram; 32 bits. */
  kernelDrops = 0;

  readonly batch: MessageBatch;
  readonly #libc: Libc;
  readonly #datagramBytesMax: number;
  /** For each datagram: its slot, its start in the payload of all slots, and its length. */
  readonly #slotOf: Uint16Array;
  readonly #startOf: Uint32Array;
  readonly #lengthOf: Uint16Array;
  /** For each datagram: the last view handed out, and the slot and length it stands for. */
  readonly #views: Uint8Array[];
  readonly #viewStarts: Uint32Array;
  // For each slot.
  readonly #destinations: Uint32Array;
  readonly #interfaces: Uint32Array;
  readonly #receivedAtMs: Float64Array;
  readonly #segmentBytes: Uint32Array;
  readonly #wallClock = new NativeMemory(TIMESPEC_BYTES);
  readonly #batchMax: number;
  #count = 0;
  #nowMs = 0;
  /** Datagrams received from now on did not arrive before this time. */
  #emptyAtMs = Number.NEGATIVE_INFINITY;

  /** With `segmentation` a message may contain many datagrams, as UDP_GRO joins them. */
  constructor(batchMax: number, datagramBytesMax: number, segmentation = false, calls = libc()) {
    this.#libc = calls;
    const slotBytes = segmentation ? SEGMENTED_MESSAGE_BYTES_MAX : datagramBytesMax;
    const datagramsMax = segmentation ? batchMax * SEGMENTS_MAX : batchMax;
    this.#batchMax = batchMax;
    this.batch = new MessageBatch(batchMax, slotBytes);
    this.#datagramBytesMax = datagramBytesMax;
    this.#slotOf = new Uint16Array(datagramsMax);
    this.#startOf = new Uint32Array(datagramsMax);
    this.#lengthOf = new Uint16Array(datagramsMax);
    this.#views = new Array<Uint8Array>(datagramsMax).fill(this.batch.payload.bytes);
    this.#viewStarts = new Uint32Array(datagramsMax);
    this.#destinations = new Uint32Array(batchMax);
    this.#interfaces = new Uint32Array(batchMax);
    this.#receivedAtMs = new Float64Array(batchMax);
    this.#segmentBytes = new Uint32Array(batchMax);
  }

  receive(fd: number): number {
    this.#count = 0;
    const beforeMs = systemClock.monotonicMs();
    const filled = this.#fill(fd);
    if (filled === 0) {
      this.#emptyAtMs = beforeMs;
      return 0;
    }
    this.#readClocks();
    const words = this.batch.messages.words;
    for (let slot = 0; slot < filled; slot += 1) {
      const message = slot * MESSAGE_WORDS;
      this.#decodeControl(slot, words[message + CONTROL_LENGTH_WORD]);
      words[message + CONTROL_LENGTH_WORD] = CONTROL_BYTES;
      words[message + NAME_LENGTH_WORD] = NAME_BYTES;
      const isWhole = (words[message + FLAGS_WORD] & MSG_TRUNC) === 0;
      if (isWhole) this.#cut(slot, words[message + LENGTH_WORD]);
      else this.truncated += 1;
    }
    if (filled < this.#batchMax) this.#emptyAtMs = beforeMs;
    this.received += this.#count;
    return this.#count;
  }

  /** Forgets the datagrams, which a closed socket no longer has. */
  clear(): void {
    this.#count = 0;
  }

  bytes(i: number): Uint8Array {
    assert(i >= 0 && i < this.#count, "no datagram was received at this index");
    const start = this.#startOf[i];
    const length = this.#lengthOf[i];
    // Most datagrams of a load have one length, so the view of the last one usually fits.
    let view = this.#views[i];
    if (view.length !== length || this.#viewStarts[i] !== start) {
      view = this.batch.payload.bytes.subarray(start, start + length);
      this.#views[i] = view;
      this.#viewStarts[i] = start;
    }
    return view;
  }

  sourceAddress(i: number): number {
    return this.batch.names.view.getUint32(this.#slot(i) * NAME_BYTES + 4);
  }

  sourcePort(i: number): number {
    return this.batch.names.view.getUint16(this.#slot(i) * NAME_BYTES + 2);
  }

  destinationAddress(i: number): number {
    return this.#destinations[this.#slot(i)];
  }

  interfaceIndex(i: number): number {
    return this.#interfaces[this.#slot(i)];
  }

  receivedAtMs(i: number): number {
    return this.#receivedAtMs[this.#slot(i)];
  }

  #slot(i: number): number {
    assert(i >= 0 && i < this.#count, "no datagram was received at this index");
    return this.#slotOf[i];
  }

  /** The datagrams of a message: one, or as many as its segments. */
  #cut(slot: number, bytes: number): void {
    const start = slot * this.batch.strideBytes;
    const segmentBytes = this.#segmentBytes[slot] || bytes;
    let offset = 0;
    do {
      const length = Math.min(segmentBytes, bytes - offset);
      if (length > this.#datagramBytesMax || this.#count === this.#slotOf.length) {
        this.truncated += 1;
      } else {
        this.#slotOf[this.#count] = slot;
        this.#startOf[this.#count] = start + offset;
        this.#lengthOf[this.#count] = length;
        this.#count += 1;
      }
      offset += segmentBytes;
    } while (offset < bytes);
  }

  #fill(fd: number): number {
    const { messages, count } = this.batch;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const filled = this.#libc.recvmmsg(fd, messages.address, count, MSG_DONTWAIT, 0);
      if (filled >= 0) return filled;
      const reason = this.#libc.errno();
      if (reason === "EAGAIN") return 0;
      if (ownFaults.has(reason)) throw lastError("cannot receive from a UDP socket");
    }
    return 0;
  }

  /** Kernel timestamps are wall-clock time: reading both clocks at one moment gives the difference. */
  #readClocks(): void {
    this.#libc.clock_gettime(CLOCK_REALTIME, this.#wallClock.address);
    this.#nowMs = systemClock.monotonicMs();
  }

  #decodeControl(slot: number, controlBytes: number): void {
    const { words, view } = this.batch.controls;
    this.#destinations[slot] = 0;
    this.#interfaces[slot] = 0;
    this.#receivedAtMs[slot] = this.#nowMs;
    this.#segmentBytes[slot] = 0;
    let header = slot * CONTROL_WORDS;
    const end = header + (Math.min(controlBytes, CONTROL_BYTES) >>> 2);
    while (header + CONTROL_HEADER_WORDS < end) {
      const length = words[header];
      if (length < CONTROL_HEADER_BYTES) return;
      const level = words[header + 2];
      const type = words[header + 3];
      const data = header + CONTROL_HEADER_WORDS;
      if (level === SOL_IP && type === IP_PKTINFO) {
        this.#interfaces[slot] = words[data];
        this.#destinations[slot] = view.getUint32((data + 2) * 4);
      } else if (level === SOL_SOCKET && type === SO_TIMESTAMPNS) {
        const atMs = this.#nowMs - this.#ageMs(words[data], words[data + 2]);
        // If the wall clock was set forward in between, every datagram would look old.
        this.#receivedAtMs[slot] = Math.max(atMs, this.#emptyAtMs);
      } else if (level === SOL_SOCKET && type === SO_RXQ_OVFL) {
        this.kernelDrops = words[data];
      } else if (level === SOL_UDP && type === UDP_GRO) {
        this.#segmentBytes[slot] = words[data];
      }
      header += ((length + 7) >>> 3) << 1;
    }
  }

  #ageMs(seconds: number, nanoseconds: number): number {
    const now = this.#wallClock.words;
    const ageMs = (now[0] - seconds) * 1000 + (now[2] - nanoseconds) / 1e6;
    // Negative when the wall clock was set back in between.
    return Math.max(ageMs, 0);
  }
}
