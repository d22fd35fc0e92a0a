import { expect, test } from "vitest";
import { Population } from "../../scenarios/population/population.ts";
import type { PhasePlan } from "../plan/run-plan.ts";
import { PhaseStreams } from "./streams.ts";

const phase: PhasePlan = {
  name: "mixed",
  streams: [
    { kind: "rate", exchange: "discover", ratePerSecond: 10 },
    { kind: "rate", exchange: "renew", ratePerSecond: 40 },
  ],
  until: { durationMs: 1000 },
  timeLimitMs: 0,
  drainMs: 0,
  powerCycle: false,
};

const population = new Population({
  cableModems: 70,
  mtas: 30,
  cpes: 0,
  smartMeters: 0,
  cmtsCount: 1,
});

function streams(): PhaseStreams {
  return new PhaseStreams({
    phase,
    phaseIndex: 1,
    seed: 9,
    population,
    holdsLease: (device) => device < 50,
    owns: () => true,
    worker: { index: 0, count: 1 },
    inFlight: () => 0,
  });
}

function taken(from: PhaseStreams, limits: { nowMs: number; endMs: number; count: number }) {
  const found: { stream: number; device: number; atMs: number }[] = [];
  const count = from.takeDue(limits, (stream, device, atMs) => {
    found.push({ stream, device, atMs });
    return true;
  });
  expect(count).toBe(found.length);
  return found;
}

test("streams are merged by intended time, each at its own rate", () => {
  const found = taken(streams(), { nowMs: 2000, endMs: 1000, count: 1000 });
  expect(found.filter(({ stream }) => stream === 0)).toHaveLength(10);
  expect(found.filter(({ stream }) => stream === 1)).toHaveLength(40);
  expect(found.map(({ atMs }) => atMs)).toEqual(
    found.map(({ atMs }) => atMs).sort((a, b) => a - b),
  );
  expect(found.every(({ stream, device }) => (stream === 1) === device < 50)).toBe(true);
});

test("hands out what is due, before the end, and no more than asked for", () => {
  const mixed = streams();
  expect(mixed.nextDueMs()).toBe(0);
  expect(taken(mixed, { nowMs: 50, endMs: 1000, count: 2 }).map(({ atMs }) => atMs)).toEqual([
    0, 0,
  ]);
  expect(taken(mixed, { nowMs: 50, endMs: 1000, count: 9 }).map(({ atMs }) => atMs)).toEqual([
    25, 50,
  ]);
  expect(mixed.nextDueMs()).toBe(75);
  expect(taken(mixed, { nowMs: 500, endMs: 75, count: 9 })).toEqual([]);
  expect(taken(mixed, { nowMs: 500, endMs: 75.1, count: 9 })).toHaveLength(1);
});
