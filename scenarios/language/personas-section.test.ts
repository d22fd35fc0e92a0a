import { expect, test } from "vitest";
import { readSmall } from "../small-scenario.testing.ts";

const read = (personas: string, cmtsCount = 2) =>
  readSmall({
    population: `{ cableModems: 100, cmtsCount: ${cmtsCount} }`,
    more: [`personas: ${personas}`],
  });

test("personas are a share of the devices", () => {
  const reading = read("[{ kind: impatient, percent: 2 }, { kind: duplicate-mac, percent: 1 }]");
  expect(reading.kind === "ok" && reading.scenario.personas).toEqual([
    { kind: "impatient", percent: 2 },
    { kind: "duplicate-mac", percent: 1 },
  ]);
});

test.each([
  ["an unknown kind", "[{ kind: sleepy, percent: 2 }]", 2, /personas.*kind/],
  [
    "more than everybody",
    "[{ kind: impatient, percent: 60 }, { kind: never-renews, percent: 41 }]",
    2,
    /101 %/,
  ],
  ["a twin without a place", "[{ kind: duplicate-mac, percent: 1 }]", 1, /twin on another CMTS/],
] as const)("refuses %s", (_, personas, cmtsCount, message) => {
  const reading = read(personas, cmtsCount);
  expect(reading.kind).toBe("failed");
  expect(JSON.stringify(reading)).toMatch(message);
});
