import { libc } from "./libc.ts";

/**
 * Zeroed memory whose address the kernel may keep across calls: its ArrayBuffer lies outside the
 * collected heap and does not move. Code that passes on `address` must keep this object alive; a
 * collected one shows up as EFAULT, or as EINVAL for an iovec.
 */
export class NativeMemory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
  readonly address: number;

  constructor(byteLength: number) {
    const buffer = new ArrayBuffer(Math.ceil(byteLength / 8) * 8);
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
    this.view = new DataView(buffer);
    this.address = libc().addressOf(buffer);
  }

  /** Writes `value` as a 64-bit pointer or size_t. */
  setPointer(offset: number, value: number): void {
    this.words[offset >>> 2] = value >>> 0;
    this.words[(offset >>> 2) + 1] = Math.floor(value / 0x1_0000_0000);
  }
}
