/** The few parts of Protocol Buffers' wire format that etcd's messages need. No I/O. */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** The bytes are no message. Such an answer, damaged or foreign, counts as lost. */
export class ProtobufError extends Error {
  override readonly name = "ProtobufError";
}

/**
 * Writes one field after the other into memory that grows. Numbers are whole, not negative, and at
 * most Number.MAX_SAFE_INTEGER, which is enough for revisions. Zero and empty are written too.
 */
export class MessageWriter {
  #bytes: Uint8Array;
  #used = 0;

  constructor(bytesExpected = 256) {
    this.#bytes = new Uint8Array(bytesExpected);
  }

  number(field: number, value: number): this {
    this.#varint(field * 8 + VARINT);
    this.#varint(value);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.open(field, value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#used);
    this.#used += value.length;
    return this;
  }

  /** Begins a message of `lengthBytes` in a field; the next writes are its fields. */
  open(field: number, lengthBytes: number): this {
    this.#varint(field * 8 + LENGTH_DELIMITED);
    this.#varint(lengthBytes);
    return this;
  }

  /** A message of its own in a field. */
  message(field: number, message: MessageWriter): this {
    return this.bytes(field, message.finish());
  }

  /** A view of the written bytes, valid until the next write. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#used++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#used++] = rest;
  }

  #reserve(lengthBytes: number): void {
    const needed = this.#used + lengthBytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = grown;
  }
}

function varintBytes(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) length += 1;
  return length;
}

/** Length of a field with a number below 16 that holds this value. */
export const numberFieldBytes = (value: number): number => 1 + varintBytes(value);

/** Length of a field with a number below 16 that holds this many bytes. */
export const bytesFieldBytes = (lengthBytes: number): number =>
  1 + varintBytes(lengthBytes) + lengthBytes;

/** One field of a message: a number, or a view of its bytes. */
export interface Field {
  readonly field: number;
  readonly number: number;
  readonly bytes: Uint8Array;
}

const none = new Uint8Array(0);

/** The fields of a message in their order. Throws ProtobufError. */
export function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let at = 0;

  function varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = message[at++];
      if (byte === undefined || scale > 2 ** 63) throw new ProtobufError("a number is cut off");
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  function take(lengthBytes: number): Uint8Array {
    if (lengthBytes > message.length - at) throw new ProtobufError("a field is cut off");
    at += lengthBytes;
    return message.subarray(at - lengthBytes, at);
  }

  while (at < message.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const kind = tag % 8;
    if (kind === VARINT) fields.push({ field, number: varint(), bytes: none });
    else if (kind === LENGTH_DELIMITED) fields.push({ field, number: 0, bytes: take(varint()) });
    else if (kind === FIXED64) take(8);
    else if (kind === FIXED32) take(4);
    else throw new ProtobufError(`a field of the unknown kind ${kind}`);
  }
  return fields;
}
