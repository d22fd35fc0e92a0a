import { expect, test } from "vitest";
import { againstDisk } from "./latency-bar.ts";

const syncs = { p99: 2.5, p999: 40 };

test.each([
  [
    { p99: 3.5, p999: 43 },
    "p99 3.50 ms beside 2.50 ms: met (+1.00, at most +1), " +
      "p99.9 43.00 ms beside 40.00 ms: met (+3.00, at most +3)",
  ],
  [
    { p99: 3.51, p999: 39 },
    "p99 3.51 ms beside 2.50 ms: missed (+1.01, at most +1), " +
      "p99.9 39.00 ms beside 40.00 ms: met (−1.00, at most +3)",
  ],
])("a Discover's tail beside the disk's own", (discover, words) => {
  expect(againstDisk(discover, syncs)).toBe(words);
});
