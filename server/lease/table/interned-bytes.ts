import { hashBytes } from "../../../base/hash-bytes.ts";
import type { BlobArena } from "./blob-arena.ts";
import { putUint16, putUint32, regionEquals, uint16At, uint32At } from "./byte-fields.ts";

// An entry is a header followed by the bytes. The header: number of users, next entry of the bucket, hash
// (32 bits each), length (16 bits).
const Field = { users: 0, next: 4, hash: 8, length: 12 } as const;
const HEADER_BYTES = 14;

/**
 * Byte strings that many leases share. Each is kept once in the arena while any lease uses it, so there
 * are never more of them than leases.
 */
export class InternedBytes {
  readonly #arena: BlobArena;
  readonly #seed: number;
  readonly #heads: Uint32Array;

  /** `usersMax`: the number of leases. `seed` keeps attackers from aiming at one bucket. */
  constructor(arena: BlobArena, usersMax: number, seed: number) {
    this.#arena = arena;
    this.#seed = seed;
    // Enough even if each lease has its own string, which happens only under attack.
    let buckets = 16;
    while (buckets < usersMax / 4) buckets *= 2;
    this.#heads = new Uint32Array(buckets);
  }

  get bytesReserved(): number {
    return this.#heads.byteLength;
  }

  /** Handle of these bytes, counting one more user; 0 for no bytes. */
  intern(bytes: Uint8Array, start: number, length: number): number {
    if (length === 0) return 0;
    const hash = hashBytes(bytes, start, length, this.#seed);
    const bucket = hash & (this.#heads.length - 1);
    for (let handle = this.#heads[bucket]; handle !== 0; handle = this.#field(handle, Field.next)) {
      if ((this.#field(handle, Field.hash) | 0) !== hash) continue;
      if (!this.equals(handle, bytes, start, length)) continue;
      this.#setField(handle, Field.users, this.#field(handle, Field.users) + 1);
      return handle;
    }
    const handle = this.#arena.allocate(HEADER_BYTES + length);
    this.#setField(handle, Field.users, 1);
    this.#setField(handle, Field.next, this.#heads[bucket]);
    this.#setField(handle, Field.hash, hash);
    const chunk = this.chunkOf(handle);
    const first = this.startOf(handle);
    putUint16(chunk, first - HEADER_BYTES + Field.length, length);
    for (let at = 0; at < length; at += 1) chunk[first + at] = bytes[start + at];
    this.#heads[bucket] = handle;
    return handle;
  }

  /** Counts one user less; the last one frees the bytes. */
  release(handle: number): void {
    if (handle === 0) return;
    const users = this.#field(handle, Field.users) - 1;
    this.#setField(handle, Field.users, users);
    if (users > 0) return;
    const bucket = this.#field(handle, Field.hash) & (this.#heads.length - 1);
    const next = this.#field(handle, Field.next);
    if (this.#heads[bucket] === handle) {
      this.#heads[bucket] = next;
    } else {
      let before = this.#heads[bucket];
      while (this.#field(before, Field.next) !== handle) before = this.#field(before, Field.next);
      this.#setField(before, Field.next, next);
    }
    this.#arena.free(handle, HEADER_BYTES + this.lengthOf(handle));
  }

  equals(handle: number, bytes: Uint8Array, start: number, length: number): boolean {
    if (this.lengthOf(handle) !== length) return false;
    return (
      handle === 0 || regionEquals(this.chunkOf(handle), this.startOf(handle), bytes, start, length)
    );
  }

  lengthOf(handle: number): number {
    if (handle === 0) return 0;
    return uint16At(this.#arena.chunkOf(handle), this.#arena.startOf(handle) + Field.length);
  }

  /** The array that holds the bytes; they begin at `startOf(handle)`. */
  chunkOf(handle: number): Uint8Array {
    return this.#arena.chunkOf(handle);
  }

  startOf(handle: number): number {
    return this.#arena.startOf(handle) + HEADER_BYTES;
  }

  #field(handle: number, field: number): number {
    return uint32At(this.#arena.chunkOf(handle), this.#arena.startOf(handle) + field);
  }

  #setField(handle: number, field: number, value: number): void {
    putUint32(this.#arena.chunkOf(handle), this.#arena.startOf(handle) + field, value);
  }
}
