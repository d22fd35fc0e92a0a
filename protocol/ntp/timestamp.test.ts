import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ntpDifferenceMs, ntpTimestampOf, sameNtpTimestamp, unixMsOfNtp } from "./timestamp.ts";

describe("ntpTimestampOf", () => {
  // RFC 5905, figure 4 lists these dates with their eras and seconds.
  test.each([
    ["1970-01-01T00:00:00Z", 2_208_988_800],
    ["1972-01-01T00:00:00Z", 2_272_060_800],
    ["1999-12-31T00:00:00Z", 3_155_587_200],
    ["2036-02-07T06:28:15Z", 4_294_967_295],
    ["2036-02-07T06:28:16Z", 0],
    ["2036-02-08T00:00:00Z", 63_104],
  ])("%s", (moment, seconds) => {
    expect(ntpTimestampOf(Date.parse(moment))).toEqual({ seconds, fraction: 0 });
    expect(unixMsOfNtp({ seconds, fraction: 0 })).toBe(Date.parse(moment));
  });

  test.each([
    [500, { seconds: 2_208_988_800, fraction: 0x8000_0000 }],
    [-250, { seconds: 2_208_988_799, fraction: 0xc000_0000 }],
    [0.5, { seconds: 2_208_988_800, fraction: 2_147_483 }],
  ])("%d ms", (unixMs, timestamp) => {
    expect(ntpTimestampOf(unixMs)).toEqual(timestamp);
  });

  test("both halves stay within 32 bits and come back to the microsecond", () => {
    const unixMs = fc.double({
      min: Date.parse("1968-01-21T00:00:00Z"),
      max: Date.parse("2104-02-26T00:00:00Z"),
      noNaN: true,
    });
    fc.assert(
      fc.property(unixMs, (given) => {
        const timestamp = ntpTimestampOf(given);
        for (const half of [timestamp.seconds, timestamp.fraction]) {
          expect(Number.isInteger(half) && half >= 0 && half < 2 ** 32).toBe(true);
        }
        expect(Math.abs(unixMsOfNtp(timestamp) - given)).toBeLessThan(0.001);
      }),
      { seed: 5905 },
    );
  });
});

test("a difference is right across the end of an era", () => {
  const before = { seconds: 0xffff_ffff, fraction: 0x8000_0000 };
  const after = { seconds: 1, fraction: 0 };
  expect(ntpDifferenceMs(after, before)).toBe(1500);
  expect(ntpDifferenceMs(before, after)).toBe(-1500);
});

test("two timestamps are the same when both halves are", () => {
  expect(sameNtpTimestamp({ seconds: 1, fraction: 2 }, { seconds: 1, fraction: 2 })).toBe(true);
  expect(sameNtpTimestamp({ seconds: 1, fraction: 2 }, { seconds: 1, fraction: 3 })).toBe(false);
  expect(sameNtpTimestamp({ seconds: 1, fraction: 2 }, { seconds: 2, fraction: 2 })).toBe(false);
});
