/** What a kept file costs in addition to its bytes. */
const entryBytes = 512;

/** The most recently used files by key, up to a total number of bytes. */
export class MadeFiles {
  readonly #bytesMax: number;
  /** In order of use: the first entry is dropped first. */
  readonly #files = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(key: string): Uint8Array | undefined {
    const file = this.#files.get(key);
    if (file === undefined) return undefined;
    this.#files.delete(key);
    this.#files.set(key, file);
    return file;
  }

  /** Keeps a file whose key is new, and returns it. */
  keep(key: string, file: Uint8Array): Uint8Array {
    this.#files.set(key, file);
    this.#bytes += file.length + entryBytes;
    for (const [oldest, forgotten] of this.#files) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#files.delete(oldest);
      this.#bytes -= forgotten.length + entryBytes;
    }
    return file;
  }

  clear(): void {
    this.#files.clear();
    this.#bytes = 0;
  }
}
