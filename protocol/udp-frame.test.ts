import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EncodeError } from "./encode-error.ts";
import { addToSum, checksumOf } from "./internet-checksum.ts";
import { parseUdpFrame } from "./udp-frame.testing.ts";
import { buildUdpFrame, type UdpFrame } from "./udp-frame.ts";

const frame: UdpFrame = {
  sourceMac: Uint8Array.of(2, 0, 0, 0, 0, 1),
  destinationMac: Uint8Array.of(2, 16, 0, 0, 0, 42),
  source: 0xc000_0201,
  destination: 0xc000_0264,
  sourcePort: 67,
  destinationPort: 68,
  payload: Uint8Array.of(1, 2, 3),
};

test("the checksum of RFC 1071's own example", () => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  expect(checksumOf(addToSum(0, bytes, 0, 8))).toBe(~0xddf2 & 0xffff);
});

describe("buildUdpFrame", () => {
  test("writes Ethernet, IPv4 and UDP", () => {
    const bytes = buildUdpFrame(frame);
    expect(bytes).toHaveLength(14 + 20 + 8 + 3);
    expect([...bytes.subarray(0, 14)]).toEqual([
      ...frame.destinationMac,
      ...frame.sourceMac,
      0x08,
      0x00,
    ]);
    expect([...bytes.subarray(14, 24)]).toEqual([0x45, 0, 0, 31, 0, 0, 0x40, 0, 64, 17]);
    expect([...bytes.subarray(34, 40)]).toEqual([0, 67, 0, 68, 0, 11]);
    expect(checksumOf(addToSum(0, bytes, 14, 34))).toBe(0);
  });

  test("a UDP checksum of 0 is sent as all ones (RFC 768)", () => {
    const plain = buildUdpFrame({ ...frame, payload: Uint8Array.of(0, 0) });
    const sum = Uint8Array.of(plain[40], plain[41]);
    const bytes = buildUdpFrame({ ...frame, payload: sum });
    expect([bytes[40], bytes[41]]).toEqual([0xff, 0xff]);
    expect(parseUdpFrame(bytes)).toBeDefined();
  });

  test.each([
    ["a source of 5 bytes", { sourceMac: new Uint8Array(5) }, /source hardware address/],
    ["a destination of 7 bytes", { destinationMac: new Uint8Array(7) }, /destination hardware/],
    ["a payload of 65,508 bytes", { payload: new Uint8Array(65_508) }, /65508 bytes/],
  ])("refuses %s", (_name, change, message) => {
    expect(() => buildUdpFrame({ ...frame, ...change })).toThrow(EncodeError);
    expect(() => buildUdpFrame({ ...frame, ...change })).toThrow(message);
  });
});

describe("parseUdpFrame", () => {
  const mac = fc.uint8Array({ minLength: 6, maxLength: 6 });
  const word = fc.integer({ min: 0, max: 0xffff_ffff });
  const port = fc.integer({ min: 0, max: 0xffff });
  const frames = fc.record({
    sourceMac: mac,
    destinationMac: mac,
    source: word,
    destination: word,
    sourcePort: port,
    destinationPort: port,
    payload: fc.uint8Array({ maxLength: 600 }),
  });

  test("reads what buildUdpFrame writes, padding or not", () => {
    fc.assert(
      fc.property(frames, fc.nat(20), (given, padding) => {
        const bytes = buildUdpFrame(given);
        const padded = new Uint8Array(bytes.length + padding);
        padded.set(bytes);
        expect(parseUdpFrame(padded)).toEqual(given);
      }),
      { seed: 768 },
    );
  });

  test("refuses every truncation and every flipped bit that a checksum covers", () => {
    const bytes = buildUdpFrame(frame);
    for (let end = 0; end < bytes.length; end += 1) {
      expect(parseUdpFrame(bytes.subarray(0, end))).toBeUndefined();
    }
    for (let bit = 12 * 8; bit < bytes.length * 8; bit += 1) {
      const copy = bytes.slice();
      copy[bit >>> 3] ^= 1 << (bit & 7);
      expect(parseUdpFrame(copy)).toBeUndefined();
    }
  });

  test("takes a UDP checksum of 0 as none", () => {
    const bytes = buildUdpFrame(frame);
    bytes.fill(0, 40, 42);
    expect(parseUdpFrame(bytes)).toEqual(frame);
  });
});
