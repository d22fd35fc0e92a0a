import { expect, test } from "vitest";
import { AddressRanges } from "./address-ranges.ts";

test("look-ups from one range to another, and to addresses between them, in every order", () => {
  const ranges = [
    { low: 50, high: 53, pool: 1 },
    { low: 10, high: 12, pool: 0 },
    { low: 54, high: 54, pool: 2 },
  ];
  const all = new AddressRanges(ranges);
  const numbered = [10, 11, 12, 50, 51, 52, 53, 54];
  const places = Array.from({ length: 50 }, (_, at) => at + 8);
  for (const before of places) {
    for (const address of places) {
      all.indexOf(before);
      const index = numbered.indexOf(address);
      expect(all.indexOf(address), `${address} after ${before}`).toBe(index);
      if (index < 0) continue;
      all.poolOf(Math.max(0, numbered.indexOf(before)));
      const home = ranges.find(({ low, high }) => low <= address && address <= high);
      expect([all.poolOf(index), all.addressOf(index)]).toEqual([home?.pool, address]);
    }
  }
  expect([all.size, all.poolCount]).toEqual([8, 3]);
});

test("no ranges at all", () => {
  const none = new AddressRanges([]);
  expect([none.size, none.indexOf(0), none.indexOf(7)]).toEqual([0, -1, -1]);
});
