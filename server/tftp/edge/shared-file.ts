import { closeSync, fstatSync, readSync, type Stats } from "node:fs";
import { RecentlyUsed } from "../recently-used.ts";
import { READ_FAILED, type TransferContent } from "../transfer-content.ts";

const chunkBytes = 64 * 1024;
/** Chunk numbers of one file stay below this, which is enough for 256 TiB. */
const chunksPerFile = 2 ** 32;

/** The fields that show whether a file is still the same. */
export type FileIdentity = Pick<Stats, "ino" | "dev" | "size" | "mtimeMs" | "ctimeMs">;

export function isSameFile(a: FileIdentity, b: FileIdentity): boolean {
  return (
    a.ino === b.ino &&
    a.dev === b.dev &&
    a.size === b.size &&
    a.mtimeMs === b.mtimeMs &&
    a.ctimeMs === b.ctimeMs
  );
}

/** The most recently used chunks of all large files together. */
export type ChunkCache = RecentlyUsed<number, Uint8Array>;

export function chunkCache(bytesMax: number): ChunkCache {
  return new RecentlyUsed(Math.max(bytesMax, chunkBytes), (chunk) => chunk.length);
}

/**
 * A large file, opened once for all transfers that read it, and read ahead in chunks. When it has changed
 * meanwhile, no more of it is served, because a mixture is useless to a client.
 */
export class SharedFile {
  readonly stats: Stats;
  /** Unique among the open files. */
  readonly number: number;
  readonly #fd: number;
  readonly #cache: ChunkCache;
  readonly #firstKey: number;
  readonly #onUnused: () => void;
  #users = 0;
  #recentIndex = -1;
  #recent: Uint8Array | undefined;

  /** Takes over the descriptor. After the last transfer it closes it and calls `onUnused`. */
  constructor(fd: number, stats: Stats, cache: ChunkCache, number: number, onUnused: () => void) {
    this.#fd = fd;
    this.stats = stats;
    this.number = number;
    this.#cache = cache;
    this.#firstKey = number * chunksPerFile;
    this.#onUnused = onUnused;
  }

  open(): TransferContent {
    this.#users += 1;
    let isOpen = true;
    return {
      size: this.stats.size,
      copy: (offset, target, start, length) => this.#copy(offset, target, start, length),
      close: () => {
        if (isOpen) this.#release();
        isOpen = false;
      },
    };
  }

  #release(): void {
    this.#users -= 1;
    if (this.#users > 0) return;
    const end = this.#firstKey + chunksPerFile;
    for (const key of this.#cache.keys()) {
      if (key >= this.#firstKey && key < end) this.#cache.drop(key);
    }
    this.#onUnused();
    closeSync(this.#fd);
  }

  #copy(offset: number, target: Uint8Array, start: number, length: number): number {
    const end = Math.min(offset + length, this.stats.size);
    let from = offset;
    while (from < end) {
      const index = Math.floor(from / chunkBytes);
      const chunk = this.#chunk(index);
      if (chunk === undefined) return READ_FAILED;
      const inChunk = from - index * chunkBytes;
      const count = Math.min(end - from, chunk.length - inChunk);
      target.set(chunk.subarray(inChunk, inChunk + count), start + from - offset);
      from += count;
    }
    return Math.max(0, end - offset);
  }

  #chunk(index: number): Uint8Array | undefined {
    if (index === this.#recentIndex) return this.#recent;
    const key = this.#firstKey + index;
    let chunk = this.#cache.get(key);
    if (chunk === undefined) {
      chunk = this.#read(index);
      if (chunk === undefined) return undefined;
      this.#cache.keep(key, chunk);
    }
    this.#recentIndex = index;
    this.#recent = chunk;
    return chunk;
  }

  #read(index: number): Uint8Array | undefined {
    const position = index * chunkBytes;
    const chunk = new Uint8Array(Math.min(chunkBytes, this.stats.size - position));
    try {
      let filled = 0;
      while (filled < chunk.length) {
        const count = readSync(this.#fd, chunk, filled, chunk.length - filled, position + filled);
        if (count === 0) return undefined;
        filled += count;
      }
      return this.#isUnchanged() ? chunk : undefined;
    } catch {
      return undefined;
    }
  }

  /** Ignores the ctime, because a rename or an unlink changes it without changing the content. */
  #isUnchanged(): boolean {
    const { size, mtimeMs } = fstatSync(this.#fd);
    return size === this.stats.size && mtimeMs === this.stats.mtimeMs;
  }
}
