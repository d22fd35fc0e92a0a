import { expect, test } from "vitest";
import { sleepMs } from "./pacing.ts";

test.each([
  ["what is late already", -3, 0],
  ["what is due now", 0, 0],
  ["the next one of 10,000 a second", 0.1, 0],
  ["the next one of 5,000 a second", 0.2, 0.2],
  ["the next one of 300 a second", 3.3, 3.3],
  ["nothing for a long time", 1000, 5],
  ["nothing at all", Number.POSITIVE_INFINITY, 5],
])("%s, in %d ms: sleeps %d ms", (_what, dueInMs, expected) => {
  expect(sleepMs(dueInMs, 5)).toBe(expected);
});

test("a worker at a steady rate below 5,000 a second is never kept awake", () => {
  for (let rate = 1; rate <= 5000; rate += 1) expect(sleepMs(1000 / rate, 5)).toBeGreaterThan(0);
});
