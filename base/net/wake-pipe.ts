import { readSync, writeSync } from "node:fs";
import { lastError } from "./file-descriptor.ts";
import { libc } from "./libc.ts";
import { O_CLOEXEC, O_NONBLOCK } from "./linux.ts";
import { NativeMemory } from "./native-memory.ts";

const CLOSED = -1;
const wakeByte = Uint8Array.of(1);

/** Wakes whoever waits for the pipe that `writeEnd` belongs to. */
export function wakeBy(writeEnd: number): void {
  try {
    writeSync(writeEnd, wakeByte);
  } catch {
    // A full pipe wakes it just as well, and whoever is not woken up looks by itself.
  }
}

/**
 * Ends another thread's `waitReadable`: whoever writes a byte to `writeEnd`, in whichever thread of the
 * process, wakes it up. A full pipe (EAGAIN) is as good as a byte.
 */
export class WakePipe {
  readonly writeEnd: number;
  readonly #taken = new Uint8Array(256);
  #readEnd: number;

  /** Throws SocketError: ENOTSUP where the C library cannot be called, EMFILE without descriptors. */
  constructor() {
    const ends = new NativeMemory(8);
    if (libc().pipe2(ends.address, O_NONBLOCK | O_CLOEXEC) !== 0) {
      throw lastError("cannot open a pipe");
    }
    this.#readEnd = ends.words[0]!;
    this.writeEnd = ends.words[1]!;
  }

  /** For ppoll; -1 once closed, which ppoll ignores. */
  get fileDescriptor(): number {
    return this.#readEnd;
  }

  /** Takes what was written; only when ppoll says that there is something. */
  clear(): void {
    readSync(this.#readEnd, this.#taken);
  }

  /** Only when no thread can write to it any more: its numbers may be another file's next. */
  close(): void {
    if (this.#readEnd === CLOSED) return;
    // By whom they were opened: node:fs warns of descriptors that a thread closes and did not open.
    const { close } = libc();
    close(this.#readEnd);
    close(this.writeEnd);
    this.#readEnd = CLOSED;
  }
}
