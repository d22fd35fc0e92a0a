import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteKeyTable } from "./byte-key-table.ts";

const key = (value: number): Uint8Array =>
  Uint8Array.of(2, 0x10, 0, value >>> 16, value >>> 8, value);

describe("ByteKeyTable", () => {
  test("finds what was added, over many sizes, and nothing else", () => {
    const table = new ByteKeyTable();
    const count = 20_000;
    for (let index = 0; index < count; index += 1) table.add(1, key(index), index * 2);
    for (let index = 0; index < count; index += 97) {
      const value = table.find(1, key(index));
      expect(value).toBe(index * 2);
      expect(table.keyOf(value)).toEqual(key(index));
      expect(table.after(value)).toBe(-1);
      expect([table.has(value), table.has(value + 1)]).toEqual([true, false]);
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
    for (let value = table.find(0, key(1)); value >= 0; value = table.after(value)) {
      values.push(value);
      expect(table.keyOf(value)).toEqual(key(1));
    }
    expect(values).toEqual(Array.from({ length: 100 }, (_, index) => index * 3 + 1));
  });

  test("is a map from keys to lists, whatever is added and removed", () => {
    // Few keys, so that they have several values; long and short ones, so that both kinds of slots are gone now and then.
    const operation = fc.record({ key: fc.nat(40), value: fc.nat(60), adds: fc.boolean() });
    const keyed = (number: number): Uint8Array =>
      new Uint8Array(number % 2 === 0 ? 4 : 14).fill(number);
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 800 }), (operations) => {
        const table = new ByteKeyTable();
        const lists = new Map<number, number[]>();
        const keyOfValue = new Map<number, number>();
        for (const { key: number, value, adds } of operations) {
          if (adds && !keyOfValue.has(value)) {
            table.add(1, keyed(number), value);
            lists.set(number, [...(lists.get(number) ?? []), value]);
            keyOfValue.set(value, number);
          } else if (!adds) {
            table.remove(value);
            const of = keyOfValue.get(value);
            keyOfValue.delete(value);
            if (of !== undefined)
              lists.set(
                of,
                lists.get(of)!.filter((one) => one !== value),
              );
          }
        }
        for (let number = 0; number <= 40; number += 1) {
          const found: number[] = [];
          let at = table.find(1, keyed(number));
          for (; at >= 0; at = table.after(at)) found.push(at);
          expect(found).toEqual(lists.get(number) ?? []);
        }
        for (let value = 0; value <= 60; value += 1) {
          const of = keyOfValue.get(value);
          expect(table.has(value)).toBe(of !== undefined);
          if (of !== undefined) expect(table.keyOf(value)).toEqual(keyed(of));
        }
      }),
      { numRuns: 300 },
    );
  });

  test("what comes and goes takes no more room", () => {
    const table = new ByteKeyTable();
    const name = (number: number): Uint8Array =>
      new TextEncoder().encode(`device-number-${number}`);
    for (let index = 0; index < 100; index += 1) table.add(0, name(index), index);
    const before = table.bytes;
    for (let index = 100; index < 50_000; index += 1) {
      table.remove(index % 100);
      table.add(0, name(index), index % 100);
    }
    expect(table.bytes).toBeLessThan(4 * before);
    for (let index = 49_900; index < 50_000; index += 1) {
      expect(table.find(0, name(index))).toBe(index % 100);
    }
  });

  test("keys of any length, with a prefix of their own", () => {
    const table = new ByteKeyTable();
    table.add(0, new Uint8Array(0), 1);
    table.add(255, new Uint8Array(5000).fill(7), 2);
    expect(table.find(0, new Uint8Array(0))).toBe(1);
    expect(table.find(255, new Uint8Array(5000).fill(7))).toBe(2);
    expect(table.prefixOf(2)).toBe(255);
    expect([table.keyOf(1).length, table.keyOf(2).length]).toEqual([0, 5000]);
  });

  test("keys that differ in their last byte, at every length around what a slot holds", () => {
    const table = new ByteKeyTable();
    const ofLength = (length: number, last: number): Uint8Array =>
      new Uint8Array(length).fill(7).fill(last, length - 1);
    const lengths = Array.from({ length: 300 }, (_, at) => at + 1);
    for (const length of lengths) {
      table.add(length & 255, ofLength(length, 1), 2 * length);
      table.add(length & 255, ofLength(length, 2), 2 * length + 1);
    }
    for (const length of lengths) {
      const value = table.find(length & 255, ofLength(length, 2));
      expect(value).toBe(2 * length + 1);
      expect(table.keyOf(value)).toEqual(ofLength(length, 2));
      expect(table.prefixOf(value)).toBe(length & 255);
      expect(table.find(length & 255, ofLength(length, 3))).toBe(-1);
      expect(table.find((length + 1) & 255, ofLength(length, 2))).toBe(-1);
    }
  });
});
