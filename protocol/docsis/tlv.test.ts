import { describe, expect, test } from "vitest";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { formatHex, parseHex } from "../hex.ts";
import { decodeTlvs, encodeTlvs, type LengthBytesOf, replaceTlv, type Tlv } from "./tlv.ts";

const tlv = (type: number, ...bytes: readonly number[]): Tlv => ({
  type,
  value: Uint8Array.from(bytes),
});
const longForSixtyFour: LengthBytesOf = (type) => (type === 64 ? 2 : 1);

test("elements have a type, a length and a value; the length of some types has two bytes", () => {
  const tlvs = [tlv(3, 1), tlv(64, 2, 3), tlv(9)];
  const bytes = encodeTlvs(tlvs, longForSixtyFour);
  expect(formatHex(bytes)).toBe("030101400002020309 00".replace(" ", ""));
  expect(decodeTlvs(bytes, longForSixtyFour)).toEqual(tlvs);
  expect(formatHex(encodeTlvs(tlvs))).toBe("0301014002020309 00".replace(" ", ""));
  const long = [{ type: 64, value: new Uint8Array(300).fill(7) }];
  expect(decodeTlvs(encodeTlvs(long, longForSixtyFour), longForSixtyFour)).toEqual(long);
});

test("a value is a view of the bytes", () => {
  const bytes = Uint8Array.of(1, 1, 5);
  const [first] = decodeTlvs(bytes);
  bytes[2] = 6;
  expect(first.value[0]).toBe(6);
});

test("what is cut is refused where the element starts", () => {
  const bytes = Uint8Array.of(1, 1, 5, 64, 0, 2, 1, 1);
  for (const end of [1, 2, 4, 5, 6, 7]) {
    expect(() => decodeTlvs(bytes.subarray(0, end), longForSixtyFour)).toThrow(
      new DecodeError("truncated", end < 3 ? 0 : 3),
    );
  }
});

test("what does not fit is refused", () => {
  const big = (type: number, count: number): Tlv => ({ type, value: new Uint8Array(count) });
  for (const wrong of [tlv(-1), tlv(256), tlv(1.5), big(3, 256), big(64, 65_536)]) {
    expect(() => encodeTlvs([wrong], longForSixtyFour)).toThrow(EncodeError);
  }
});

describe("one element replaces those of its type", () => {
  const table: readonly (readonly [string, readonly Tlv[], readonly Tlv[]])[] = [
    ["none", [tlv(3, 1)], [tlv(3, 1), tlv(20, 9)]],
    ["one", [tlv(20, 1), tlv(3, 1)], [tlv(20, 9), tlv(3, 1)]],
    ["two", [tlv(3, 1), tlv(20, 1), tlv(4), tlv(20, 2)], [tlv(3, 1), tlv(20, 9), tlv(4)]],
  ];
  for (const [name, before, after] of table) {
    test(name, () => expect(replaceTlv(before, tlv(20, 9))).toEqual(after));
  }
});

test("hexadecimal is pairs of digits in either case, after 0x or not", () => {
  expect(parseHex("0x00fF")).toEqual(Uint8Array.of(0, 255));
  expect(parseHex("")).toEqual(new Uint8Array());
  for (const wrong of ["0", "0x0", "0g", "00 ff", "00:ff", "0x0x00", " 00"]) {
    expect(parseHex(wrong), wrong).toBeUndefined();
  }
});
