import { putUint32, uint32At } from "./byte-fields.ts";

/** Space is allocated in units of this size. */
const UNIT_BYTES = 16;
const CHUNK_UNIT_BITS = 16;
const CHUNK_UNITS = 1 << CHUNK_UNIT_BITS;
/** Larger size classes grow in steps of four units, which keeps their number small. */
const FINE_UNITS_MAX = 8;
/** The longest blob: no DHCP packet can give a lease more bytes. */
export const BLOB_BYTES_MAX = 16_384;

function unitsOf(lengthBytes: number): number {
  const units = Math.ceil(lengthBytes / UNIT_BYTES);
  return units <= FINE_UNITS_MAX ? units : (units + 3) & ~3;
}

/**
 * Keeps many short byte strings in a few large arrays: a separate `Uint8Array` would cost more than 100
 * bytes for each. Freed space is reused for blobs of the same size class.
 */
export class BlobArena {
  readonly #chunks: Uint8Array[] = [];
  /** Head of the free list of each class (0 = empty); the list runs through the free blobs. */
  readonly #freeHeads = new Uint32Array(BLOB_BYTES_MAX / UNIT_BYTES + 4);
  /** Handle 0 means "no blob", so the first unit is never allocated. */
  #nextUnit = 1;

  /** Allocates `lengthBytes` and returns the handle; the bytes are not cleared. */
  allocate(lengthBytes: number): number {
    if (lengthBytes > BLOB_BYTES_MAX) throw new RangeError(`blob of ${lengthBytes} bytes`);
    const units = unitsOf(Math.max(lengthBytes, 1));
    const reused = this.#freeHeads[units];
    if (reused !== 0) {
      this.#freeHeads[units] = this.#link(reused);
      return reused;
    }
    const left = CHUNK_UNITS - (this.#nextUnit % CHUNK_UNITS);
    if (left < units) this.#nextUnit += left;
    const handle = this.#nextUnit;
    this.#nextUnit += units;
    const chunk = handle >>> CHUNK_UNIT_BITS;
    if (chunk === this.#chunks.length) this.#chunks.push(new Uint8Array(CHUNK_UNITS * UNIT_BYTES));
    return handle;
  }

  /**
   * Allocates `newBytes` in place of `old` (0 = none), which has `oldBytes`; keeps the place if it fits.
   */
  reallocate(old: number, oldBytes: number, newBytes: number): number {
    if (old !== 0 && unitsOf(oldBytes) === unitsOf(newBytes)) return old;
    const handle = this.allocate(newBytes);
    if (old !== 0) this.free(old, oldBytes);
    return handle;
  }

  /** Frees a blob; `lengthBytes` is the length it was allocated with. */
  free(handle: number, lengthBytes: number): void {
    const units = unitsOf(Math.max(lengthBytes, 1));
    const bytes = this.chunkOf(handle);
    const start = this.startOf(handle);
    putUint32(bytes, start, this.#freeHeads[units]);
    this.#freeHeads[units] = handle;
  }

  /** The array that holds the blob; its first byte is at `startOf(handle)`. */
  chunkOf(handle: number): Uint8Array {
    return this.#chunks[handle >>> CHUNK_UNIT_BITS]!;
  }

  startOf(handle: number): number {
    return (handle & (CHUNK_UNITS - 1)) * UNIT_BYTES;
  }

  get bytesReserved(): number {
    return this.#chunks.length * CHUNK_UNITS * UNIT_BYTES;
  }

  #link(handle: number): number {
    return uint32At(this.chunkOf(handle), this.startOf(handle));
  }
}
