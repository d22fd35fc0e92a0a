import { expect, test } from "vitest";
import { judged, type Series } from "./soak-verdict.ts";
import type { Point } from "./trend.ts";

const SEED = 7;

function series(hours: number, value: (hours: number, index: number) => number): Series {
  const count = 480;
  const points = Array.from({ length: count }, (_, index): Point => {
    const at = (hours * index) / (count - 1);
    return { hours: at, value: value(at, index) };
  });
  return { of: "server", measure: "residentMiB", points };
}

test("what does not grow is flat, and is looked at a month ahead", () => {
  expect(
    judged(
      series(2, () => 180),
      SEED,
    ),
  ).toEqual({
    ...{ of: "server", measure: "residentMiB", start: 180, end: 180 },
    ...{ slope: 0, slopeLow: 0, slopeHigh: 0, hoursAhead: 720, growthWorst: 0, growthMax: 2048 },
    verdict: "flat",
  });
});

test("5 MiB an hour are 3.5 GiB in a month: it grows", () => {
  const row = judged(
    series(2, (hours) => 180 + 5 * hours),
    SEED,
  )!;
  expect(row.verdict).toBe("grows");
  expect(row.start).toBeCloseTo(180.5, 1);
  expect(row.end).toBeCloseTo(189.5, 1);
  expect(row.growthWorst).toBeCloseTo(3600, 3);
});

test("2 MiB an hour are less than 2 GiB in a month", () => {
  expect(
    judged(
      series(2, (hours) => 180 + 2 * hours),
      SEED,
    )!.verdict,
  ).toBe("flat");
});

test("where the interval reaches over the bound but is not beyond it, nothing is said", () => {
  const wide = series(2, (hours, index) => 180 + 2.8 * hours + 60 * Math.sin(index / 30));
  expect(judged(wide, SEED)).toMatchObject({ verdict: "open" });
});

test("what shrinks is flat", () => {
  expect(
    judged(
      series(2, (hours) => 500 - 50 * hours),
      SEED,
    )!.verdict,
  ).toBe("flat");
});

test("a run of minutes looks ahead twenty times as far as it measured", () => {
  const hours = 1 / 30;
  const row = judged(
    series(hours, (at) => 180 + 60 * at),
    SEED,
  )!;
  expect(row.hoursAhead).toBeCloseTo(2 / 3);
  // A mebibyte a minute while it warms up.
  expect(row.verdict).toBe("flat");
  expect(
    judged(
      series(hours, (at) => 180 + 6000 * at),
      SEED,
    )!.verdict,
  ).toBe("grows");
});

test("a simulator is looked at no further ahead than a run may last", () => {
  const own = { ...series(2, (hours) => 180 + 20 * hours), livesHoursMax: 24 };
  expect(judged(own, SEED)).toMatchObject({ hoursAhead: 24, verdict: "flat" });
});

test("a process that had just begun is not judged", () => {
  expect(judged({ ...series(2, () => 1), points: [{ hours: 0, value: 1 }] }, SEED)).toBeUndefined();
});
