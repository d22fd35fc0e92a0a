import { closeSync, openSync, writeSync } from "node:fs";

const BUFFER_BYTES = 256 * 1024;

/** A worker's part of a capture, written in large pieces. */
export class PcapFile {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #length = 0;

  /** Throws the system's error when the file cannot be created. */
  constructor(path: string) {
    this.#fd = openSync(path, "w");
  }

  write(bytes: Uint8Array): void {
    if (this.#length + bytes.length > BUFFER_BYTES) this.#drain();
    if (bytes.length > BUFFER_BYTES) {
      writeAll(this.#fd, bytes);
      return;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  close(): void {
    this.#drain();
    closeSync(this.#fd);
  }

  #drain(): void {
    writeAll(this.#fd, this.#buffer.subarray(0, this.#length));
    this.#length = 0;
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}
