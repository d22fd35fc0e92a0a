import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { haProfiles } from "./heartbeat-times.ts";
import { type PairFault, PairModel, type Side } from "./pair-model.testing.ts";

const times = haProfiles.fast;
const startedMs = 1500;
const forever = 1e9;

/** A pair that has started, and what then happens to it. */
function pairWith(...faults: readonly PairFault[]): PairModel {
  const model = new PairModel({ seed: 7, times, faults });
  model.run(startedMs);
  expect([model.role(0), model.role(1)], model.logs.join("\n")).toEqual(["active", "standby"]);
  return model;
}

/** From the last commit of `from` to the first one of `to`. */
function gapMs({ commits }: PairModel, from: Side, to: Side): number {
  const first = commits.find(({ side }) => side === to)!;
  return first.atMs - commits.findLast((c) => c.side === from && c.atMs < first.atMs)!.atMs;
}

const at = (side: Side, forMs = forever) => ({ atMs: 2000, side, forMs });
const cutBothLinks = (forMs?: number): readonly PairFault[] =>
  ([0, 1] as const).flatMap((side) =>
    [0, 1].map((link) => ({ kind: "cut-link", link, ...at(side, forMs) }) as const),
  );

test("HA-22: the first node of the configuration becomes active, the other stands by", () => {
  const { logs, problems, claims } = pairWith();
  expect(problems, logs.join("\n")).toEqual([]);
  expect(claims.map(({ side }) => side)).toEqual([0]);
});

test("HA-28 (initdead): a node that is alone from the start serves after initdead", () => {
  const model = new PairModel({ seed: 1, times, faults: [{ kind: "kill", ...at(1), atMs: 0 }] });
  model.run(times.initialDeadMs - 100);
  expect(model.role(0)).toBe("starting");
  model.run(times.initialDeadMs + 200);
  expect(model.role(0)).toBe("active");
});

const failOvers: readonly (readonly [string, readonly PairFault[], string])[] = [
  ["HA-10: the active node is dead", [{ kind: "kill", ...at(0) }], "down"],
  ["HA-10: the active node hangs", [{ kind: "pause", ...at(0) }], "active"],
  ["HA-10: every interconnect is cut", cutBothLinks(), "standby"],
  [
    "HA-11: the data plane of the active node stands still",
    [{ kind: "stall-data-plane", ...at(0) }],
    "failed",
  ],
  [
    "HA-11: the active node meets packets that it cannot decide",
    [{ kind: "poison", ...at(0) }],
    "failed",
  ],
  [
    "HA-11: either node would",
    [
      { kind: "poison", ...at(0) },
      { kind: "poison", ...at(1) },
    ],
    "failed",
  ],
  [
    "HA-11: the active node cannot commit, the other one can",
    [{ kind: "cut-store", ...at(0) }],
    "failed",
  ],
  [
    "HA-12: the gateway does not answer the active node",
    [{ kind: "lose-gateway", ...at(0) }],
    "failed",
  ],
];

test("HA-11: the store is away from both nodes, and comes back to the active one a little later", () => {
  const model = pairWith(
    { kind: "cut-store", ...at(0, 1300) },
    { kind: "cut-store", ...at(1, 900) },
  );
  model.run(8000);
  expect([model.role(0), model.role(1)], model.logs.join("\n")).toEqual(["active", "standby"]);
  expect(model.claims).toHaveLength(1);
});

describe("HA-7: the standby node takes over by itself, within a second", () => {
  test.each(failOvers)("%s", (_, faults, formerRole) => {
    const model = pairWith(...faults);
    model.run(8000);
    const log = model.logs.join("\n");
    expect([model.role(0), model.role(1)], log).toEqual([formerRole, "active"]);
    expect(model.problems).toEqual([]);
    // HA-14, HA-13 (1): it stays there, and the flag is up.
    expect(model.claims.map(({ side }) => side)).toEqual([0, 1]);
    expect(model.register.record.failureInProgress).toBe(true);
    // A node cut off from the store is noticed after the 500 ms that the model gives it.
    expect(gapMs(model, 0, 1), log).toBeLessThan(1000);
  });

  test("an orderly shutdown hands over at once, and is no failure", () => {
    const model = pairWith({ kind: "order", order: "shutdown", ...at(0) });
    model.run(4000);
    expect([model.role(0), model.role(1)]).toEqual(["failed", "active"]);
    expect(gapMs(model, 0, 1)).toBeLessThan(150);
    expect(model.register.record.failureInProgress).toBe(false);
  });
});

describe("no fail-over", () => {
  test.each<readonly [string, readonly PairFault[]]>([
    [
      "one of two interconnects is cut",
      [0, 1].map((side) => ({ kind: "cut-link", link: 0, ...at(side as Side) }) as const),
    ],
    [
      "HA-12: the gateway answers neither node",
      ([0, 1] as const).map((side) => ({ kind: "lose-gateway", ...at(side) }) as const),
    ],
    [
      "the store answers neither node, for less than it keeps a holder",
      ([0, 1] as const).map((side) => ({ kind: "cut-store", ...at(side, 1900) }) as const),
    ],
    [
      "a node that is alone cannot decide some packets",
      [
        { kind: "kill", ...at(1) },
        { kind: "poison", ...at(0), atMs: 4000 },
      ],
    ],
    ["the standby node is dead", [{ kind: "kill", ...at(1) }]],
    ["the standby node hung, and goes on", [{ kind: "pause", ...at(1, 3000) }]],
    [
      "a failing node is alone",
      [
        { kind: "kill", ...at(1) },
        { kind: "lose-gateway", ...at(0), atMs: 4000 },
      ],
    ],
  ])("%s", (_, faults) => {
    const model = pairWith(...faults);
    model.run(12_000);
    expect(model.role(0), model.logs.join("\n")).toBe("active");
    expect(model.problems).toEqual([]);
    expect(new Set(model.commits.map(({ side }) => side))).toEqual(new Set([0]));
    expect(model.commits.at(-1)!.atMs).toBeGreaterThan(11_900);
  });
});

test("the store answers neither node for long: nothing is acknowledged, and then one serves", () => {
  const model = pairWith(
    { kind: "cut-store", ...at(0, 5000) },
    { kind: "cut-store", ...at(1, 5000) },
  );
  model.run(12_000);
  const { commits } = model;
  expect(commits.filter(({ atMs }) => atMs > 2100 && atMs < 7000)).toEqual([]);
  expect([model.role(0), model.role(1)].sort(), model.logs.join("\n")).toEqual([
    "active",
    "standby",
  ]);
  expect(commits.at(-1)!.atMs).toBeGreaterThan(11_900);
});

test("HA-14: the former active node comes back as standby, and stays that", () => {
  const model = pairWith({ kind: "kill", ...at(0, 2000) });
  model.run(20_000);
  expect([model.role(0), model.role(1)], model.logs.join("\n")).toEqual(["standby", "active"]);
  expect(model.claims.length).toBe(2);
});

test("HA-13: with the flag up, a second failure is taken over when the store has noticed it", () => {
  const model = pairWith(
    { kind: "kill", ...at(0, 2000) },
    { kind: "kill", ...at(1), atMs: 10_000 },
  );
  model.run(14_000);
  expect(model.role(0), model.logs.join("\n")).toBe("active");
});

test("a node that hung acknowledges nothing once the other one has taken over", () => {
  const model = pairWith({ kind: "pause", ...at(0, 3000) });
  model.run(8000);
  const took = model.claims[1].atMs;
  expect(took).toBeLessThan(5000);
  expect(model.commits.filter(({ side, atMs }) => side === 0 && atMs >= took)).toEqual([]);
  expect([model.role(0), model.role(1)]).toEqual(["standby", "active"]);
});

test("HA-16: a hand-over gives the service back without a failure", () => {
  const model = pairWith(
    { kind: "order", order: "hand-over", ...at(0) },
    { kind: "order", order: "hand-over", ...at(1), atMs: 5000 },
  );
  model.run(4000);
  expect([model.role(0), model.role(1)], model.logs.join("\n")).toEqual(["standby", "active"]);
  expect(gapMs(model, 0, 1)).toBeLessThan(150);
  model.run(8000);
  expect([model.role(0), model.role(1)]).toEqual(["active", "standby"]);
  expect(model.register.record.failureInProgress).toBe(false);
});

const moments = { atMs: fc.integer({ min: 1000, max: 9000 }), side: fc.constantFrom<Side>(0, 1) };
const lengths = { ...moments, forMs: fc.integer({ min: 5, max: 4000 }) };
const kinds = ["kill", "pause", "cut-store", "lose-gateway", "stall-data-plane", "poison"] as const;
const orders = ["hand-over", "clean-up", "lower-flag"] as const;
const anyFault: fc.Arbitrary<PairFault> = fc.oneof(
  fc.record({ kind: fc.constantFrom(...kinds), ...lengths }),
  fc.record({ kind: fc.constant("cut-link" as const), link: fc.nat(1), ...lengths }),
  fc.record({ kind: fc.constant("order" as const), order: fc.constantFrom(...orders), ...lengths }),
);

test("any faults: one epoch has one node, and when they are over one node serves", () => {
  const runs = fc.record({
    seed: fc.nat(),
    faults: fc.array(anyFault, { maxLength: 12 }),
  });
  fc.assert(
    fc.property(runs, ({ seed, faults }) => {
      const model = new PairModel({ seed, times, faults });
      const overMs = Math.max(0, ...faults.map(({ atMs, forMs }) => atMs + forMs));
      // A start (initdead), the store's patience with a holder, a deadtime and a claim.
      const settledMs = overMs + times.initialDeadMs + 2000 + times.deadMs + 600;
      model.run(settledMs);
      const log = () => model.logs.join("\n");
      const claimsBefore = model.claims.length;
      model.run(settledMs + 3000);
      expect(model.problems, log()).toEqual([]);
      expect(model.claims.length, log()).toBe(claimsBefore);
      expect(
        [model.role(0), model.role(1)].filter((role) => role === "active"),
        log(),
      ).toEqual(["active"]);
      const { commits } = model;
      expect(commits.at(-1)!.atMs).toBeGreaterThan(settledMs + 2900);
      const wrong = commits.filter((commit, i) => {
        const before = commits[i - 1] ?? commit;
        const isOtherNode = commit.epoch === before.epoch && commit.side !== before.side;
        return commit.epoch < before.epoch || isOtherNode;
      });
      expect(wrong, log()).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
