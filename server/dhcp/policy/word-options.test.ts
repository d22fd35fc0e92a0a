import { expect, test } from "vitest";
import { WordOptions } from "./word-options.ts";

test("four bytes, most significant first, and the same object for the same value", () => {
  const words = new WordOptions();
  const option = words.of(51, 0x8765_4321);
  expect(option).toEqual({ code: 51, value: Uint8Array.of(0x87, 0x65, 0x43, 0x21) });
  expect(words.of(51, 0x8765_4321)).toBe(option);
  expect(words.of(54, 0x8765_4321)).toEqual({ ...option, code: 54 });
});

test("any number of values is answered rightly, and memory is bounded", () => {
  const words = new WordOptions();
  const first = words.of(51, 0);
  for (let value = 0; value < 3000; value += 1) {
    expect(words.of(51, value).value[3]).toBe(value & 255);
  }
  expect(words.of(51, 0)).not.toBe(first);
});
