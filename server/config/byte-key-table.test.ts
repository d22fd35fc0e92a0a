import { describe, expect, test } from "vitest";
import { ByteKeyTable } from "./byte-key-table.ts";

const key = (value: number): Uint8Array =>
  Uint8Array.of(2, 0x10, 0, value >>> 16, value >>> 8, value);

describe("ByteKeyTable", () => {
  test("finds what was added, over many sizes, and nothing else", () => {
    const table = new ByteKeyTable();
    const count = 20_000;
    for (let index = 0; index < count; index += 1) table.add(1, key(index), index * 2);
    expect(table.count).toBe(count);
    for (let index = 0; index < count; index += 97) {
      const entry = table.find(1, key(index));
      expect(table.valueOf(entry)).toBe(index * 2);
      expect(table.keyOf(entry)).toEqual(key(index));
      expect(table.after(entry)).toBe(-1);
    }
    expect(table.find(1, key(count))).toBe(-1);
    expect(table.find(2, key(5))).toBe(-1);
    expect(table.find(1, key(5).subarray(0, 5))).toBe(-1);
    expect(table.find(1, new Uint8Array(0))).toBe(-1);
  });

  test("entries of one key follow each other in order, also after growing", () => {
    const table = new ByteKeyTable();
    for (let index = 0; index < 300; index += 1) table.add(0, key(index % 3), index);
    const values: number[] = [];
    for (let entry = table.find(0, key(1)); entry >= 0; entry = table.after(entry)) {
      values.push(table.valueOf(entry));
    }
    expect(values).toEqual(Array.from({ length: 100 }, (_, index) => index * 3 + 1));
  });

  test("keys of any length, with a prefix of their own", () => {
    const table = new ByteKeyTable();
    table.add(0, new Uint8Array(0), 1);
    table.add(255, new Uint8Array(5000).fill(7), 2);
    expect(table.valueOf(table.find(0, new Uint8Array(0)))).toBe(1);
    const entry = table.find(255, new Uint8Array(5000).fill(7));
    expect([table.valueOf(entry), table.prefixOf(entry)]).toEqual([2, 255]);
  });

  test("keys that differ in their last byte, at every length around what a record holds", () => {
    const table = new ByteKeyTable();
    const ofLength = (length: number, last: number): Uint8Array =>
      new Uint8Array(length).fill(7).fill(last, length - 1);
    for (let length = 1; length <= 24; length += 1) {
      table.add(length, ofLength(length, 1), length);
      table.add(length, ofLength(length, 2), -length);
    }
    for (let length = 1; length <= 24; length += 1) {
      const entry = table.find(length, ofLength(length, 2));
      expect(table.valueOf(entry)).toBe(-length);
      expect(table.keyOf(entry)).toEqual(ofLength(length, 2));
      expect(table.find(length, ofLength(length, 3))).toBe(-1);
      expect(table.find(length + 1, ofLength(length, 2))).toBe(-1);
    }
  });
});
