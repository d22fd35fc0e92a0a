import { describe, expect, test } from "vitest";
import {
  grantedSeconds,
  INFINITE_SECONDS,
  isYoungEnough,
  type LeaseTimeLimits,
  renewalTimes,
} from "./lease-times.ts";

function limits(
  defaultSeconds?: number,
  maxSeconds?: number,
  minSeconds?: number,
): LeaseTimeLimits {
  return { defaultSeconds, maxSeconds, minSeconds };
}

describe("granted lease time (CONF-13)", () => {
  test.each([
    ["nothing configured, nothing asked", undefined, limits(), 43_200],
    ["nothing configured, a week asked", 604_800, limits(), 86_400],
    ["nothing configured, a second asked", 1, limits(), 300],
    ["the DOCSIS example", undefined, limits(21_600, 21_600), 21_600],
    ["the DOCSIS example, more asked", 90_000, limits(21_600, 21_600), 21_600],
    ["the DOCSIS example, less asked", 600, limits(21_600, 21_600), 600],
    ["a default below the compiled minimum is raised to it", undefined, limits(100), 300],
    ["a maximum below 300 lowers the compiled minimum", undefined, limits(100, 120), 120],
    ["a maximum below 300, more asked", 500, limits(100, 120), 120],
    ["a maximum below 300, default above it", undefined, limits(undefined, 120), 120],
    ["the configured minimum comes last", 60, limits(600, 1200, 900), 900],
    ["the configured minimum wins over the maximum", undefined, limits(600, 700, 900), 900],
    ["infinity asked, finite maximum", INFINITE_SECONDS, limits(600, 1200), 1200],
    [
      "infinity asked and allowed",
      INFINITE_SECONDS,
      limits(600, INFINITE_SECONDS),
      INFINITE_SECONDS,
    ],
    ["0 asked", 0, limits(600, 1200), 300],
  ])("%s", (_name, requested, limit, expected) => {
    expect(grantedSeconds(requested, limit)).toBe(expected);
  });
});

describe("T1 and T2", () => {
  test.each([
    ["not configured, not sent", 600, undefined, undefined, undefined, undefined],
    ["in order", 600, 300, 525, 300, 525],
    ["T2 equal to the lease time is dropped", 600, 300, 600, 300, undefined],
    ["T2 above the lease time is dropped", 600, 300, 700, 300, undefined],
    ["T1 equal to T2 is dropped", 600, 525, 525, undefined, 525],
    ["T1 above T2 is dropped", 600, 550, 525, undefined, 525],
    ["T1 is measured against the lease when T2 was dropped", 600, 650, 700, undefined, undefined],
    ["T1 alone", 600, 599, undefined, 599, undefined],
    ["T1 alone, too late", 600, 600, undefined, undefined, undefined],
  ])("%s", (_name, lease, t1, t2, expectedT1, expectedT2) => {
    expect(renewalTimes(lease, t1, t2)).toEqual({
      renewalSeconds: expectedT1,
      rebindingSeconds: expectedT2,
    });
  });
});

describe("dhcp-cache-threshold", () => {
  test.each([
    ["fresh", 1000, 2000, 1000, 25, true],
    ["at the threshold", 1000, 2000, 1250, 25, true],
    ["past the threshold", 1000, 2000, 1251, 25, false],
    ["40 s lease after 3 s", 0, 40, 3, 25, true],
    ["switched off", 1000, 2000, 1000, 0, false],
    ["100 percent", 1000, 2000, 2000, 100, true],
    ["a lease without end", 1000, undefined, 9_999_999, 25, true],
    ["a lease without end, switched off", 1000, undefined, 1000, 0, false],
  ])("%s", (_name, startsAt, endsAt, now, percent, expected) => {
    expect(isYoungEnough(startsAt, endsAt, now, percent)).toBe(expected);
  });
});
