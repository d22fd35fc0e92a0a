import { describe, expect, test } from "vitest";
import {
  backoffMs,
  desynchronizationMs,
  giveUpMs,
  leaseRetryAtMs,
  rfc2131Retry,
} from "./retry-policy.ts";

const LOWEST = 0;
const MIDDLE = 2 ** 31;
const HIGHEST = 2 ** 32 - 1;

describe("back-off (RFC 2131 section 4.1)", () => {
  for (const [attempt, delayMs] of [
    [0, 4000],
    [1, 8000],
    [2, 16_000],
    [3, 32_000],
    [4, 64_000],
    [5, 64_000],
    [200, 64_000],
  ]) {
    test(`transmission ${attempt}: ${delayMs} ms plus or minus one second`, () => {
      expect(backoffMs(rfc2131Retry, attempt, LOWEST)).toBe(delayMs - 1000);
      expect(backoffMs(rfc2131Retry, attempt, MIDDLE)).toBe(delayMs);
      expect(backoffMs(rfc2131Retry, attempt, HIGHEST)).toBeCloseTo(delayMs + 1000, 3);
    });
  }
  test("five transmissions wait 124 s, and as many seconds of jitter, at most", () => {
    expect(giveUpMs(rfc2131Retry)).toBeCloseTo(129_000, 1);
    const twice = { ...rfc2131Retry, firstDelayMs: 300, maxDelayMs: 400, jitterMs: 0 };
    expect(giveUpMs({ ...twice, transmissionsMax: 2 })).toBe(700);
  });
  test("never waits for nothing, whatever the jitter", () => {
    expect(backoffMs({ ...rfc2131Retry, firstDelayMs: 10 }, 0, LOWEST)).toBe(1);
  });
});

describe("repeating a renewal (RFC 2131 section 4.4.5)", () => {
  for (const [what, nowMs, limitMs, expected] of [
    ["half of what is left", 0, 1_000_000, 500_000],
    ["never below 60 s", 0, 100_000, 60_000],
    ["at the limit at the latest", 0, 30_000, 30_000],
    ["at once when the limit is now", 30_000, 30_000, 30_000],
  ] as const) {
    test(what, () => expect(leaseRetryAtMs(nowMs, limitMs)).toBe(expected));
  }
});

test("a new start waits 1 to 10 s (RFC 2131 section 4.4.1)", () => {
  expect(desynchronizationMs(LOWEST)).toBe(1000);
  expect(desynchronizationMs(HIGHEST)).toBeLessThanOrEqual(10_000);
  expect(desynchronizationMs(HIGHEST)).toBeGreaterThan(9999);
});
