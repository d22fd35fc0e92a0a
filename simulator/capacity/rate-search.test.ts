import { describe, expect, test } from "vitest";
import { RateSearch, type SearchPlan, type TrialVerdict } from "./rate-search.ts";

const plan: SearchPlan = {
  firstRate: 1000,
  rateMin: 10,
  rateMax: 100_000,
  growth: 1.5,
  precision: 1.05,
  trialsMax: 40,
};

/** Runs the search against a server that keeps every rate up to `capacity`. */
function search(
  changes: Partial<SearchPlan>,
  verdictAt: (rate: number) => TrialVerdict,
): { readonly search: RateSearch; readonly rates: readonly number[] } {
  const found = new RateSearch({ ...plan, ...changes });
  const rates: number[] = [];
  for (let rate = found.nextRate(); rate !== undefined; rate = found.nextRate()) {
    rates.push(rate);
    found.record(rate, verdictAt(rate));
  }
  return { search: found, rates };
}

const capacityOf =
  (capacity: number) =>
  (rate: number): TrialVerdict =>
    rate <= capacity ? "kept" : "missed";

describe("the search for the maximum rate", () => {
  test.each([11, 87, 640, 999, 1000, 1001, 4321, 55_555, 99_000])(
    "comes within its precision of a capacity of %i, from either side",
    (capacity) => {
      const { search: found, rates } = search({}, capacityOf(capacity));
      expect(found.end).toBe("found");
      expect(found.maximum).toBeLessThanOrEqual(capacity);
      expect(found.maximum).toBeGreaterThanOrEqual(Math.floor(capacity / 1.05) - 1);
      expect(new Set(rates).size).toBe(rates.length);
      expect(rates.length).toBeLessThan(20);
    },
  );

  test("starts at the first rate and needs few trials when that is a good guess", () => {
    const { rates } = search({ growth: 1.2, precision: 1.07 }, capacityOf(1040));
    expect(rates[0]).toBe(1000);
    expect(rates.length).toBeLessThanOrEqual(5);
  });

  test("ends at the highest rate that may be tried", () => {
    const { search: found, rates } = search({}, () => "kept");
    expect([found.end, found.maximum]).toEqual(["rate-max", 100_000]);
    expect(rates.at(-1)).toBe(100_000);
  });

  test("ends at the lowest rate when even that is missed", () => {
    const { search: found, rates } = search({}, () => "missed");
    expect([found.end, found.maximum]).toEqual(["rate-min", undefined]);
    expect(rates.at(-1)).toBe(10);
  });

  test("stays below a rate that the generator cannot offer, and says so", () => {
    const { search: found } = search({}, (rate) => (rate > 5000 ? "generator-limited" : "kept"));
    expect(found.end).toBe("generator");
    expect(found.maximum).toBeLessThanOrEqual(5000);
  });

  test("the server is the limit when it misses below what the generator cannot offer", () => {
    const { search: found } = search({ firstRate: 8000 }, (rate) =>
      rate > 5000 ? "generator-limited" : capacityOf(3000)(rate),
    );
    expect(found.end).toBe("found");
    expect(found.maximum).toBeLessThanOrEqual(3000);
  });

  test("never makes more trials than it may", () => {
    const { search: found, rates } = search({ trialsMax: 3 }, capacityOf(50_000));
    expect([found.end, rates.length]).toEqual(["trials", 3]);
  });

  test("ends between two neighbouring whole rates, however fine the precision", () => {
    const { search: found } = search(
      { firstRate: 10, rateMin: 1, precision: 1.000_001 },
      capacityOf(12),
    );
    expect([found.end, found.maximum]).toEqual(["found", 12]);
  });

  test.each([
    ["rates out of order", { firstRate: 5, rateMin: 10 }],
    ["a growth that does not grow", { growth: 1 }],
    ["a precision that is never reached", { precision: 1 }],
    ["no trial at all", { trialsMax: 0 }],
    ["a rate that is not a number", { firstRate: Number.NaN }],
  ])("refuses %s", (_, changes) => {
    expect(() => new RateSearch({ ...plan, ...changes })).toThrow(RangeError);
  });
});
