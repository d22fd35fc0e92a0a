import { expect, test } from "vitest";
import { Prng } from "../../../base/prng.ts";
import { DecodeError } from "../../../protocol/decode-error.ts";
import { type DhcpPacket, PacketDecoder } from "../../../protocol/dhcp/packet.ts";
import { samplePackets } from "../../../protocol/dhcp/samples.testing.ts";
import { MUTANT_BYTES_MAX } from "../campaign/packet-draft.ts";
import { packetMutator } from "../campaign/packet-mutator.ts";
import { type DecodedModel, modelOf } from "./decoder-model.testing.ts";
import { dhcpShape } from "./packet-shape.ts";

const seed = 20_261_126;
const packetCount = 12_000;

test(`the decoder is as its model on ${packetCount} packets (seed ${seed})`, () => {
  const corpus = samplePackets.map(({ bytes }) => bytes);
  const mutator = packetMutator(dhcpShape, corpus, new Prng(seed, 1));
  const buffer = new Uint8Array(MUTANT_BYTES_MAX);
  const decoder = new PacketDecoder();
  let packets = 0;
  for (let i = 0; i < packetCount; i += 1) {
    const bytes = buffer.subarray(0, mutator(buffer));
    const model = modelOf(bytes);
    const found = errorOf(() => check(decoder.decode(bytes), bytes, model));
    if (model.kind === "packet") packets += 1;
    const expected = model.kind === "error" ? `${model.code} at byte ${model.offset}` : undefined;
    if (found !== expected) throw new Error(`packet ${i}: ${found}, the model: ${expected}`);
  }
  expect(packets).toBeGreaterThan(packetCount / 10);
  expect(packets).toBeLessThan(packetCount);
});

/** What a DecodeError says; undefined when there was none. */
function errorOf(decode: () => void): string | undefined {
  try {
    decode();
    return undefined;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return error.message;
  }
}

function check(packet: DhcpPacket, bytes: Uint8Array, model: DecodedModel): void {
  if (model.kind === "error") throw new Error(`decodes, the model says ${model.code}`);
  const { options } = packet;
  const codes = options.codes();
  if (codes.join() !== [...model.options.keys()].join()) throw new Error(`codes ${codes}`);
  if (!model.hasFile && packet.file.length > 0) throw new Error("file holds options");
  if (!model.hasSname && packet.sname.length > 0) throw new Error("sname holds options");
  for (let code = 0; code < 256; code += 1) checkOption(packet, bytes, code, model.options);
}

function checkOption(
  { options }: DhcpPacket,
  bytes: Uint8Array,
  code: number,
  expected: ReadonlyMap<number, readonly number[]>,
): void {
  const value = expected.get(code);
  const given = value ?? [];
  const copy = new Uint8Array(given.length);
  const offset = options.offsetOf(code);
  const unsigned = given.reduce((sum, byte) => sum * 256 + byte, 0);
  const numberOf = (length: number): number | undefined =>
    given.length === length ? unsigned : undefined;
  const facts = {
    has: options.has(code) === (value !== undefined),
    get: options.get(code)?.join() === value?.join(),
    lengthOf: options.lengthOf(code) === (value?.length ?? -1),
    offsetOf: offset < 0 || bytes.subarray(offset, offset + given.length).join() === given.join(),
    copyTo: options.copyTo(code, copy, 0) === (value?.length ?? -1) && copy.join() === given.join(),
    equals: options.equals(code, copy) === (value !== undefined),
    differs: !options.equals(code, Uint8Array.of(...given, 0)),
    getUInt8: options.getUInt8(code) === numberOf(1),
    getUInt16: options.getUInt16(code) === numberOf(2),
    getUInt32: options.getUInt32(code) === numberOf(4),
  };
  const wrong = Object.entries(facts).find(([, isRight]) => !isRight);
  if (wrong !== undefined) throw new Error(`option ${code}: ${wrong[0]}`);
}
