import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatIpv4, maskOf, parseIpv4, prefixLengthOf, readIpv4, writeIpv4 } from "./ipv4.ts";

const word = fc.integer({ min: 0, max: 0xffff_ffff });

describe("parseIpv4", () => {
  test.each([
    ["0.0.0.0", 0],
    ["10.9.0.1", 0x0a09_0001],
    ["128.0.0.0", 0x8000_0000],
    ["255.255.255.255", 0xffff_ffff],
  ])("%s", (text, address) => {
    expect(parseIpv4(text)).toBe(address);
    expect(formatIpv4(address)).toBe(text);
  });

  test.each([
    "",
    ".",
    "...",
    "1.2.3",
    "1.2.3.",
    ".1.2.3",
    "1..2.3",
    "1.2.3.4.",
    "1.2.3.4.5",
    "256.1.1.1",
    "1.1.1.1000",
    "01.2.3.4",
    "00.0.0.0",
    " 1.2.3.4",
    "1.2.3.4 ",
    "+1.2.3.4",
    "-1.2.3.4",
    "0x1.2.3.4",
    "1e1.2.3.4",
    "a.b.c.d",
    "١.2.3.4",
    "1.2.3.4\n",
  ])("refuses %j", (text) => {
    expect(parseIpv4(text)).toBeUndefined();
  });

  test("reads what formatIpv4 writes", () => {
    fc.assert(
      fc.property(word, (address) => {
        expect(parseIpv4(formatIpv4(address))).toBe(address);
      }),
      { seed: 791 },
    );
  });
});

describe("bytes", () => {
  test("are big-endian and unsigned", () => {
    fc.assert(
      fc.property(word, fc.nat(4), (address, offset) => {
        const bytes = new Uint8Array(8);
        writeIpv4(bytes, offset, address);
        expect(readIpv4(bytes, offset)).toBe(address);
        expect(bytes[offset]).toBe(address >>> 24);
      }),
      { seed: 791 },
    );
  });

  test.each([-1, 1, 5, Number.NaN])("no address at byte %d of 4", (offset) => {
    expect(() => readIpv4(new Uint8Array(4), offset)).toThrow(RangeError);
    expect(() => writeIpv4(new Uint8Array(4), offset, 1)).toThrow(RangeError);
  });
});

describe("masks", () => {
  test.each([
    [0, 0],
    [1, 0x8000_0000],
    [24, 0xffff_ff00],
    [31, 0xffff_fffe],
    [32, 0xffff_ffff],
  ])("/%i", (prefixLength, mask) => {
    expect(maskOf(prefixLength)).toBe(mask);
    expect(prefixLengthOf(mask)).toBe(prefixLength);
  });

  test.each([0xff00_ff00, 1, 0x7fff_ffff, 0xffff_fffd])("%i is no mask", (mask) => {
    expect(prefixLengthOf(mask)).toBeUndefined();
  });

  test.each([-1, 33, 1.5, Number.NaN])("there is no /%d", (prefixLength) => {
    expect(() => maskOf(prefixLength)).toThrow(RangeError);
  });
});
