const NONE = -1;
const ENTRIES_FIRST = 64;
const KEY_BYTES_FIRST = 1024;

/**
 * A hash table from short byte strings to numbers, with several entries a key if need be: all keys
 * in one array, open addressing over 32-bit integers, no object an entry. Made for 80,000 hosts and
 * as many subclasses. A key may have a one-byte prefix (a hardware type) that callers keep apart.
 */
export class ByteKeyTable {
  #bytes = new Uint8Array(KEY_BYTES_FIRST);
  /** Key of entry i: bytes [#starts[i], #starts[i + 1]), prefix first. */
  #starts = new Uint32Array(ENTRIES_FIRST + 1);
  #values = new Int32Array(ENTRIES_FIRST);
  /** The next entry with the same key, in order of arrival. */
  #next = new Int32Array(ENTRIES_FIRST).fill(NONE);
  /** Of the first entry of a key: the last one. */
  #last = new Int32Array(ENTRIES_FIRST);
  /** First entry of a key by hash; NONE when free. Never more than half full. */
  #slots = new Int32Array(ENTRIES_FIRST * 2).fill(NONE);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Adds an entry, behind any others of the same key, and returns its index. */
  add(prefix: number, key: Uint8Array, value: number): number {
    this.#reserve(key.length + 1);
    const entry = this.#count;
    const start = this.#starts[entry];
    this.#bytes[start] = prefix;
    this.#bytes.set(key, start + 1);
    this.#starts[entry + 1] = start + 1 + key.length;
    this.#values[entry] = value;
    this.#next[entry] = NONE;
    this.#count = entry + 1;
    const slot = this.#slotOf(prefix, key, 0, key.length);
    const first = this.#slots[slot];
    if (first === NONE) {
      this.#slots[slot] = entry;
      this.#last[entry] = entry;
    } else {
      this.#next[this.#last[first]] = entry;
      this.#last[first] = entry;
    }
    return entry;
  }

  /** The first entry with this key, or -1. */
  find(prefix: number, key: Uint8Array): number {
    return this.findIn(prefix, key, 0, key.length);
  }

  /** The same with bytes `start` to `end` for a key. */
  findIn(prefix: number, bytes: Uint8Array, start: number, end: number): number {
    if (this.#count === 0) return NONE;
    return this.#slots[this.#slotOf(prefix, bytes, start, end)];
  }

  /** The next entry with the same key, or -1. */
  after(entry: number): number {
    return this.#next[entry];
  }

  valueOf(entry: number): number {
    return this.#values[entry];
  }

  /** The key without its prefix: a view that must not be written to. */
  keyOf(entry: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[entry] + 1, this.#starts[entry + 1]);
  }

  prefixOf(entry: number): number {
    return this.#bytes[this.#starts[entry]];
  }

  /** The slot that holds this key, or the free one where it belongs. */
  #slotOf(prefix: number, bytes: Uint8Array, start: number, end: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash(prefix, bytes, start, end) & mask;
    for (;;) {
      const entry = slots[slot];
      if (entry === NONE || this.#holds(entry, prefix, bytes, start, end)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #holds(entry: number, prefix: number, bytes: Uint8Array, start: number, end: number): boolean {
    const keys = this.#bytes;
    let at = this.#starts[entry];
    if (keys[at] !== prefix || this.#starts[entry + 1] - at - 1 !== end - start) return false;
    for (let index = start; index < end; index += 1) {
      at += 1;
      if (keys[at] !== bytes[index]) return false;
    }
    return true;
  }

  #reserve(keyBytes: number): void {
    const used = this.#starts[this.#count];
    if (used + keyBytes > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, used + keyBytes));
      bytes.set(this.#bytes);
      this.#bytes = bytes;
    }
    if (this.#count < this.#values.length) return;
    const capacity = this.#values.length * 2;
    const starts = new Uint32Array(capacity + 1);
    starts.set(this.#starts);
    this.#starts = starts;
    const values = new Int32Array(capacity);
    values.set(this.#values);
    this.#values = values;
    const next = new Int32Array(capacity).fill(NONE);
    next.set(this.#next);
    this.#next = next;
    const last = new Int32Array(capacity);
    last.set(this.#last);
    this.#last = last;
    this.#rehash(capacity * 2);
  }

  #rehash(size: number): void {
    const before = this.#slots;
    this.#slots = new Int32Array(size).fill(NONE);
    const mask = size - 1;
    for (let index = 0; index < before.length; index += 1) {
      const entry = before[index];
      if (entry === NONE) continue;
      const start = this.#starts[entry];
      const end = this.#starts[entry + 1];
      let slot = hash(this.#bytes[start], this.#bytes, start + 1, end) & mask;
      while (this.#slots[slot] !== NONE) slot = (slot + 1) & mask;
      this.#slots[slot] = entry;
    }
  }
}

/** FNV-1a with a final mix, so that addresses that count up spread over the low bits. */
function hash(prefix: number, bytes: Uint8Array, start: number, end: number): number {
  let value = Math.imul(0x811c9dc5 ^ prefix, 0x01000193);
  for (let index = start; index < end; index += 1) {
    value = Math.imul(value ^ bytes[index], 0x01000193);
  }
  value ^= value >>> 15;
  value = Math.imul(value, 0x2c1b3c6d);
  return value ^ (value >>> 13);
}
