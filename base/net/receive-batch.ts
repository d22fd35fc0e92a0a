import { assert } from "../assert.ts";
import { systemClock } from "../clock.ts";
import { lastError } from "./file-descriptor.ts";
import { libc } from "./libc.ts";
import {
  CLOCK_REALTIME,
  IP_PKTINFO,
  MSG_DONTWAIT,
  MSG_TRUNC,
  SO_RXQ_OVFL,
  SO_TIMESTAMPNS,
  SOL_IP,
  SOL_SOCKET,
  TIMESPEC_BYTES,
} from "./linux.ts";
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
import { NativeMemory } from "./native-memory.ts";

const ATTEMPTS_MAX = 8;
// Of these our own code is the cause; anything else is news about an earlier datagram or about an
// interface, told once, and no reason to stop.
const ownFaults = new Set(["EBADF", "EFAULT", "EINVAL", "ENOTSOCK"]);

/** The receiving half of a batched socket: recvmmsg, and what it wrote, decoded where it lies. */
export class ReceiveBatch {
  received = 0;
  truncated = 0;
  /** The kernel's own count, as of the latest datagram; 32 bits. */
  kernelDrops = 0;

  readonly #libc = libc();
  readonly #batch: MessageBatch;
  /** Datagram i lies in slot #slotOf[i]: truncated ones are skipped. */
  readonly #slotOf: Uint16Array;
  readonly #views: Uint8Array[];
  readonly #destinations: Uint32Array;
  readonly #interfaces: Uint32Array;
  readonly #receivedAtMs: Float64Array;
  readonly #wallClock = new NativeMemory(TIMESPEC_BYTES);
  #count = 0;
  #nowMs = 0;

  constructor(batchMax: number, datagramBytesMax: number) {
    this.#batch = new MessageBatch(batchMax, datagramBytesMax);
    this.#slotOf = new Uint16Array(batchMax);
    this.#views = [...this.#batch.slots];
    this.#destinations = new Uint32Array(batchMax);
    this.#interfaces = new Uint32Array(batchMax);
    this.#receivedAtMs = new Float64Array(batchMax);
  }

  receive(fd: number): number {
    this.#count = 0;
    const filled = this.#fill(fd);
    if (filled === 0) return 0;
    this.#readClocks();
    const words = this.#batch.messages.words;
    for (let slot = 0; slot < filled; slot += 1) {
      const message = slot * MESSAGE_WORDS;
      this.#decodeControl(slot, words[message + CONTROL_LENGTH_WORD]!);
      words[message + CONTROL_LENGTH_WORD] = CONTROL_BYTES;
      words[message + NAME_LENGTH_WORD] = NAME_BYTES;
      if ((words[message + FLAGS_WORD]! & MSG_TRUNC) !== 0) {
        this.truncated += 1;
      } else {
        this.#slotOf[this.#count] = slot;
        this.#count += 1;
      }
    }
    this.received += this.#count;
    return this.#count;
  }

  /** Forgets the datagrams: those of a closed socket are nobody's. */
  clear(): void {
    this.#count = 0;
  }

  bytes(i: number): Uint8Array {
    const slot = this.#slot(i);
    const length = this.#batch.messages.words[slot * MESSAGE_WORDS + LENGTH_WORD]!;
    // Most datagrams of a load have one length, so the view of the last one usually fits.
    let view = this.#views[slot]!;
    if (view.length !== length) {
      view = this.#batch.slots[slot]!.subarray(0, length);
      this.#views[slot] = view;
    }
    return view;
  }

  sourceAddress(i: number): number {
    return this.#batch.names.view.getUint32(this.#slot(i) * NAME_BYTES + 4);
  }

  sourcePort(i: number): number {
    return this.#batch.names.view.getUint16(this.#slot(i) * NAME_BYTES + 2);
  }

  destinationAddress(i: number): number {
    return this.#destinations[this.#slot(i)]!;
  }

  interfaceIndex(i: number): number {
    return this.#interfaces[this.#slot(i)]!;
  }

  receivedAtMs(i: number): number {
    return this.#receivedAtMs[this.#slot(i)]!;
  }

  #slot(i: number): number {
    assert(i >= 0 && i < this.#count, "no datagram was received at this index");
    return this.#slotOf[i]!;
  }

  #fill(fd: number): number {
    const { messages, count } = this.#batch;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      const filled = this.#libc.recvmmsg(fd, messages.address, count, MSG_DONTWAIT, 0);
      if (filled >= 0) return filled;
      const reason = this.#libc.errno();
      if (reason === "EAGAIN") return 0;
      if (ownFaults.has(reason)) throw lastError("cannot receive from a UDP socket");
    }
    return 0;
  }

  /** Kernel timestamps are wall-clock time: both clocks at one moment give the difference. */
  #readClocks(): void {
    this.#libc.clock_gettime(CLOCK_REALTIME, this.#wallClock.address);
    this.#nowMs = systemClock.monotonicMs();
  }

  #decodeControl(slot: number, controlBytes: number): void {
    const { words, view } = this.#batch.controls;
    this.#destinations[slot] = 0;
    this.#interfaces[slot] = 0;
    this.#receivedAtMs[slot] = this.#nowMs;
    let header = slot * CONTROL_WORDS;
    const end = header + (Math.min(controlBytes, CONTROL_BYTES) >>> 2);
    while (header + CONTROL_HEADER_WORDS < end) {
      const length = words[header]!;
      if (length < CONTROL_HEADER_BYTES) return;
      const level = words[header + 2];
      const type = words[header + 3];
      const data = header + CONTROL_HEADER_WORDS;
      if (level === SOL_IP && type === IP_PKTINFO) {
        this.#interfaces[slot] = words[data]!;
        this.#destinations[slot] = view.getUint32((data + 2) * 4);
      } else if (level === SOL_SOCKET && type === SO_TIMESTAMPNS) {
        this.#receivedAtMs[slot] = this.#nowMs - this.#ageMs(words[data]!, words[data + 2]!);
      } else if (level === SOL_SOCKET && type === SO_RXQ_OVFL) {
        this.kernelDrops = words[data]!;
      }
      header += ((length + 7) >>> 3) << 1;
    }
  }

  #ageMs(seconds: number, nanoseconds: number): number {
    const now = this.#wallClock.words;
    const ageMs = (now[0]! - seconds) * 1000 + (now[2]! - nanoseconds) / 1e6;
    // Negative when the wall clock was set back in between.
    return Math.max(ageMs, 0);
  }
}
