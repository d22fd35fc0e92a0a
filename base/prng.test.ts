import { describe, expect, test } from "vitest";
import { hash32, Prng } from "./prng.ts";

const DRAWS = 20_000;

describe("hash32", () => {
  test("stays what it is: published seeds must replay", () => {
    expect([
      hash32(0, 0, 0),
      hash32(1, 2, 3),
      hash32(2 ** 32 - 1, 80_000, 7),
    ]).toMatchInlineSnapshot(`
      [
        1228963884,
        1232249512,
        109586052,
      ]
    `);
  });

  test("is an unsigned 32-bit number", () => {
    for (let i = 0; i < 1000; i += 1) {
      const value = hash32(i, -i, i * i);
      expect(Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff).toBe(true);
    }
  });

  test.each([
    ["seed", (i: number) => hash32(i, 1, 1)],
    ["stream", (i: number) => hash32(1, i, 1)],
    ["counter", (i: number) => hash32(1, 1, i)],
    ["stream and counter together", (i: number) => hash32(1, i, i)],
  ])("spreads neighbours by %s evenly", (_name, draw) => {
    const bits = new Uint32Array(32);
    const values = new Set<number>();
    for (let i = 0; i < DRAWS; i += 1) {
      const value = draw(i);
      values.add(value);
      for (let bit = 0; bit < 32; bit += 1) bits[bit] += (value >>> bit) & 1;
    }
    // Five standard deviations of a fair coin; a birthday collision or two is what chance gives.
    const tolerance = 5 * Math.sqrt(DRAWS / 4);
    for (const ones of bits) expect(Math.abs(ones - DRAWS / 2)).toBeLessThan(tolerance);
    expect(values.size).toBeGreaterThanOrEqual(DRAWS - 4);
  });

  test("changes about half of the output with any bit of the input", () => {
    for (let bit = 0; bit < 32; bit += 1) {
      let changed = 0;
      for (let i = 0; i < 200; i += 1) {
        let difference = hash32(i, 5, 9) ^ hash32(i ^ (1 << bit), 5, 9);
        for (; difference !== 0; difference &= difference - 1) changed += 1;
      }
      expect(Math.abs(changed / 200 - 16)).toBeLessThan(1.5);
    }
  });
});

describe("Prng", () => {
  test("replays, and draws what hash32 says", () => {
    const [first, second] = [new Prng(42, 7), new Prng(42, 7)];
    const draws = Array.from({ length: 10 }, () => first.nextUInt32());
    expect(draws).toEqual(Array.from({ length: 10 }, () => second.nextUInt32()));
    expect(draws).toEqual(draws.map((_, i) => hash32(42, 7, i)));
  });

  test("gives floats in [0, 1) with mean one half", () => {
    const prng = new Prng(3, 0);
    const values = Array.from({ length: DRAWS }, () => prng.nextFloat());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    const mean = values.reduce((sum, value) => sum + value, 0) / DRAWS;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.015);
  });

  test("gives every number below a bound, about equally often", () => {
    const prng = new Prng(4, 0);
    const counts = new Uint32Array(10);
    for (let i = 0; i < DRAWS; i += 1) counts[prng.nextBelow(10)] += 1;
    for (const count of counts) expect(Math.abs(count - DRAWS / 10)).toBeLessThan(220);
    expect(prng.nextBelow(1)).toBe(0);
    expect(prng.nextBelow(2 ** 32)).toBeLessThan(2 ** 32);
  });

  test.each([0, -1, 1.5, Number.NaN, 2 ** 32 + 1])("refuses a bound of %s", (bound) => {
    expect(() => new Prng(1, 1).nextBelow(bound)).toThrow(RangeError);
  });
});
