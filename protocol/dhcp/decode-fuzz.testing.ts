import { DecodeError, type DecodeErrorCode } from "../decode-error.ts";
import { decodeCcc } from "./ccc.ts";
import { OptionCode } from "./option-code.ts";
import { decodeValue, optionDefinitions } from "./option-table.ts";
import { type DhcpPacket, decodePacket, messageType } from "./packet.ts";
import { decodeRelayAgent } from "./relay-agent.ts";
import { decodeEncapsulated, decodeVendorClasses, decodeVendorOptions } from "./vendor.ts";
import { parseVendorClass } from "./vendor-class.ts";

export interface FuzzOptions {
  readonly seed: number;
  readonly iterations: number;
  /** Good packets to start from; without any, all input is random. */
  readonly samples: readonly Uint8Array[];
}

export interface FuzzResult {
  readonly decoded: number;
  readonly rejected: number;
  /** Rejections of whole packets, by their code. */
  readonly byCode: Readonly<Partial<Record<DecodeErrorCode, number>>>;
  /** Option values inside decoded packets that their own decoder took, and refused. */
  readonly valuesDecoded: number;
  readonly valuesRejected: number;
}

/** Seeded 32-bit numbers: a counter through a mixing function, so that a seed replays exactly. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e37_79b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

const INPUT_BYTES_MAX = 2048;

/**
 * Feeds random bytes and mutated samples to the decoder and reads everything in what it accepts.
 * Anything thrown that is not a DecodeError comes out, with the input in hexadecimal.
 */
export function fuzzDecode({ seed, iterations, samples }: FuzzOptions): FuzzResult {
  const next = randomNumbers(seed);
  const buffer = new Uint8Array(INPUT_BYTES_MAX);
  const byCode: Partial<Record<DecodeErrorCode, number>> = {};
  const values = { decoded: 0, rejected: 0 };
  let decoded = 0;
  for (let i = 0; i < iterations; i += 1) {
    const input = buffer.subarray(0, fill(buffer, samples, next));
    try {
      readAll(decodePacket(input), values);
      decoded += 1;
    } catch (error) {
      if (!(error instanceof DecodeError)) {
        throw new Error(`seed ${seed}, iteration ${i}, input ${hex(input)}`, { cause: error });
      }
      byCode[error.code] = (byCode[error.code] ?? 0) + 1;
    }
  }
  const rejected = iterations - decoded;
  return {
    decoded,
    rejected,
    byCode,
    valuesDecoded: values.decoded,
    valuesRejected: values.rejected,
  };
}

/** Writes one input into the buffer and returns its length. */
function fill(buffer: Uint8Array, samples: readonly Uint8Array[], next: () => number): number {
  const kind = next() % 8;
  if (samples.length === 0 || kind === 0) return fillRandom(buffer, 0, next() % 600, next);
  const sample = samples[next() % samples.length];
  buffer.set(sample, 0);
  let length = sample.length;
  if (kind === 1) return fillRandom(buffer, 240, 240 + (next() % 400), next);
  const mutations = 1 + (next() % 4);
  for (let i = 0; i < mutations; i += 1) length = mutate(buffer, length, next);
  return length;
}

function fillRandom(buffer: Uint8Array, start: number, end: number, next: () => number): number {
  for (let i = start; i < end; i += 1) buffer[i] = next();
  return end;
}

function mutate(buffer: Uint8Array, length: number, next: () => number): number {
  if (length === 0) return fillRandom(buffer, 0, next() % 300, next);
  // Most mutations hit the options: random header bytes change values, not the shape.
  const at = length > 240 && next() % 4 !== 0 ? 240 + (next() % (length - 240)) : next() % length;
  switch (next() % 8) {
    case 0:
      buffer[at] ^= 1 << (next() % 8);
      return length;
    case 1:
      buffer[at] = next();
      return length;
    case 2:
      buffer[at] = next() % 2 === 0 ? 0xff : 0x00;
      return length;
    case 3:
      return at;
    case 4: {
      const count = Math.min(1 + (next() % 8), length - at);
      buffer.copyWithin(at, at + count, length);
      return length - count;
    }
    case 5: {
      const count = Math.min(1 + (next() % 300), INPUT_BYTES_MAX - length);
      buffer.copyWithin(at + count, at, length);
      fillRandom(buffer, at, at + count, next);
      return length + count;
    }
    case 6: {
      // A crowd of empty options, more than any packet may have.
      const count = Math.min(2 * (next() % 400), INPUT_BYTES_MAX - at - 1);
      for (let i = 0; i < count; i += 1) buffer[at + i] = i % 2 === 0 ? 200 + (next() % 50) : 0;
      buffer[at + count] = OptionCode.end;
      return Math.max(length, at + count + 1);
    }
    default: {
      const from = next() % length;
      buffer.copyWithin(at, from, Math.min(from + (next() % 40), length, from + length - at));
      return length;
    }
  }
}

const types = new Map(
  optionDefinitions
    .filter((definition) => definition.space === "dhcp")
    .map((definition) => [definition.code, definition.type]),
);

const structured: ReadonlyMap<number, (bytes: Uint8Array) => unknown> = new Map([
  [OptionCode.relayAgentInformation, decodeRelayAgent],
  [OptionCode.cablelabsClientConfiguration, decodeCcc],
  [OptionCode.vendorEncapsulatedOptions, decodeEncapsulated],
  [OptionCode.vendorClass, decodeVendorClasses],
  [OptionCode.vendorOptions, decodeVendorOptions],
  [OptionCode.vendorClassIdentifier, parseVendorClass],
] as readonly (readonly [number, (bytes: Uint8Array) => unknown])[]);

function readAll(packet: DhcpPacket, values: { decoded: number; rejected: number }): void {
  const numbers = [packet.op, packet.htype, packet.hlen, packet.hops, packet.secs, packet.flags];
  const words = [packet.xid, packet.ciaddr, packet.yiaddr, packet.siaddr, packet.giaddr];
  for (const number of [...numbers, ...words, messageType(packet)]) {
    if (!Number.isInteger(number) || number < 0 || number > 0xffff_ffff) {
      throw new Error(`a header field is ${number}`);
    }
  }
  if (packet.chaddr.length !== packet.hlen) throw new Error("chaddr is not hlen bytes");
  if (packet.sname.length > 64 || packet.file.length > 128) throw new Error("a field too long");
  for (const code of packet.options.codes()) {
    const value = packet.options.get(code);
    if (value === undefined) throw new Error(`option ${code} has no value`);
    const type = types.get(code);
    if (type !== undefined) count(() => decodeValue(type, value), values);
    const decode = structured.get(code);
    if (decode !== undefined) count(() => decode(value), values);
  }
}

function count(decode: () => unknown, values: { decoded: number; rejected: number }): void {
  try {
    decode();
    values.decoded += 1;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    values.rejected += 1;
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
