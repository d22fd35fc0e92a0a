import { hashBytes } from "../../../base/hash-bytes.ts";

const NONE = -1;
/** Instead of the first value: the key had values, and has none now. The slot stays for others to be found behind it. */
const GONE = -2;
const SLOTS_FIRST = 128;
const VALUES_FIRST = 64;
const LONG_KEY_BYTES_FIRST = 1024;

// A slot is three words of key and the first value of that key, NONE when free. The first word holds the
// prefix, the length and two bytes of the key; the other two hold the rest, filled with zeros. For a key
// that is too long for that, the first word holds the prefix, IS_LONG and 16 bits of the hash; the others
// hold where the key begins among the long ones, and its length.
const SLOT_WORDS = 4;
const VALUE_WORD = 3;
const SHORT_KEY_BYTES_MAX = 10;
const IS_LONG = 255;

/**
 * A hash table from short byte strings to numbers, with several numbers a key if need be: open
 * addressing over 32-bit integers, no object an entry. It is made for 80,000 hosts and as many subclasses,
 * more than the processor's cache holds: a look-up of a hardware address reads one place. A key may have
 * a one-byte prefix (a hardware type) that callers keep apart.
 */
export class ByteKeyTable {
  /** Never more than three quarters full, counting keys that are gone. */
  #slots = new Int32Array(SLOTS_FIRST * SLOT_WORDS).fill(NONE);
  #keyCount = 0;
  #goneCount = 0;
  #longKeys = new Uint8Array(LONG_KEY_BYTES_FIRST);
  #longKeyBytes = 0;
  /** Where the slot of each value begins. */
  #slotOfValue = new Int32Array(VALUES_FIRST).fill(NONE);
  /** For each value whose key has several: the next value of that key, in order of arrival. */
  readonly #next = new Map<number, number>();
  /** For the first value of a key that has several: the last one. */
  readonly #last = new Map<number, number>();

  /**
   * Adds a value behind any others of the same key. A value that is there is not added again; values are best 0, 1,
   * 2, …, since they take room up to the highest.
   */
  add(prefix: number, key: Uint8Array, value: number): void {
    if ((this.#keyCount + 1) * SLOT_WORDS * 4 > this.#slots.length * 3) this.#makeRoom();
    if (value >= this.#slotOfValue.length) this.#growValues(value + 1);
    const slot = this.#slotOf(prefix, key, 0, key.length);
    const first = this.#slots[slot + VALUE_WORD];
    this.#slotOfValue[value] = slot;
    if (first < 0) {
      if (first === NONE) {
        this.#keyCount += 1;
        this.#writeKey(slot, prefix, key);
      } else {
        this.#goneCount -= 1;
      }
      this.#slots[slot + VALUE_WORD] = value;
    } else {
      this.#next.set(this.#last.get(first) ?? first, value);
      this.#last.set(first, value);
    }
  }

  /** Takes a value out; the others of its key stay in their order. */
  remove(value: number): void {
    if (!this.has(value)) return;
    const slot = this.#slotOfValue[value];
    const first = this.#slots[slot + VALUE_WORD];
    const next = this.#next.get(value);
    const last = this.#last.get(first) ?? first;
    this.#slotOfValue[value] = NONE;
    this.#next.delete(value);
    if (first === value) {
      this.#last.delete(value);
      this.#slots[slot + VALUE_WORD] = next ?? GONE;
      if (next === undefined) this.#goneCount += 1;
      else if (next !== last) this.#last.set(next, last);
      return;
    }
    let before = first;
    while (this.#next.get(before) !== value) before = this.#next.get(before)!;
    if (next !== undefined) {
      this.#next.set(before, next);
      return;
    }
    this.#next.delete(before);
    if (before === first) this.#last.delete(first);
    else this.#last.set(first, before);
  }

  /** The first value of this key, or -1. */
  find(prefix: number, key: Uint8Array): number {
    return this.findIn(prefix, key, 0, key.length);
  }

  /** The same with bytes `start` to `end` for a key. */
  findIn(prefix: number, bytes: Uint8Array, start: number, end: number): number {
    if (this.#keyCount === 0) return NONE;
    const first = this.#slots[this.#slotOf(prefix, bytes, start, end) + VALUE_WORD];
    return first < 0 ? NONE : first;
  }

  /** The next value of the same key, or -1. */
  after(value: number): number {
    return this.#next.size === 0 ? NONE : (this.#next.get(value) ?? NONE);
  }

  has(value: number): boolean {
    return value < this.#slotOfValue.length && this.#slotOfValue[value] !== NONE;
  }

  /** What it takes of memory, but for values that share a key. */
  get bytes(): number {
    return this.#slots.byteLength + this.#longKeys.byteLength + this.#slotOfValue.byteLength;
  }

  /** A copy of the key of a value, without its prefix. */
  keyOf(value: number): Uint8Array {
    const slots = this.#slots;
    const slot = this.#slotOfValue[value];
    const length = (slots[slot] >>> 8) & 0xff;
    if (length === IS_LONG) {
      return this.#longKeys.slice(slots[slot + 1], slots[slot + 1] + slots[slot + 2]);
    }
    const key = new Uint8Array(length);
    for (let at = 0; at < length; at += 1) {
      const place = at + 2;
      key[at] = slots[slot + (place >> 2)] >>> ((place & 3) * 8);
    }
    return key;
  }

  prefixOf(value: number): number {
    return this.#slots[this.#slotOfValue[value]] & 0xff;
  }

  /** Where the slot begins that holds this key, or the free one where it belongs. */
  #slotOf(prefix: number, bytes: Uint8Array, start: number, end: number): number {
    if (end - start > SHORT_KEY_BYTES_MAX) return this.#slotOfLong(prefix, bytes, start, end);
    const slots = this.#slots;
    const mask = slots.length - 1;
    const first = firstWord(prefix, bytes, start, end);
    const second = wordAt(bytes, start + 2, end);
    const third = wordAt(bytes, start + 6, end);
    let slot = (hashOfWords(first, second, third) * SLOT_WORDS) & mask;
    for (;;) {
      if (slots[slot + VALUE_WORD] === NONE) return slot;
      const isFound =
        slots[slot] === first && slots[slot + 1] === second && slots[slot + 2] === third;
      if (isFound) return slot;
      slot = (slot + SLOT_WORDS) & mask;
    }
  }

  #slotOfLong(prefix: number, bytes: Uint8Array, start: number, end: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    const hash = hashBytes(bytes, start, end - start, prefix);
    const first = firstWordOfLong(prefix, hash);
    let slot = (hash * SLOT_WORDS) & mask;
    for (;;) {
      if (slots[slot + VALUE_WORD] === NONE) return slot;
      const isFound =
        slots[slot] === first &&
        slots[slot + 2] === end - start &&
        this.#isLongKeyAt(slots[slot + 1], bytes, start, end);
      if (isFound) return slot;
      slot = (slot + SLOT_WORDS) & mask;
    }
  }

  #isLongKeyAt(at: number, bytes: Uint8Array, start: number, end: number): boolean {
    const keys = this.#longKeys;
    for (let index = start; index < end; index += 1) {
      if (keys[at + index - start] !== bytes[index]) return false;
    }
    return true;
  }

  #writeKey(slot: number, prefix: number, key: Uint8Array): void {
    const { length } = key;
    if (length <= SHORT_KEY_BYTES_MAX) {
      this.#slots[slot] = firstWord(prefix, key, 0, length);
      this.#slots[slot + 1] = wordAt(key, 2, length);
      this.#slots[slot + 2] = wordAt(key, 6, length);
      return;
    }
    const start = this.#longKeyBytes;
    this.#longKeyBytes = start + length;
    if (this.#longKeyBytes > this.#longKeys.length) {
      const longKeys = new Uint8Array(Math.max(this.#longKeys.length * 2, this.#longKeyBytes));
      longKeys.set(this.#longKeys);
      this.#longKeys = longKeys;
    }
    this.#longKeys.set(key, start);
    this.#slots[slot] = firstWordOfLong(prefix, hashBytes(key, 0, length, prefix));
    this.#slots[slot + 1] = start;
    this.#slots[slot + 2] = length;
  }

  #growValues(countMin: number): void {
    const slotOfValue = new Int32Array(Math.max(this.#slotOfValue.length * 2, countMin)).fill(NONE);
    slotOfValue.set(this.#slotOfValue);
    this.#slotOfValue = slotOfValue;
  }

  /** Twice as many slots, or as many without the keys that are gone. */
  #makeRoom(): void {
    const before = this.#slots;
    const grows = this.#goneCount * 2 < this.#keyCount;
    const slots = new Int32Array(before.length * (grows ? 2 : 1)).fill(NONE);
    const mask = slots.length - 1;
    const longKeys = this.#goneCount === 0 ? undefined : new Uint8Array(this.#longKeys.length);
    let longKeyBytes = 0;
    for (let from = 0; from < before.length; from += SLOT_WORDS) {
      if (before[from + VALUE_WORD] < 0) continue;
      let slot = (this.#hashAt(from) * SLOT_WORDS) & mask;
      while (slots[slot + VALUE_WORD] !== NONE) slot = (slot + SLOT_WORDS) & mask;
      for (let word = 0; word < SLOT_WORDS; word += 1) slots[slot + word] = before[from + word];
      if (longKeys !== undefined && this.#isLongAt(from)) {
        const start = before[from + 1];
        longKeys.set(this.#longKeys.subarray(start, start + before[from + 2]), longKeyBytes);
        slots[slot + 1] = longKeyBytes;
        longKeyBytes += before[from + 2];
      }
      // Nobody looks at the old slot again: it says where the new one is.
      before[from] = slot;
    }
    for (let value = 0; value < this.#slotOfValue.length; value += 1) {
      const from = this.#slotOfValue[value];
      if (from !== NONE) this.#slotOfValue[value] = before[from];
    }
    this.#slots = slots;
    this.#keyCount -= this.#goneCount;
    this.#goneCount = 0;
    if (longKeys !== undefined) {
      this.#longKeys = longKeys;
      this.#longKeyBytes = longKeyBytes;
    }
  }

  #isLongAt(slot: number): boolean {
    return ((this.#slots[slot] >>> 8) & 0xff) === IS_LONG;
  }

  #hashAt(slot: number): number {
    const first = this.#slots[slot];
    const second = this.#slots[slot + 1];
    const third = this.#slots[slot + 2];
    if (!this.#isLongAt(slot)) return hashOfWords(first, second, third);
    return hashBytes(this.#longKeys, second, third, first & 0xff);
  }
}

function firstWord(prefix: number, bytes: Uint8Array, start: number, end: number): number {
  return prefix | ((end - start) << 8) | (wordAt(bytes, start, Math.min(start + 2, end)) << 16);
}

function firstWordOfLong(prefix: number, hash: number): number {
  return prefix | (IS_LONG << 8) | (hash << 16);
}

/** Up to four bytes, the first one lowest; bytes behind the end count as 0. */
function wordAt(bytes: Uint8Array, start: number, end: number): number {
  let word = 0;
  for (let at = start, shift = 0; at < end && shift < 32; at += 1, shift += 8) {
    word |= bytes[at] << shift;
  }
  return word;
}

/** Mixed so that addresses that count up spread over the low bits. */
function hashOfWords(first: number, second: number, third: number): number {
  let value = Math.imul(first, 0x9e37_79b1) ^ second;
  value = Math.imul(value ^ (value >>> 15), 0x85eb_ca6b) ^ third;
  value = Math.imul(value ^ (value >>> 13), 0xc2b2_ae35);
  return value ^ (value >>> 16);
}
