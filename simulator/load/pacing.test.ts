import { expect, test } from "vitest";
import { sleepMs } from "./pacing.ts";

test.each([
  ["what is late already", -3, 0],
  ["what is due now", 0, 0],
  ["what is due in a moment", 0.03, 0],
  ["the next one of 10,000 a second", 0.1, 0.07],
  ["the next one of 5,000 a second", 0.2, 0.17],
  ["the next one of 300 a second", 3.3, 3.27],
  ["nothing for a long time", 1000, 5],
  ["nothing at all", Number.POSITIVE_INFINITY, 5],
])("%s, in %d ms: sleeps %d ms", (_what, dueInMs, expected) => {
  expect(sleepMs(dueInMs, 5)).toBeCloseTo(expected, 9);
});

test("a worker at a steady rate below 30,000 a second is never kept awake", () => {
  for (let rate = 1; rate <= 30_000; rate += 1) expect(sleepMs(1000 / rate, 5)).toBeGreaterThan(0);
});
