import { expect, test } from "vitest";
import { figure, soakTable } from "./soak-table.ts";
import type { JudgedSeries } from "./soak-verdict.ts";

const row: JudgedSeries = {
  ...{ of: "pair: prov-a", measure: "residentMiB", start: 182.4, end: 183, verdict: "flat" },
  ...{ slope: 0.2, slopeLow: -0.125, slopeHigh: 1.1, hoursAhead: 720, growthWorst: 792 },
  growthMax: 2048,
};

test("a row says level, slope and worst case, within 80 columns; what is not flat comes first", () => {
  const grows = { ...row, of: "services: simulator", growthWorst: 8000, verdict: "grows" } as const;
  const wide = {
    ...row,
    slopeLow: -99_000.4,
    slopeHigh: 99_000.4,
    measure: "latencyMsP99",
  } as const;
  expect(soakTable([row, grows, wide]).split("\n")).toEqual([
    "                                        start    end an hour, 90 %  worst",
    "services: simulator    memory, MiB        182    183   -0.13 +1.10   8000 grows",
    "pair: prov-a           memory, MiB        182    183   -0.13 +1.10    792 flat",
    "pair: prov-a           latency p99, ms    182    183 -99000 +99000    792 flat",
  ]);
});

test.each([
  [0, "0.00"],
  [-0.034, "-0.03"],
  [12.34, "12.3"],
  [180.2, "180"],
  [99_949, "99949"],
  [123_456, "123k"],
  [-4_500_000, "-4M"],
  [7e9, "7G"],
])("%d is %s", (value, text) => {
  expect(figure(value)).toBe(text);
});
