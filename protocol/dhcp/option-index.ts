import { DecodeError } from "../decode-error.ts";
import { fixedOptionLengths } from "./fixed-lengths.ts";
import { OptionCode } from "./option-code.ts";
import type { OptionList } from "./option-list.ts";

/** More instances than any real packet has; the limit bounds the cost of a packet. */
export const OPTION_INSTANCES_MAX = 255;

// An instance is one small integer: the code in the high bits, the offset of its code byte in the low
// ones.
const OFFSET_BITS = 16;
const OFFSET_MASK = 0xffff;

// A place is one, too: the generation in the high bits, then whether more instances follow, then the
// number of the first instance.
const GENERATION_BITS = 9;
const SEVERAL = 0x100;
const INSTANCE_MASK = 0xff;
const GENERATION_MAX = 0x3f_ffff;

const NO_BYTES = new Uint8Array(0);

/**
 * Finds the options of a message. One index serves message after message: each `begin` starts a
 * generation, and entries of earlier generations count as absent, so nothing has to be cleared.
 */
export class OptionIndex implements OptionList {
  #bytes: Uint8Array = NO_BYTES;
  readonly #instances = new Int32Array(OPTION_INSTANCES_MAX);
  #count = 0;
  /** The place of each code. */
  readonly #places = new Int32Array(256);
  #generation = 0;
  /** Some option may break the length that its RFC fixes. */
  #isDoubtful = false;

  /** Starts another message, of at most 65,535 bytes; it has no options until they are scanned. */
  begin(bytes: Uint8Array): void {
    if (this.#generation === GENERATION_MAX) {
      this.#places.fill(0);
      this.#generation = 0;
    }
    this.#generation += 1;
    this.#bytes = bytes;
    this.#count = 0;
    this.#isDoubtful = false;
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Adds the instances of one field, bytes `start` to `end`, up to its End option; bytes after that are
   * ignored. Returns whether there was an End. Throws DecodeError when an instance does not lie inside
   * the field.
   */
  scan(start: number, end: number): boolean {
    const bytes = this.#bytes;
    const places = this.#places;
    let at = start;
    while (at < end) {
      const code = bytes[at];
      if (code === OptionCode.pad) {
        at += 1;
        continue;
      }
      if (code === OptionCode.end) return true;
      if (at + 1 >= end) throw new DecodeError("truncated-option", at);
      const length = bytes[at + 1];
      const next = at + 2 + length;
      if (next > end) throw new DecodeError("truncated-option", at);
      const count = this.#count;
      if (count === OPTION_INSTANCES_MAX) throw new DecodeError("too-many-options", at);
      const place = places[code];
      const fixed = fixedOptionLengths[code];
      if (place >>> GENERATION_BITS === this.#generation) {
        places[code] = place | SEVERAL;
        if (fixed !== 0) this.#isDoubtful = true;
      } else {
        places[code] = (this.#generation << GENERATION_BITS) | count;
        if (fixed !== 0 && fixed !== length) this.#isDoubtful = true;
      }
      this.#instances[count] = (code << OFFSET_BITS) | at;
      this.#count = count + 1;
      at = next;
    }
    return false;
  }

  /** Throws DecodeError when an option has another length than its RFC fixes. */
  checkFixedLengths(): void {
    if (!this.#isDoubtful) return;
    for (let i = 0; i < this.#count; i += 1) {
      const code = this.#codeAt(i);
      const expected = fixedOptionLengths[code];
      if (expected === 0) continue;
      const offset = this.#offsetAt(i);
      // An empty instance is refused on its own, so that a thousand of them cannot make this quadratic.
      if (this.#bytes[offset + 1] === 0 || this.lengthOf(code) !== expected) {
        throw new DecodeError("bad-option-length", offset);
      }
    }
  }

  /**
   * Whether the last instance is option 52, or option 82 right after it. dhcpd 4.4.3-P1 fills the options
   * field to the last byte when it overloads, and then leaves End out.
   */
  endsWithOverload(): boolean {
    const last = this.#count - 1;
    if (last < 0) return false;
    const code = this.#codeAt(last);
    if (code === OptionCode.overload) return true;
    return (
      code === OptionCode.relayAgentInformation &&
      last > 0 &&
      this.#codeAt(last - 1) === OptionCode.overload
    );
  }

  /** The offset of the code byte of the first instance from number `from` on, or -1. */
  instanceOf(code: number, from: number): number {
    if (from === 0 && !this.has(code)) return -1;
    for (let i = from; i < this.#count; i += 1) {
      if (this.#codeAt(i) === code) return this.#offsetAt(i);
    }
    return -1;
  }

  get(code: number): Uint8Array | undefined {
    const offset = this.offsetOf(code);
    if (offset >= 0) return this.#bytes.subarray(offset, offset + this.#bytes[offset - 1]);
    return this.has(code) ? this.#concatenated(code) : undefined;
  }

  has(code: number): boolean {
    return this.#places[code] >>> GENERATION_BITS === this.#generation;
  }

  codes(): number[] {
    const codes: number[] = [];
    for (let i = 0; i < this.#count; i += 1) {
      const code = this.#codeAt(i);
      if ((this.#places[code] & INSTANCE_MASK) === i) codes.push(code);
    }
    return codes;
  }

  getUInt8(code: number): number | undefined {
    return this.#unsigned(code, 1);
  }

  getUInt16(code: number): number | undefined {
    return this.#unsigned(code, 2);
  }

  getUInt32(code: number): number | undefined {
    return this.#unsigned(code, 4);
  }

  lengthOf(code: number): number {
    const offset = this.offsetOf(code);
    if (offset >= 0) return this.#bytes[offset - 1];
    if (!this.has(code)) return -1;
    let length = 0;
    for (let i = 0; i < this.#count; i += 1) {
      if (this.#codeAt(i) === code) length += this.#bytes[this.#offsetAt(i) + 1];
    }
    return length;
  }

  offsetOf(code: number): number {
    const place = this.#places[code];
    if (place >>> GENERATION_BITS !== this.#generation || (place & SEVERAL) !== 0) return -1;
    return this.#offsetAt(place & INSTANCE_MASK) + 2;
  }

  equals(code: number, value: Uint8Array): boolean {
    if (this.lengthOf(code) !== value.length) return false;
    const offset = this.offsetOf(code);
    const from = Math.max(offset, 0);
    const bytes = offset < 0 ? this.#concatenated(code) : this.#bytes;
    for (let i = 0; i < value.length; i += 1) {
      if (bytes[from + i] !== value[i]) return false;
    }
    return true;
  }

  copyTo(code: number, target: Uint8Array, at: number): number {
    const length = this.lengthOf(code);
    if (at + length > target.length) {
      throw new RangeError(`${length} bytes at ${at} of a target of ${target.length}`);
    }
    const offset = this.offsetOf(code);
    const from = Math.max(offset, 0);
    const bytes = offset < 0 && length > 0 ? this.#concatenated(code) : this.#bytes;
    for (let i = 0; i < length; i += 1) target[at + i] = bytes[from + i];
    return length;
  }

  #codeAt(i: number): number {
    return this.#instances[i] >>> OFFSET_BITS;
  }

  #offsetAt(i: number): number {
    return this.#instances[i] & OFFSET_MASK;
  }

  #concatenated(code: number): Uint8Array {
    const value = new Uint8Array(this.lengthOf(code));
    let at = 0;
    for (let i = 0; i < this.#count; i += 1) {
      if (this.#codeAt(i) !== code) continue;
      const offset = this.#offsetAt(i);
      const length = this.#bytes[offset + 1];
      value.set(this.#bytes.subarray(offset + 2, offset + 2 + length), at);
      at += length;
    }
    return value;
  }

  #unsigned(code: number, byteCount: number): number | undefined {
    const offset = this.offsetOf(code);
    if (offset >= 0) {
      return this.#bytes[offset - 1] === byteCount
        ? readUnsigned(this.#bytes, offset, byteCount)
        : undefined;
    }
    return this.lengthOf(code) === byteCount
      ? readUnsigned(this.#concatenated(code), 0, byteCount)
      : undefined;
  }
}

function readUnsigned(bytes: Uint8Array, offset: number, byteCount: number): number {
  let value = 0;
  for (let i = offset; i < offset + byteCount; i += 1) value = (value << 8) | bytes[i];
  return value >>> 0;
}
