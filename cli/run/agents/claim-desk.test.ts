import { describe, expect, test } from "vitest";
import { ClaimDesk } from "./claim-desk.ts";

const session = "3e1f0f5e-6a53-4d9c-9f1c-6b8b0d2a7c11";
const run = "d1c1f1de-2f4b-4c0e-8a6e-0f5a1b2c3d4e";
const claim = { run, lease: 1, index: 0, count: 1, session, madeAtMs: 1_000_000 };

test("a fresh claim is taken once", () => {
  const desk = new ClaimDesk(session);
  expect(desk.refusalOf(claim, 1_000_500)).toBeUndefined();
  expect(desk.refusalOf(claim, 1_000_600)).toBe(`run ${run} was played already`);
  expect(desk.refusalOf({ ...claim, run: session }, 1_000_600)).toBeUndefined();
});

test("what was taken is forgotten only when it would be too old", () => {
  const desk = new ClaimDesk(session);
  const ahead = { ...claim, madeAtMs: 1_060_000 };
  expect(desk.refusalOf(ahead, 1_000_000)).toBeUndefined();
  for (const nowMs of [1_060_000, 1_119_000, 1_120_000]) {
    expect(desk.refusalOf(ahead, nowMs)).toMatch(/played already/);
  }
  expect(desk.refusalOf(ahead, 1_120_001)).toMatch(/60 s old/);
});

describe("not taken", () => {
  test.each([
    ["one of an earlier start", { ...claim, session: run }, 1_000_000, /an earlier start of/],
    ["one of an hour ago", claim, 4_600_000, /is 3600 s old \(limit 60 s\): let NTP/],
    ["one of the future", claim, 900_000, /is 100 s ahead/],
  ])("%s", (_, old, nowMs, words) => {
    expect(new ClaimDesk(session).refusalOf(old, nowMs)).toMatch(words);
  });
});
