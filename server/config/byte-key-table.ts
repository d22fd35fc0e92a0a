const NONE = -1;
const ENTRIES_FIRST = 64;
const LONG_KEY_BYTES_FIRST = 1024;

/** A slot is the hash of a key and its first entry, NONE when free. */
const SLOT_WORDS = 2;

// A record is an entry's prefix, the length of its key, the key, and the value as a 32-bit number. Of
// a key that is too long to stand in it there are where it begins, and how long it is.
const RECORD_BYTES = 16;
const RECORD_WORDS = 4;
const LENGTH_AT = 1;
const KEY_AT = 2;
const SHORT_KEY_BYTES_MAX = 10;
const IS_LONG = 255;
const LONG_START_WORD = 1;
const LONG_LENGTH_WORD = 2;
const VALUE_WORD = 3;

/**
 * A hash table from short byte strings to numbers, with several entries a key if need be: open
 * addressing over 32-bit integers, no object an entry. Made for 80,000 hosts and as many subclasses, of
 * which the processor's cache holds few: a look-up goes to two places, the slot, where the whole hash
 * turns others away, and the record. A key may have a one-byte prefix (a hardware type) that callers
 * keep apart.
 */
export class ByteKeyTable {
  #words = new Int32Array(ENTRIES_FIRST * RECORD_WORDS);
  /** The same records as bytes. */
  #bytes = new Uint8Array(this.#words.buffer);
  #longKeys = new Uint8Array(LONG_KEY_BYTES_FIRST);
  #longKeyBytes = 0;
  /** Never more than half full. */
  #slots = new Int32Array(ENTRIES_FIRST * 2 * SLOT_WORDS).fill(NONE);
  #count = 0;
  /** The next entry with the same key, in order of arrival: of those that have one. */
  readonly #next = new Map<number, number>();
  /** Of the first entry of a key that has several: the last one. */
  readonly #last = new Map<number, number>();

  get count(): number {
    return this.#count;
  }

  /** Adds an entry, behind any others of the same key, and returns its index. */
  add(prefix: number, key: Uint8Array, value: number): number {
    if (this.#count * RECORD_WORDS === this.#words.length) this.#grow();
    const entry = this.#count;
    this.#count = entry + 1;
    this.#write(entry, prefix, key);
    this.#words[entry * RECORD_WORDS + VALUE_WORD] = value;
    const hash = hashOf(prefix, key, 0, key.length);
    const slot = this.#slotOf(hash, prefix, key, 0, key.length);
    const first = this.#slots[slot + 1];
    if (first === NONE) {
      this.#slots[slot] = hash;
      this.#slots[slot + 1] = entry;
    } else {
      this.#next.set(this.#last.get(first) ?? first, entry);
      this.#last.set(first, entry);
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
    const hash = hashOf(prefix, bytes, start, end);
    return this.#slots[this.#slotOf(hash, prefix, bytes, start, end) + 1];
  }

  /** The next entry with the same key, or -1. */
  after(entry: number): number {
    return this.#next.size === 0 ? NONE : (this.#next.get(entry) ?? NONE);
  }

  valueOf(entry: number): number {
    return this.#words[entry * RECORD_WORDS + VALUE_WORD];
  }

  /** The key without its prefix: a view that must not be written to. */
  keyOf(entry: number): Uint8Array {
    const record = entry * RECORD_BYTES;
    const length = this.#bytes[record + LENGTH_AT];
    if (length !== IS_LONG) {
      return this.#bytes.subarray(record + KEY_AT, record + KEY_AT + length);
    }
    const start = this.#words[entry * RECORD_WORDS + LONG_START_WORD];
    const longLength = this.#words[entry * RECORD_WORDS + LONG_LENGTH_WORD];
    return this.#longKeys.subarray(start, start + longLength);
  }

  prefixOf(entry: number): number {
    return this.#bytes[entry * RECORD_BYTES];
  }

  /** Where the slot begins that holds this key, or the free one where it belongs. */
  #slotOf(hash: number, prefix: number, bytes: Uint8Array, start: number, end: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (hash * SLOT_WORDS) & mask;
    for (;;) {
      const entry = slots[slot + 1];
      if (entry === NONE) return slot;
      if (slots[slot] === hash && this.#holds(entry, prefix, bytes, start, end)) return slot;
      slot = (slot + SLOT_WORDS) & mask;
    }
  }

  #holds(entry: number, prefix: number, bytes: Uint8Array, start: number, end: number): boolean {
    const records = this.#bytes;
    const record = entry * RECORD_BYTES;
    if (records[record] !== prefix) return false;
    const length = records[record + LENGTH_AT];
    if (length === IS_LONG) return this.#holdsLong(entry, bytes, start, end);
    if (length !== end - start) return false;
    return isSame(records, record + KEY_AT, bytes, start, length);
  }

  #holdsLong(entry: number, bytes: Uint8Array, start: number, end: number): boolean {
    const length = this.#words[entry * RECORD_WORDS + LONG_LENGTH_WORD];
    if (length !== end - start) return false;
    const keyStart = this.#words[entry * RECORD_WORDS + LONG_START_WORD];
    return isSame(this.#longKeys, keyStart, bytes, start, length);
  }

  #write(entry: number, prefix: number, key: Uint8Array): void {
    const record = entry * RECORD_BYTES;
    this.#bytes[record] = prefix;
    if (key.length <= SHORT_KEY_BYTES_MAX) {
      this.#bytes[record + LENGTH_AT] = key.length;
      this.#bytes.set(key, record + KEY_AT);
      return;
    }
    const start = this.#longKeyBytes;
    this.#longKeyBytes = start + key.length;
    if (this.#longKeyBytes > this.#longKeys.length) {
      const longKeys = new Uint8Array(Math.max(this.#longKeys.length * 2, this.#longKeyBytes));
      longKeys.set(this.#longKeys);
      this.#longKeys = longKeys;
    }
    this.#longKeys.set(key, start);
    this.#bytes[record + LENGTH_AT] = IS_LONG;
    this.#words[entry * RECORD_WORDS + LONG_START_WORD] = start;
    this.#words[entry * RECORD_WORDS + LONG_LENGTH_WORD] = key.length;
  }

  #grow(): void {
    const words = new Int32Array(this.#words.length * 2);
    words.set(this.#words);
    this.#words = words;
    this.#bytes = new Uint8Array(words.buffer);
    const before = this.#slots;
    const slots = new Int32Array(before.length * 2).fill(NONE);
    const mask = slots.length - 1;
    for (let index = 0; index < before.length; index += SLOT_WORDS) {
      if (before[index + 1] === NONE) continue;
      let slot = (before[index] * SLOT_WORDS) & mask;
      while (slots[slot + 1] !== NONE) slot = (slot + SLOT_WORDS) & mask;
      slots[slot] = before[index];
      slots[slot + 1] = before[index + 1];
    }
    this.#slots = slots;
  }
}

function isSame(
  left: Uint8Array,
  leftStart: number,
  right: Uint8Array,
  rightStart: number,
  length: number,
): boolean {
  for (let at = 0; at < length; at += 1) {
    if (left[leftStart + at] !== right[rightStart + at]) return false;
  }
  return true;
}

/** FNV-1a with a final mix, so that addresses that count up spread over the low bits. */
function hashOf(prefix: number, bytes: Uint8Array, start: number, end: number): number {
  let value = Math.imul(0x811c9dc5 ^ prefix, 0x01000193);
  for (let index = start; index < end; index += 1) {
    value = Math.imul(value ^ bytes[index], 0x01000193);
  }
  value ^= value >>> 15;
  value = Math.imul(value, 0x2c1b3c6d);
  return value ^ (value >>> 13);
}
