import { readSync } from "node:fs";
import { lastError } from "./kernel/file-descriptor.ts";
import { libc } from "./kernel/libc.ts";
import { O_CLOEXEC, O_NONBLOCK } from "./kernel/linux.ts";
import { NativeMemory } from "./kernel/native-memory.ts";

const CLOSED = -1;

/**
 * Ends another thread's `waitReadable`: any thread of the process that writes a byte to `writeEnd` wakes
 * it. A full pipe (EAGAIN) is as good as a byte.
 */
export class WakePipe {
  readonly writeEnd: number;
  readonly #taken = new Uint8Array(256);
  #readEnd: number;

  /** Throws SocketError: ENOTSUP when the C library cannot be called, EMFILE without descriptors. */
  constructor() {
    const ends = new NativeMemory(8);
    if (libc().pipe2(ends.address, O_NONBLOCK | O_CLOEXEC) !== 0) {
      throw lastError("cannot open a pipe");
    }
    this.#readEnd = ends.words[0];
    this.writeEnd = ends.words[1];
  }

  /** For ppoll; -1 once closed, which ppoll ignores. */
  get fileDescriptor(): number {
    return this.#readEnd;
  }

  /** Reads and drops the bytes; only when ppoll says that there are some. */
  clear(): void {
    readSync(this.#readEnd, this.#taken);
  }

  /** Only when no thread can write to it any more: its descriptors may be reused. */
  close(): void {
    if (this.#readEnd === CLOSED) return;
    // Closed by the same calls that opened it: node:fs warns when a thread closes a descriptor it did not
    // open.
    const { close } = libc();
    close(this.#readEnd);
    close(this.writeEnd);
    this.#readEnd = CLOSED;
  }
}
