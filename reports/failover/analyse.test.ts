import { describe, expect, test } from "vitest";
import type { RoleChange } from "../result/failover-result.ts";
import { failoverResultOf } from "./analyse.ts";
import { unledAcksOf } from "./leader-changes.ts";
import {
  A,
  B,
  kill,
  killRun,
  rowOf,
  runOf,
  secondsOf,
  serversOf,
  steadily,
} from "./made-up-run.testing.ts";

describe("a node that is killed", () => {
  test("RTO is from the last ACK before to the first one after", () => {
    const [event] = failoverResultOf(killRun())!.events;
    expect(event!.interruption).toEqual({
      ...{ fromMs: 10_000, toMs: 10_640, rtoMs: 640, normalGapMs: 10 },
      ...{ offeredPerSecond: 100, offeredMeanwhile: 64 },
      ...{ serverBefore: "server-1", serverAfter: "server-2" },
    });
    expect(event!.otherServerAfterMs).toBe(637);
  });

  test("it is steady when shares and percentiles are as before for three seconds", () => {
    const [event] = failoverResultOf(killRun())!.events;
    expect(event!.steadyAfterMs).toBe(14_000 - 10_003);
    expect(event!.retransmissions).toBe(64);
    expect(event!.dipPercent).toBeGreaterThan(60);
    expect(event!.dipPercent).toBeLessThan(66);
  });

  test("each device counts once, with its longest wait, and for the event in which that began", () => {
    const { events } = failoverResultOf(
      killRun([
        ["waited", 1, 3000, 7000],
        ["waited", 2, 9800, 14_000],
        ["waited", 3, 10_200, 12_200],
        ["waited", 3, 20_000, 21_000],
        ["unserved", 4, 10_300, 40_000],
        ["rebinding", 5, 25_000, 35_000],
        ["gaveUp", 4, 10_300, 38_000],
        ["expired", 6, 10_000, 36_000],
        ["expired", 8, 8000, 26_000],
        ["waited", 7, 29_995, 34_000],
      ]),
    )!;
    expect(events[0]).toMatchObject({
      ...{ devicesAffected: 3, devicesUnserved: 1, devicesRebinding: 1, leasesExpired: 1 },
      devicesGivenUp: 1,
      outageMs: { count: 2 },
    });
    expect(events[0].outageMs.max / 4200).toBeCloseTo(1, 2);
    expect(events[1]).toMatchObject({ devicesAffected: 1, devicesGivenUp: 0 });
  });

  test("HA-15: the fail-back's gap and dip are its own", () => {
    const [, back] = failoverResultOf(killRun())!.events;
    expect(back!.interruption).toMatchObject({ rtoMs: 190, serverAfter: "server-1" });
    expect(back!.dipPercent).toBeGreaterThan(15);
    expect(back!.dipPercent).toBeLessThan(22);
    expect(back!.steadyAfterMs).toBe(0);
  });

  test("HA-8: with roles, detection and take-over are told apart", () => {
    const roles: RoleChange[] = [
      { atMs: 0, node: "a", role: "active", epoch: 1 },
      { atMs: 10_430, node: "b", role: "claiming", epoch: 1 },
      { atMs: 10_600, node: "b", role: "active", epoch: 2 },
      { atMs: 30_050, node: "a", role: "active", epoch: 3 },
    ];
    const result = failoverResultOf(killRun([], roles))!;
    expect(result.events[0]).toMatchObject({ detectedAfterMs: 427, activeAfterMs: 597 });
    expect(result.events[1]).toMatchObject({ detectedAfterMs: null, activeAfterMs: 60 });
    expect(result.leaderChanges).toBe(2);
  });

  test("a service that does not come back has no RTO, and is not steady", () => {
    const rows = [...secondsOf(0, 10), ...secondsOf(10, 20, 0)];
    const run = runOf(20_000, steadily(A, 0, 10_001), rows, { events: [kill] });
    const [event] = failoverResultOf(run)!.events;
    expect(event!.interruption).toMatchObject({ fromMs: 10_000, toMs: null, rtoMs: null });
    expect(event).toMatchObject({ steadyAfterMs: null, dipPercent: 100, otherServerAfterMs: null });
  });
});

describe("what is no interruption", () => {
  const events = [kill];

  test("a gap like those before it", () => {
    // 20 a second, by chance once 300 ms without: twice the longest before is 400.
    const acks = [
      ...steadily(A, 0, 6000, 50),
      ...steadily(A, 6200, 12_000, 50),
      ...steadily(A, 12_300, 20_000, 50),
    ];
    const run = runOf(20_000, acks, secondsOf(0, 20), { events });
    expect(failoverResultOf(run)!.events[0].interruption).toBeNull();
  });

  test("a gap in which fewer than ten ACKs are missing", () => {
    const acks = [...steadily(A, 0, 10_001), ...steadily(A, 10_090, 20_000)];
    const run = runOf(20_000, acks, secondsOf(0, 20), { events });
    expect(failoverResultOf(run)!.events[0].interruption).toBeNull();
  });

  test("the time between two phases, and a phase with a small load", () => {
    const acks = [...steadily(A, 0, 12_000), ...steadily(A, 15_000, 30_000, 800)];
    const run = runOf(30_000, acks, secondsOf(0, 12), { events });
    const active = [
      { fromMs: 0, toMs: 12_000 },
      { fromMs: 15_000, toMs: 30_000 },
    ];
    expect(failoverResultOf({ ...run, active })!.events[0].interruption).toBeNull();
  });
});

test("a paused node that steps down after the other one took over did not detect anything", () => {
  const roles: RoleChange[] = [
    { atMs: -50, node: "a", role: "active", epoch: 4 },
    { atMs: 10_600, node: "b", role: "active", epoch: 5 },
    { atMs: 20_010, node: "a", role: "demoting", epoch: 5 },
  ];
  const [event] = failoverResultOf(killRun([], roles))!.events;
  expect(event).toMatchObject({ detectedAfterMs: null, activeAfterMs: 597 });
});

test("an event within the gap of another one does not count it again", () => {
  const events = [kill, { name: "cut", text: "cut a link", startedAtMs: 10_300 }];
  const acks = [...steadily(A, 0, 10_001), ...steadily(B, 10_640, 20_000)];
  const rows = [...secondsOf(0, 10), rowOf(10, 36), ...secondsOf(11, 20)];
  const result = failoverResultOf(runOf(20_000, acks, rows, { events }))!;
  expect(result.events.map(({ interruption }) => interruption?.rtoMs)).toEqual([640, undefined]);
});

describe("a pair that shares the devices", () => {
  const acks = [
    ...steadily(A, 0, 10_001, 20),
    ...steadily(A, 15_000, 20_000, 20),
    ...steadily(B, 5, 20_000, 20),
  ];
  const eventOf = (pair: Parameters<typeof runOf>[3]) =>
    failoverResultOf(runOf(20_000, acks, secondsOf(0, 20), pair))!.events[0];

  test("goes on when a node is killed, whose own ACKs stop all the same", () => {
    const event = eventOf({ events: [kill], isLoadBalanced: true });
    expect(event.interruption).toBeNull();
    expect(event.nodeInterruption).toMatchObject({
      ...{ fromMs: 10_000, toMs: 15_000, rtoMs: 5000, normalGapMs: 20 },
      ...{ offeredMeanwhile: null, serverBefore: "server-1", serverAfter: "server-1" },
    });
    const other = { ...kill, node: "b" } as const;
    expect(eventOf({ events: [other], isLoadBalanced: true }).nodeInterruption).toBeNull();
  });

  test("is the only one of which this is told", () => {
    expect(eventOf({ events: [kill] })).not.toHaveProperty("nodeInterruption");
    const { node: _, ...cut } = kill;
    const event = eventOf({ events: [cut], isLoadBalanced: true });
    expect(event).not.toHaveProperty("nodeInterruption");
    expect(eventOf({ isLoadBalanced: true })).not.toHaveProperty("nodeInterruption");
  });
});

describe("events that nobody told", () => {
  test("a server that falls silent while the other one acknowledges, and one that is back", () => {
    const acks = [
      ...steadily(A, 0, 5001),
      ...steadily(B, 5500, 12_000),
      ...steadily(A, 9000, 12_000),
    ];
    const result = failoverResultOf(runOf(12_000, acks, secondsOf(0, 12)))!;
    expect(result.source).toBe("seen");
    expect(result.events.map(({ name, startedAtMs }) => [name, startedAtMs])).toEqual([
      ["silent-a", 5000],
      ["back-a", 9000],
    ]);
    expect(result.events[0].interruption).toMatchObject({ rtoMs: 500 });
  });

  test("silence of all is no event: there may be no load", () => {
    const acks = [...steadily(A, 0, 5001), ...steadily(A, 9000, 12_000)];
    expect(failoverResultOf(runOf(12_000, acks, secondsOf(0, 12)))).toBeUndefined();
  });
});

describe("acknowledging without leadership", () => {
  const roles: RoleChange[] = [
    { atMs: -50, node: "a", role: "active", epoch: 4 },
    { atMs: 10_600, node: "b", role: "active", epoch: 5 },
  ];
  const moved = [...steadily(A, 0, 10_000), ...steadily(B, 10_640, 20_000)];
  const unled = (acks: Parameters<typeof runOf>[1], pair: Parameters<typeof runOf>[3]) =>
    unledAcksOf(runOf(20_000, acks, [], pair));

  test("nothing is wrong with a take-over, nor with a fail-back of a newer epoch", () => {
    expect(unled(moved, { roles })).toBe(0);
    const back = [...moved, ...steadily(A, 20_500, 30_000)];
    const newer: RoleChange = { atMs: 20_450, node: "a", role: "active", epoch: 6 };
    expect(unled(back, { roles: [...roles, newer] })).toBe(0);
    expect(unled(back, { roles })).toBe(950);
  });

  test("a new active that was too busy to tell has the epoch that the other node told of", () => {
    const late: RoleChange = { atMs: 12_300, node: "b", role: "active", epoch: 5 };
    const told: RoleChange = { atMs: 10_560, node: "a", role: "standby", epoch: 5 };
    expect(unled(moved, { roles: [roles[0], told, late] })).toBe(0);
    expect(unled(moved, { roles: [roles[0], late] })).toBe(936);
    // Of an epoch of which nobody was seen active it is not known whose it is.
    expect(unled(moved, { roles: [roles[0], told] })).toBe(936);
    const stale = [...moved, ...steadily(A, 15_003, 15_103)];
    expect(unled(stale, { roles: [roles[0], told, late] })).toBe(10);
  });

  test("a former active that goes on is caught, and the new one is not blamed", () => {
    const stale = [...moved, ...steadily(A, 15_003, 15_103)];
    expect(unled(stale, { roles })).toBe(10);
  });

  test("a single ACK is enough", () => {
    expect(unled([...moved, [A, 15_003]], { roles })).toBe(1);
  });

  test("even an ACK that its device ignored, because the other node had answered", () => {
    const run = runOf(20_000, moved, [], { roles });
    const ignored = serversOf([[A, 15_003, 15_000.5]]);
    expect(unledAcksOf({ ...run, history: { ...run.history, ignored } })).toBe(1);
    const before = serversOf([[A, 10_655, 9990]]);
    expect(unledAcksOf({ ...run, history: { ...run.history, ignored: before } })).toBe(0);
  });

  test("an ACK that is neither node's is nobody's right, wherever it comes in", () => {
    expect(unled([...moved, [0, 5000], [0, 9000]], { roles })).toBe(2);
    const run = runOf(20_000, moved, [], { roles });
    const ignored = serversOf([[0, 15_003]]);
    expect(unledAcksOf({ ...run, history: { ...run.history, ignored } })).toBe(1);
  });

  test("what was asked before the new one acknowledged proves nothing", () => {
    expect(unled([...moved, [A, 10_655, 9990]], { roles })).toBe(0);
    expect(unled([...moved, [A, 10_655, 10_648]], { roles })).toBe(1);
  });

  test("an older epoch that is told again gives no right", () => {
    const again: RoleChange = { atMs: 15_000, node: "a", role: "active", epoch: 4 };
    expect(unled([...moved, [A, 15_003]], { roles: [...roles, again] })).toBe(1);
  });

  test("without epochs, each event explains one move", () => {
    expect(unled(moved, { events: [kill] })).toBe(0);
    expect(unled([...moved, ...steadily(A, 15_003, 15_103)], { events: [kill] })).toBe(10);
    const early = { ...kill, startedAtMs: 12_000 };
    expect(unled(moved, { events: [early] })).toBe(936);
  });

  test("without epochs, a node that is started again may take the service back, once", () => {
    const back = [...moved, ...steadily(A, 20_500, 30_000)];
    const restarted = { ...kill, endedAtMs: 18_000 };
    expect(unled(back, { events: [restarted] })).toBe(0);
    expect(unled([...back, ...steadily(B, 30_500, 31_000)], { events: [restarted] })).toBe(50);
    expect(unled(back, { events: [{ ...restarted, endedAtMs: 21_000 }] })).toBe(950);
  });

  test("both in turns is split brain, however often", () => {
    const both = [...moved, ...steadily(A, 12_005, 20_000)];
    expect(unled(both, { events: [kill] })).toBeGreaterThan(700);
  });

  test("a pair that shares the load has no leader", () => {
    expect(unled(moved, { roles, isLoadBalanced: true })).toBeUndefined();
  });
});

test("where devices act by themselves alone, ACKs tell of the gap, and nobody knows what was offered", () => {
  const idle = secondsOf(0, 20).map((row) => ({ ...row, renewSent: 0 }));
  const acks = [...steadily(A, 0, 10_001), ...steadily(B, 10_640, 20_000)];
  const [event] = failoverResultOf(runOf(20_000, acks, idle, { events: [kill] }))!.events;
  expect(event!.interruption).toMatchObject({
    ...{ rtoMs: 640, offeredPerSecond: null, offeredMeanwhile: null },
  });
  expect(event!.steadyAfterMs).toBeNull();
  expect(event!.dipPercent).toBeGreaterThan(60);
});
