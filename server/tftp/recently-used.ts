/** The most recently used values by key, up to a total number of bytes. */
export class RecentlyUsed<Key, Value> {
  readonly #bytesMax: number;
  readonly #costOf: (value: Value) => number;
  /** In order of use: the first entry is dropped first. */
  readonly #values = new Map<Key, Value>();
  #bytes = 0;

  /** `costOf` returns the bytes that a value takes. */
  constructor(bytesMax: number, costOf: (value: Value) => number) {
    this.#bytesMax = bytesMax;
    this.#costOf = costOf;
  }

  get count(): number {
    return this.#values.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  keys(): Iterable<Key> {
    return this.#values.keys();
  }

  get(key: Key): Value | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  /** Keeps a value whose key is new, unless it alone takes too much. Returns it. */
  keep(key: Key, value: Value): Value {
    const cost = this.#costOf(value);
    if (cost > this.#bytesMax) return value;
    for (const oldest of this.#values.keys()) {
      if (this.#bytes + cost <= this.#bytesMax) break;
      this.drop(oldest);
    }
    this.#values.set(key, value);
    this.#bytes += cost;
    return value;
  }

  drop(key: Key): void {
    const value = this.#values.get(key);
    if (value === undefined) return;
    this.#values.delete(key);
    this.#bytes -= this.#costOf(value);
  }

  clear(): void {
    this.#values.clear();
    this.#bytes = 0;
  }
}
