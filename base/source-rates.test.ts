import { describe, expect, test } from "vitest";
import { SourceRates } from "./source-rates.ts";

const seed = 7;

function granted(rates: SourceRates, source: number, times: number, nowMs: number): number {
  let count = 0;
  for (let taken = 0; taken < times; taken += 1) if (rates.take(source, nowMs)) count += 1;
  return count;
}

test("a source has its burst at once, and then its rate", () => {
  const rates = new SourceRates({ burst: 4, perSecond: 2 }, seed);
  expect(granted(rates, 1, 10, 0)).toBe(4);
  expect(granted(rates, 1, 10, 499)).toBe(0);
  expect(granted(rates, 1, 10, 500)).toBe(1);
  expect(granted(rates, 1, 10, 1500)).toBe(2);
  expect(granted(rates, 1, 10, 1_000_000)).toBe(4);
});

test("a request may cost more than one token", () => {
  const rates = new SourceRates({ burst: 100, perSecond: 10 }, seed);
  expect(rates.take(1, 0, 60)).toBe(true);
  expect(rates.take(1, 0, 41)).toBe(false);
  expect(rates.take(1, 0, 40)).toBe(true);
  expect(rates.take(1, 2999, 30)).toBe(false);
  expect(rates.take(1, 3000, 30)).toBe(true);
});

test("being refused does not put off the next grant", () => {
  const rates = new SourceRates({ burst: 1, perSecond: 1 }, seed);
  expect(rates.take(1, 0)).toBe(true);
  for (let nowMs = 10; nowMs < 1000; nowMs += 10) expect(rates.take(1, nowMs)).toBe(false);
  expect(rates.take(1, 1001)).toBe(true);
});

test("sources do not share a bucket, address 0 and the highest included", () => {
  const rates = new SourceRates({ burst: 1, perSecond: 0.001 }, seed);
  for (const source of [0, 1, 0x7f00_0001, 0xffff_ffff]) {
    expect(granted(rates, source, 3, 5)).toBe(1);
  }
});

test("a flood from invented addresses takes no memory, and costs no honest source its grant", () => {
  const rates = new SourceRates({ burst: 2, perSecond: 1, slots: 64 }, seed);
  for (let source = 1; source <= 10_000; source += 1) rates.take(source * 65_537, 0);
  expect(granted(rates, 0x0a00_0001, 5, 0)).toBe(2);
});

test("time that steps back refills nothing beyond a burst", () => {
  const rates = new SourceRates({ burst: 3, perSecond: 1 }, seed);
  expect(granted(rates, 1, 5, 10_000)).toBe(3);
  expect(granted(rates, 1, 5, 0)).toBe(3);
});

describe("limits that make no sense are a RangeError", () => {
  test.each([
    { burst: 0, perSecond: 1 },
    { burst: 1, perSecond: 0 },
    { burst: Number.NaN, perSecond: 1 },
    { burst: 1, perSecond: 1, slots: 100 },
    { burst: 1, perSecond: 1, slots: 0 },
    { burst: 1, perSecond: 1, slots: 2 ** 25 },
  ])("%o", (limits) => {
    expect(() => new SourceRates(limits, seed)).toThrow(RangeError);
  });
});
