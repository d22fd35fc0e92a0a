import { expect, test } from "vitest";
import { RestartDelay } from "./restart-delay.ts";

test("a service that breaks at once waits longer each time, and never more than a minute", () => {
  const delay = new RestartDelay();
  const delays = Array.from({ length: 8 }, () => delay.next(10));
  expect(delays).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test("one that has lived for a minute is started again after a second", () => {
  const delay = new RestartDelay();
  for (let breaks = 0; breaks < 8; breaks += 1) delay.next(10);
  expect([delay.next(60_000), delay.next(59_999)]).toEqual([1000, 2000]);
});
