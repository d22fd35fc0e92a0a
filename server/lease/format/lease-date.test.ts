import { describe, expect, test } from "vitest";
import { daysInMonth, daysOf, formatDate } from "./lease-date.ts";

function formatted(seconds: number): string {
  const target = new Uint8Array(32);
  return String.fromCharCode(...target.subarray(0, formatDate(seconds, target, 0)));
}

describe("LEASE-4: dates in UTC with the weekday's number", () => {
  const cases: readonly (readonly [seconds: number, text: string])[] = [
    [1, "4 1970/01/01 00:00:01"],
    [951_782_400, "2 2000/02/29 00:00:00"],
    [951_868_799, "2 2000/02/29 23:59:59"],
    [951_868_800, "3 2000/03/01 00:00:00"],
    [1_795_498_569, "2 2026/11/24 05:36:09"],
    [4_102_444_800, "5 2100/01/01 00:00:00"],
    [4_107_542_400, "1 2100/03/01 00:00:00"],
    [4_294_967_294, "0 2106/02/07 06:28:14"],
  ];
  for (const [seconds, text] of cases) {
    test(`${seconds} is ${text}`, () => expect(formatted(seconds)).toBe(text));
  }

  test("agrees with the platform's calendar over 136 years", () => {
    for (let seconds = 86_399; seconds < 0xffff_ffff; seconds += 86_400 * 13 + 7_919) {
      const date = new Date(seconds * 1000);
      const iso = date.toISOString();
      const expected = `${date.getUTCDay()} ${iso.slice(0, 10).replaceAll("-", "/")} ${iso.slice(11, 19)}`;
      expect(formatted(seconds)).toBe(expected);
      const [year, month, day] = iso.slice(0, 10).split("-").map(Number);
      expect(daysOf(year!, month!, day!)).toBe(Math.floor(seconds / 86_400));
    }
  });
});

test("months have the days of the Gregorian calendar", () => {
  expect([1900, 2000, 2023, 2024].map((year) => daysInMonth(year, 2))).toEqual([28, 29, 28, 29]);
  expect([1, 4, 6, 9, 11, 12].map((month) => daysInMonth(2026, month))).toEqual([
    31, 30, 30, 30, 30, 31,
  ]);
});
