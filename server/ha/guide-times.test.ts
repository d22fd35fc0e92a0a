import { describe, expect, test } from "vitest";
import { presenceSecondsOf } from "../mandate/edge/etcd-leadership.ts";
import { haProfiles } from "./heartbeat-times.ts";
import { type PairFault, PairModel, type Side } from "./pair-model.testing.ts";

// The guide's own times (section 1.2(2)), in virtual time: both nodes, their links and the store, with messages
// that are late or lost.

const times = haProfiles.guide;
const holdMs = presenceSecondsOf(times.deadMs) * 1000;
const startedMs = 10_000;
const forever = 1e9;
/** HA-8 and HA-15. */
const detectionMsMax = 18_000;
const failOverMsMax = 30_000;
const failBackMsMax = 12_000;

/** A pair that has started, to which this happens; a keepalive is not in step with it. */
function pairWith(seed: number, ...faults: readonly PairFault[]): PairModel {
  const model = new PairModel({ seed, times, faults, holdMs });
  model.run(startedMs);
  expect([model.role(0), model.role(1)], model.logs.join("\n")).toEqual(["active", "standby"]);
  return model;
}

function commitGapMs({ commits }: PairModel, from: Side, to: Side): number {
  const first = commits.find(({ side }) => side === to)!;
  return first.atMs - commits.findLast((c) => c.side === from && c.atMs < first.atMs)!.atMs;
}

const at = (seed: number, side: Side = 0) =>
  ({ atMs: 20_000 + 733 * seed, side, forMs: forever }) as const;
const seeds = [1, 2, 3];

describe.each(seeds)("seed %i", (seed) => {
  test("PERF-8, HA-8: a node that dies is found within 18 s, and replaced within 30 s", () => {
    const fault = { kind: "kill", ...at(seed) } as const;
    const model = pairWith(seed, fault);
    model.run(fault.atMs + failOverMsMax);
    const log = model.logs.join("\n");
    const [, taken] = model.claims;
    expect(taken?.side, log).toBe(1);
    const detectedAfterMs = taken!.atMs - fault.atMs;
    // Not sooner either: a heartbeat that is lost is no failure.
    expect(detectedAfterMs, log).toBeGreaterThan(times.deadMs - times.keepaliveMs - 100);
    expect(detectedAfterMs, log).toBeLessThanOrEqual(detectionMsMax + 100);
    expect(commitGapMs(model, 0, 1), log).toBeLessThan(failOverMsMax);
  });

  test("PERF-8, HA-15: a fail-back takes less than 12 s", () => {
    const order = { kind: "order", order: "hand-over", ...at(seed) } as const;
    const model = pairWith(seed, order);
    model.run(order.atMs + failBackMsMax);
    expect([model.role(0), model.role(1)], model.logs.join("\n")).toEqual(["standby", "active"]);
    expect(commitGapMs(model, 0, 1)).toBeLessThan(failBackMsMax);
    expect(model.problems).toEqual([]);
  });
});

test("HA-24, HA-27 watchdog: a dead node is found by the other one, a service that hangs by its own node", () => {
  const dead = pairWith(1, { kind: "kill", ...at(1) });
  dead.run(60_000);
  expect(dead.logs.join("\n")).toMatch(/prov02: claiming .* no heartbeat .*\(HA-10\)/);
  const hanging = pairWith(1, { kind: "stall-data-plane", ...at(1) });
  hanging.run(60_000);
  const log = hanging.logs.join("\n");
  expect(log).toMatch(/prov01: handing over .* stands still \(HA-11\)/);
  expect(log).not.toMatch(/no heartbeat/);
  expect([dead.role(1), hanging.role(1)]).toEqual(["active", "active"]);
});

test("HA-27 auto_failback, off: a repaired node takes nothing back, however long it is well", () => {
  const model = pairWith(1, { kind: "kill", ...at(1), forMs: 30_000 });
  model.run(200_000);
  expect([model.role(0), model.role(1)]).toEqual(["standby", "active"]);
  expect(model.claims.map(({ side }) => side)).toEqual([0, 1]);
});

test("HA-27 stonith, off: a node that hung commits nothing once it was replaced", () => {
  const model = pairWith(1, { kind: "pause", ...at(1), forMs: 40_000 });
  model.run(120_000);
  const [, taken] = model.claims;
  expect(taken?.side).toBe(1);
  expect(model.commits.filter(({ side, atMs }) => side === 0 && atMs >= taken!.atMs)).toEqual([]);
  expect([model.role(0), model.role(1)]).toEqual(["standby", "active"]);
  expect(model.problems).toEqual([]);
});
