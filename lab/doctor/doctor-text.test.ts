import { expect, test } from "vitest";
import { LatencyHistogram } from "../../base/histogram.ts";
import { distributionOf } from "../../reports/result/distribution.ts";
import { doctorText } from "./doctor-text.ts";
import { type CheckResult, DOCTOR_SCHEMA, type DoctorResult } from "./finding.ts";

function distribution(...ms: readonly number[]) {
  const histogram = new LatencyHistogram();
  for (const each of ms) histogram.recordMs(each);
  return distributionOf(histogram);
}

const slowDisk: CheckResult = {
  id: "disk",
  state: "slow",
  said: "in /home/somebody/a/checkout/runs, at the guide's load: the longest sync held exchanges back for 183 ms",
  advice: [
    {
      text: "Put results and leases on a disk that does less besides, with prov run --out; try another one",
      command: `npx prov doctor /mnt/${"long-name-".repeat(8)}`,
    },
    { text: "Or wait" },
  ],
  waitsMs: distribution(0.2, 0.6, 183),
  figures: {},
};

const result: DoctorResult = {
  schema: DOCTOR_SCHEMA,
  startedAt: "2026-12-02T18:00:00.000Z",
  durationMs: 17_200,
  machine: {
    ...{
      cpu: "Some CPU of 16 cores with a long name @ 2.90GHz",
      cores: 2,
      kernel: "6.1.0-18-amd64",
    },
    ...{ node: "v20.19.5", provlab: "0.1.0" },
  },
  folder: "/home/somebody/a/checkout/runs",
  checks: [
    slowDisk,
    { id: "timers", state: "unknown", said: "no loopback here", advice: [], figures: {} },
    { id: "buffers", state: "fine", said: "hold 13,107 packets", advice: [], figures: {} },
  ],
  forecast: { discover: distribution(1, 2, 3), renew: distribution(1, 2) },
};

test("fits 80 columns, except for a command, which stays whole", () => {
  const lines = doctorText(result).split("\n");
  const command = slowDisk.advice[0]!.command!;
  expect(lines.filter((line) => line.length > 80)).toEqual([`${" ".repeat(14)}${command}`]);
});

test("says the figures, each state, what they mean and what to change", () => {
  const text = doctorText(result);
  expect(text).toMatch(/^disk +a record, written and synced +0.600 +183 +183 +183$/m);
  expect(text).toMatch(/^disk +SLOW +in \/home/m);
  expect(text).toMatch(/^timers +unknown +no loopback here$/m);
  expect(text).toMatch(/^buffers +ok +hold 13,107 packets$/m);
  expect(text).toMatch(/^ +a Discover +2.00 +3.00 +3.00$/m);
  expect(text).toContain("What to change");
  expect(text).toContain("Or wait.");
});

test("says nothing of what was not measured, and nothing to change where all is well", () => {
  const { forecast: _, ...without } = { ...result, checks: result.checks.slice(2) };
  const text = doctorText(without);
  expect(text).not.toContain("Discover");
  expect(text).not.toContain("What to change");
});

test("a colour is not a column", () => {
  const paint = { good: marked, bad: marked, warn: marked };
  expect(doctorText(result, paint).replaceAll(/[<>]/g, "")).toBe(doctorText(result));
});

function marked(text: string): string {
  return `<${text}>`;
}
