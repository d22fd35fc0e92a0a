import { DecodeError } from "../decode-error.ts";
import { OptionCode } from "./option-code.ts";

/** More instances than any real packet has; it keeps the cost of a lookup bounded. */
export const OPTION_INSTANCES_MAX = 255;

// An instance is one small integer: the code above, the offset of its code byte below.
const OFFSET_BITS = 20;
const OFFSET_MASK = 0xf_ffff;

/**
 * The options of one message, in aggregate order: options field, then file, then sname (RFC 3396,
 * section 5). Values are views of the packet's bytes, valid only as long as those are; the value of
 * an option that came in several instances is a concatenated copy.
 */
export class OptionList {
  readonly #bytes: Uint8Array;
  readonly #instances: readonly number[];

  /** `instances` as scanOptions has filled it from the same `bytes`. */
  constructor(bytes: Uint8Array, instances: readonly number[]) {
    this.#bytes = bytes;
    this.#instances = instances;
  }

  /** The value, concatenated over all instances (RFC 3396), or undefined when there is none. */
  get(code: number): Uint8Array | undefined {
    const first = this.#next(code, 0);
    if (first < 0) return undefined;
    if (this.#next(code, first + 1) >= 0) return this.#concatenated(code);
    const offset = this.#instances[first] & OFFSET_MASK;
    return this.#bytes.subarray(offset + 2, offset + 2 + this.#bytes[offset + 1]);
  }

  has(code: number): boolean {
    return this.#next(code, 0) >= 0;
  }

  /** Each code once, in the order of first appearance. */
  codes(): number[] {
    const codes: number[] = [];
    for (const instance of this.#instances) {
      const code = instance >>> OFFSET_BITS;
      if (!codes.includes(code)) codes.push(code);
    }
    return codes;
  }

  /** The value as an unsigned number, without a view; undefined unless it is exactly 1 byte. */
  getUInt8(code: number): number | undefined {
    return this.#unsigned(code, 1);
  }

  /** The value as an unsigned number, without a view; undefined unless it is exactly 2 bytes. */
  getUInt16(code: number): number | undefined {
    return this.#unsigned(code, 2);
  }

  /** An address, a time or a count; undefined unless the value is exactly 4 bytes. */
  getUInt32(code: number): number | undefined {
    return this.#unsigned(code, 4);
  }

  /** A copy in which `code` has this value, whether or not it was there; it is then the last. */
  with(code: number, value: Uint8Array): OptionList {
    const bytes: number[] = [];
    const instances: number[] = [];
    for (const instance of this.#instances) {
      if (instance >>> OFFSET_BITS === code) continue;
      const offset = instance & OFFSET_MASK;
      const end = offset + 2 + this.#bytes[offset + 1];
      instances.push(instance - offset + bytes.length);
      for (let i = offset; i < end; i += 1) bytes.push(this.#bytes[i]);
    }
    for (let from = 0; from === 0 || from < value.length; from += 255) {
      const length = Math.min(255, value.length - from);
      instances.push((code << OFFSET_BITS) | bytes.length);
      bytes.push(code, length);
      for (let i = from; i < from + length; i += 1) bytes.push(value[i]);
    }
    if (bytes.length > OFFSET_MASK) throw new RangeError(`an option of ${value.length} bytes`);
    return new OptionList(Uint8Array.from(bytes), instances);
  }

  #next(code: number, from: number): number {
    const instances = this.#instances;
    for (let i = from; i < instances.length; i += 1) {
      if (instances[i] >>> OFFSET_BITS === code) return i;
    }
    return -1;
  }

  #concatenated(code: number): Uint8Array {
    const value = new Uint8Array(totalLength(this.#bytes, this.#instances, code));
    let at = 0;
    for (let i = this.#next(code, 0); i >= 0; i = this.#next(code, i + 1)) {
      const offset = this.#instances[i] & OFFSET_MASK;
      const length = this.#bytes[offset + 1];
      value.set(this.#bytes.subarray(offset + 2, offset + 2 + length), at);
      at += length;
    }
    return value;
  }

  #unsigned(code: number, byteCount: number): number | undefined {
    const first = this.#next(code, 0);
    if (first < 0) return undefined;
    if (this.#next(code, first + 1) >= 0) {
      const value = this.#concatenated(code);
      return value.length === byteCount ? readUnsigned(value, 0, byteCount) : undefined;
    }
    const offset = this.#instances[first] & OFFSET_MASK;
    if (this.#bytes[offset + 1] !== byteCount) return undefined;
    return readUnsigned(this.#bytes, offset + 2, byteCount);
  }
}

function readUnsigned(bytes: Uint8Array, offset: number, byteCount: number): number {
  let value = 0;
  for (let i = offset; i < offset + byteCount; i += 1) value = (value << 8) | bytes[i];
  return value >>> 0;
}

/**
 * Appends the instances of one field, bytes `start` to `end`, up to its End option; bytes after it
 * are not looked at. Returns whether there was an End. Throws DecodeError when an instance does not
 * lie inside the field.
 */
export function scanOptions(
  bytes: Uint8Array,
  start: number,
  end: number,
  instances: number[],
): boolean {
  let at = start;
  while (at < end) {
    const code = bytes[at];
    if (code === OptionCode.pad) {
      at += 1;
      continue;
    }
    if (code === OptionCode.end) return true;
    if (at + 1 >= end) throw new DecodeError("truncated-option", at);
    const next = at + 2 + bytes[at + 1];
    if (next > end) throw new DecodeError("truncated-option", at);
    if (instances.length === OPTION_INSTANCES_MAX) throw new DecodeError("too-many-options", at);
    instances.push((code << OFFSET_BITS) | at);
    at = next;
  }
  return false;
}

/** Bytes of one option's value, over all its instances. */
export function totalLength(bytes: Uint8Array, instances: readonly number[], code: number): number {
  let length = 0;
  for (let i = 0; i < instances.length; i += 1) {
    const instance = instances[i];
    if (instance >>> OFFSET_BITS === code) length += bytes[(instance & OFFSET_MASK) + 1];
  }
  return length;
}

// The length that an option's RFC fixes, by code; 0 where it is not fixed. Only the options that a
// server or a client acts upon: a mask of three bytes must not become an address by padding.
const fixedLengths = new Uint8Array(256);
for (const code of [
  OptionCode.subnetMask,
  OptionCode.requestedAddress,
  OptionCode.leaseTime,
  OptionCode.serverIdentifier,
  OptionCode.renewalTime,
  OptionCode.rebindingTime,
  OptionCode.clientLastTransactionTime,
  OptionCode.subnetSelection,
]) {
  fixedLengths[code] = 4;
}
fixedLengths[OptionCode.maxMessageSize] = 2;
fixedLengths[OptionCode.messageType] = 1;
fixedLengths[OptionCode.overload] = 1;

/** Throws DecodeError when an option whose length its RFC fixes has another one. */
export function checkFixedLengths(bytes: Uint8Array, instances: readonly number[]): void {
  for (let i = 0; i < instances.length; i += 1) {
    const code = instances[i] >>> OFFSET_BITS;
    const expected = fixedLengths[code];
    if (expected === 0) continue;
    const offset = instances[i] & OFFSET_MASK;
    // An empty instance is refused by itself, so that a thousand of them cannot make this quadratic.
    if (bytes[offset + 1] === 0 || totalLength(bytes, instances, code) !== expected) {
      throw new DecodeError("bad-option-length", offset);
    }
  }
}

/**
 * Whether the last instance is option 52, or option 82 right behind it. dhcpd 4.4.3-P1 fills the
 * options field to the last byte when it overloads, and then leaves End out.
 */
export function endsWithOverload(instances: readonly number[]): boolean {
  const last = instances.length - 1;
  const code = instances[last] >>> OFFSET_BITS;
  if (code === OptionCode.overload) return true;
  return (
    code === OptionCode.relayAgentInformation &&
    instances[last - 1] >>> OFFSET_BITS === OptionCode.overload
  );
}

/** The offset of the first instance of `code` from instance number `from` on, or -1. */
export function offsetOf(instances: readonly number[], code: number, from: number): number {
  for (let i = from; i < instances.length; i += 1) {
    if (instances[i] >>> OFFSET_BITS === code) return instances[i] & OFFSET_MASK;
  }
  return -1;
}
