import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EncodeError } from "../encode-error.ts";
import { OptionCode } from "./option-code.ts";
import {
  decodePacket,
  defaultEncodeLimits,
  type EncodeLimits,
  encodePacket,
  encodingLength,
  type OutgoingPacket,
  omittedOptions,
} from "./packet.ts";
import { bytesOfHex, samplePackets } from "./samples.testing.ts";

const empty = new Uint8Array(0);

const ack: OutgoingPacket = {
  op: 2,
  htype: 1,
  hops: 1,
  xid: 0xdead_beef,
  secs: 3,
  flags: 0x8000,
  ciaddr: 0,
  yiaddr: 0xc0a8_0105,
  siaddr: 0xc0a8_0001,
  giaddr: 0xffff_fffe,
  chaddr: bytesOfHex("02100000002a"),
  sname: empty,
  file: empty,
  options: [
    { code: OptionCode.messageType, value: Uint8Array.of(5) },
    { code: OptionCode.leaseTime, value: bytesOfHex("00000e10") },
  ],
};

const relayInformation = { code: 82, value: bytesOfHex("0104000000070206021000000020") };

/** An option whose bytes tell a wrong order, a gap and a repetition. */
function counted(code: number, length: number): { code: number; value: Uint8Array } {
  return { code, value: Uint8Array.from({ length }, (_, index) => (index * 7 + code) & 255) };
}

function encode(packet: OutgoingPacket, limits: EncodeLimits = defaultEncodeLimits): Uint8Array {
  const bytes = new Uint8Array(encodingLength(packet, limits));
  expect(encodePacket(packet, bytes, 0, limits)).toBe(bytes.length);
  return bytes;
}

function withOptions(...options: OutgoingPacket["options"]): OutgoingPacket {
  return { ...ack, options: [...ack.options, ...options] };
}

describe("encodePacket", () => {
  test("writes the layout of RFC 2131, padded to 300 bytes", () => {
    const bytes = encode({ ...ack, sname: bytesOfHex("6162"), file: bytesOfHex("63") });
    const expected = new Uint8Array(300);
    expected.set(
      bytesOfHex(`02010601 deadbeef 0003 8000 00000000 c0a80105 c0a80001 fffffffe 02100000002a`),
    );
    expected.set(bytesOfHex("6162"), 44);
    expected.set(bytesOfHex("63"), 108);
    expected.set(bytesOfHex("63825363 350105 330400000e10 ff"), 236);
    expect(bytes).toEqual(expected);
  });

  test("writes at the given place, clears what was there and nothing else", () => {
    const target = new Uint8Array(400).fill(0xaa);
    const end = encodePacket(ack, target, 50);
    expect(end).toBe(350);
    expect(target.subarray(50, end)).toEqual(encode(ack));
    expect(target.subarray(0, 50).every((byte) => byte === 0xaa)).toBe(true);
    expect(target.subarray(end).every((byte) => byte === 0xaa)).toBe(true);
  });

  test("is not padded when the limit says so", () => {
    expect(encode(ack, { ...defaultEncodeLimits, packetBytesMin: 0 })).toHaveLength(250);
  });

  test("fills 312 option bytes exactly, cookie and End included", () => {
    const fits = withOptions(counted(60, 312 - 4 - 1 - 9 - 4));
    expect(encode(fits).length).toBe(236 + 312);
    expect(decodePacket(encode(fits)).options.has(OptionCode.overload)).toBe(false);
  });

  test("one byte more overloads file (option 52 is 1)", () => {
    const bytes = encode(withOptions(counted(43, 200), counted(60, 99)));
    const { options } = decodePacket(bytes);
    expect(options.getUInt8(OptionCode.overload)).toBe(1);
    expect(options.get(60)).toEqual(counted(60, 99).value);
    expect(bytes.subarray(108, 110)).toEqual(Uint8Array.of(60, 99));
    expect(bytes[108 + 2 + 99]).toBe(255);
  });

  test.each([
    ["file when sname is taken", { sname: bytesOfHex("61") }, 1],
    ["sname when file is taken", { file: bytesOfHex("61") }, 2],
  ])("overloads only %s", (_name, fields, overload) => {
    const packet = { ...withOptions(counted(43, 250), counted(60, 50)), ...fields };
    const decoded = decodePacket(encode(packet));
    expect(decoded.options.getUInt8(OptionCode.overload)).toBe(overload);
    expect(decoded.options.get(60)).toEqual(counted(60, 50).value);
    expect(decoded).toMatchObject(fields);
  });

  test("overloads both, and splits over them what fits nowhere whole", () => {
    const packet = withOptions(
      counted(43, 200),
      counted(60, 140),
      counted(66, 40),
      counted(67, 40),
    );
    const bytes = encode(packet);
    expect(omittedOptions(packet)).toEqual([]);
    const { options } = decodePacket(bytes);
    expect(options.getUInt8(OptionCode.overload)).toBe(3);
    for (const { code, value } of packet.options) expect(options.get(code)).toEqual(value);
    expect(bytes.length).toBeLessThanOrEqual(236 + 312);
  });

  test("leaves out what fits nowhere, and says so", () => {
    const packet = withOptions(counted(43, 250), counted(77, 600), counted(12, 4));
    expect(omittedOptions(packet)).toEqual([77]);
    expect(decodePacket(encode(packet)).options.codes()).toEqual([53, 51, 43, 12]);
    const plain = { ...defaultEncodeLimits, overload: false };
    expect(omittedOptions(withOptions(counted(43, 250), counted(60, 50)), plain)).toEqual([60]);
  });

  test("option 82 comes last, on top of the budget and outside overloaded fields", () => {
    const options = [relayInformation, ...withOptions(counted(43, 289), counted(60, 50)).options];
    const bytes = encode({ ...ack, options });
    expect(bytes.length).toBeGreaterThan(236 + 312);
    expect(bytes.subarray(bytes.length - 17)).toEqual(
      Uint8Array.of(82, 14, ...relayInformation.value, 255),
    );
    expect(decodePacket(bytes).options.codes()).toEqual([53, 51, 43, 52, 82, 60]);
  });

  test.each([256, 510, 511, 900])("splits an option of %i bytes (RFC 3396)", (length) => {
    const packet = withOptions(counted(43, length));
    const bytes = encode(packet, { ...defaultEncodeLimits, optionBytesMax: 1236 });
    expect(bytes.subarray(249, 251)).toEqual(Uint8Array.of(43, 255));
    expect(decodePacket(bytes).options.get(43)).toEqual(counted(43, length).value);
  });

  test("an option 52 that is given is not sent: it follows from the layout", () => {
    const packet = withOptions({ code: OptionCode.overload, value: Uint8Array.of(3) });
    expect(decodePacket(encode(packet)).options.codes()).toEqual([53, 51]);
  });

  test("a budget smaller than the cookie sends no option", () => {
    const limits = { optionBytesMax: 2, packetBytesMin: 0, overload: false };
    expect(omittedOptions(ack, limits)).toEqual([53, 51]);
    expect(encode(ack, limits)).toHaveLength(241);
  });

  test.each([
    ["code 0", withOptions({ code: 0, value: empty }), /option code 0/],
    ["code 255", withOptions({ code: 255, value: empty }), /option code 255/],
    ["code 1.5", withOptions({ code: 1.5, value: empty }), /option code 1.5/],
    ["a code twice", withOptions(counted(53, 1)), /option 53 is given twice/],
    ["a hardware address of 17 bytes", { ...ack, chaddr: new Uint8Array(17) }, /chaddr has 17/],
    ["a server name of 65 bytes", { ...ack, sname: new Uint8Array(65).fill(97) }, /sname .* 65/],
    ["a file name of 129 bytes", { ...ack, file: new Uint8Array(129).fill(97) }, /file .* 129/],
    ["a NUL inside the file name", { ...ack, file: bytesOfHex("610062") }, /file .* NUL/],
    ["256 hops", { ...ack, hops: 256 }, /hops is 256/],
    ["negative seconds", { ...ack, secs: -1 }, /secs is -1/],
    ["flags of 17 bits", { ...ack, flags: 0x1_0000 }, /flags is 65536/],
  ])("refuses %s", (_name, packet, message) => {
    expect(() => encodePacket(packet, new Uint8Array(2000), 0)).toThrow(EncodeError);
    expect(() => encodePacket(packet, new Uint8Array(2000), 0)).toThrow(message);
  });

  test("refuses a target that is too short before it writes", () => {
    const target = new Uint8Array(299).fill(0xaa);
    expect(() => encodePacket(ack, target, 0)).toThrow(RangeError);
    expect(target.every((byte) => byte === 0xaa)).toBe(true);
  });
});

describe("round trip", () => {
  test.each(samplePackets)("$name decodes again to the same values", ({ bytes }) => {
    const packet = decodePacket(bytes);
    const options = packet.options
      .codes()
      .filter((code) => code !== OptionCode.overload)
      .map((code) => ({ code, value: packet.options.get(code) ?? empty }));
    const again = decodePacket(encode({ ...fieldsOf(packet), options }));
    expect(fieldsOf(again)).toEqual(fieldsOf(packet));
    for (const { code, value } of options) expect(again.options.get(code)).toEqual(value);
  });

  const fixed = new Map([
    [1, 4],
    [50, 4],
    [51, 4],
    [53, 1],
    [54, 4],
    [57, 2],
    [58, 4],
    [59, 4],
    [91, 4],
    [118, 4],
  ]);
  const value = (max: number) => fc.uint8Array({ maxLength: max });
  const option = fc
    .integer({ min: 1, max: 254 })
    .filter((code) => code !== 52 && code !== 82)
    .chain((code) => {
      const length = fixed.get(code);
      const bytes =
        length === undefined
          ? fc.oneof({ weight: 4, arbitrary: value(40) }, { weight: 1, arbitrary: value(700) })
          : fc.uint8Array({ minLength: length, maxLength: length });
      return fc.record({
        code: fc.constant(code),
        value: code === 53 ? bytes.filter(([type]) => type !== 0) : bytes,
      });
    });
  const name = (max: number) =>
    fc.oneof(fc.constant(empty), fc.uint8Array({ min: 1, minLength: 1, maxLength: max }));
  const word = fc.integer({ min: 0, max: 0xffff_ffff });
  const packets = fc.record({
    op: fc.constantFrom(1, 2),
    htype: fc.integer({ min: 0, max: 255 }),
    hops: fc.integer({ min: 0, max: 255 }),
    xid: word,
    secs: fc.integer({ min: 0, max: 0xffff }),
    flags: fc.integer({ min: 0, max: 0xffff }),
    ciaddr: word,
    yiaddr: word,
    siaddr: word,
    giaddr: word,
    chaddr: fc.uint8Array({ maxLength: 16 }),
    sname: name(64),
    file: name(128),
    options: fc
      .tuple(fc.uniqueArray(option, { maxLength: 20, selector: ({ code }) => code }), fc.boolean())
      .map(([options, relayed]) => (relayed ? [relayInformation, ...options] : options)),
  });
  const limits = fc.record({
    optionBytesMax: fc.oneof(fc.constant(312), fc.integer({ min: 5, max: 1236 })),
    packetBytesMin: fc.constantFrom(0, 300),
    overload: fc.boolean(),
  });

  test("what is decoded is what was encoded, over any layout", () => {
    fc.assert(
      fc.property(packets, limits, (packet, limit) => {
        const bytes = encode(packet, limit);
        const decoded = decodePacket(bytes);
        expect(fieldsOf(decoded)).toEqual(fieldsOf(packet));
        const omitted = omittedOptions(packet, limit);
        for (const { code, value: sent } of packet.options) {
          expect(decoded.options.get(code)).toEqual(omitted.includes(code) ? undefined : sent);
        }
        const overload = decoded.options.has(OptionCode.overload) ? 1 : 0;
        const kept = packet.options.length - omitted.length;
        expect(decoded.options.codes()).toHaveLength(kept + overload);
        const relayBytes = decoded.options.has(82) ? 16 : 0;
        const bytesMax = 236 + Math.max(limit.optionBytesMax, 5) + relayBytes;
        expect(bytes.length).toBeLessThanOrEqual(Math.max(bytesMax, limit.packetBytesMin));
      }),
      { seed: 2131, numRuns: 1_000 },
    );
  });

  test("nothing is left out while there is room for it whole", () => {
    fc.assert(
      fc.property(packets, (packet) => {
        const room = { optionBytesMax: 20_000, packetBytesMin: 300, overload: false };
        expect(omittedOptions(packet, room)).toEqual([]);
      }),
      { seed: 3396, numRuns: 200 },
    );
  });
});

function fieldsOf(packet: Omit<OutgoingPacket, "options">): Omit<OutgoingPacket, "options"> {
  const { op, htype, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr } = packet;
  const { chaddr, sname, file } = packet;
  return {
    ...{ op, htype, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr },
    ...{ chaddr, sname, file },
  };
}
