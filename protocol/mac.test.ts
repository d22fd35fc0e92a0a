import fc from "fast-check";
import { expect, test } from "vitest";
import { formatMac, parseMac } from "./mac.ts";

test.each([
  ["02:10:00:00:00:2a", [2, 16, 0, 0, 0, 42]],
  ["1:8:0:2B:4c:39:AD", [1, 8, 0, 0x2b, 0x4c, 0x39, 0xad]],
  ["f", [15]],
  ["0:0", [0, 0]],
])("parseMac reads %s", (text, bytes) => {
  expect(parseMac(text)).toEqual(Uint8Array.from(bytes));
});

test.each([
  "",
  ":",
  "1:",
  ":1",
  "1::2",
  "001:2",
  "g:0",
  "1-2",
  "1 :2",
  "0x1:2",
  "é:1",
  Array(17).fill("a").join(":"),
  Array(17).fill("aa").join(":"),
  "a".repeat(100_000),
])("parseMac refuses %j", (text) => {
  expect(parseMac(text)).toBeUndefined();
});

test("parseMac reads what formatMac writes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 16 }), (bytes) => {
      expect(parseMac(formatMac(bytes))).toEqual(bytes);
    }),
    { seed: 802 },
  );
});

test("formatMac writes two lower-case digits a byte", () => {
  expect(formatMac(Uint8Array.of(0, 10, 255))).toBe("00:0a:ff");
  expect(formatMac(new Uint8Array(0))).toBe("");
});
