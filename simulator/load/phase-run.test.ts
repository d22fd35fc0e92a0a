import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { Population } from "../../scenarios/population/population.ts";
import { Shard } from "../../scenarios/population/shard.ts";
import type { StartResult, StreamExchange } from "../device/exchange.ts";
import { outcomeOf } from "../measure/recorder.ts";
import { SecondTally } from "../measure/time-series.ts";
import type { PhasePlan, StreamPlan } from "../plan/run-plan.ts";
import { DeviceNotes } from "./phase-ledger.ts";
import { type PhaseFleet, PhaseRun } from "./phase-run.ts";

const population = new Population({
  cableModems: 60,
  mtas: 20,
  cpes: 10,
  smartMeters: 10,
  cmtsCount: 2,
});
const SEED = 11;
const GIVE_UP_MS = 700;

interface Start {
  readonly device: number;
  readonly kind: StreamExchange;
  readonly intendedAtMs: number;
}

/** Devices that do what they are told and are answered when the test says so. */
class FakeFleet implements PhaseFleet {
  readonly starts: Start[] = [];
  readonly powerCuts: number[] = [];
  readonly holders: Set<number>;
  readonly #shard: Shard;
  startResult: StartResult = "started";

  constructor(bound: Iterable<number>, workerIndex = 0, workerCount = 1) {
    this.#shard = new Shard(population, workerIndex, workerCount);
    this.holders = new Set([...bound].filter((device) => this.owns(device)));
  }
  get size(): number {
    return this.#shard.size;
  }
  get bound(): number {
    return this.holders.size;
  }
  get online(): number {
    return 0;
  }
  get givenUp(): number {
    return 0;
  }
  owns(device: number): boolean {
    return this.#shard.localOf(device) >= 0;
  }
  addressOf(device: number): number {
    return this.holders.has(device) ? 1 + device : 0;
  }
  isOff(device: number): boolean {
    return !this.holders.has(device);
  }
  start(device: number, kind: StreamExchange, intendedAtMs: number): StartResult {
    if (this.startResult === "started") this.starts.push({ device, kind, intendedAtMs });
    return this.startResult;
  }
  powerOff(device: number): void {
    this.powerCuts.push(device);
    this.holders.delete(device);
  }
}

const everybody = Array.from({ length: population.size }, (_, device) => device);
const discoverAt = (ratePerSecond: number): StreamPlan => ({
  kind: "rate",
  exchange: "discover",
  ratePerSecond,
});
const renewAt = (ratePerSecond: number): StreamPlan => ({
  kind: "rate",
  exchange: "renew",
  ratePerSecond,
});

function phaseOf(streams: readonly StreamPlan[], overrides: Partial<PhasePlan> = {}): PhasePlan {
  return {
    name: "phase",
    streams,
    until: { durationMs: 1000 },
    timeLimitMs: 5000,
    drainMs: 500,
    powerCycle: false,
    ...overrides,
  };
}

interface Played {
  readonly run: PhaseRun;
  readonly fleet: FakeFleet;
  readonly notes: DeviceNotes;
  readonly tally: SecondTally;
}

function begin(
  phase: PhasePlan,
  bound: readonly number[] = [],
  worker: { readonly index: number; readonly count: number } = { index: 0, count: 1 },
  seed = SEED,
): Played {
  const fleet = new FakeFleet(bound, worker.index, worker.count);
  const notes = new DeviceNotes(population.size);
  const tally = new SecondTally();
  const holders = new Set(bound);
  const run = new PhaseRun(
    {
      phase,
      phaseIndex: 0,
      seed,
      population,
      fleet,
      notes,
      tally,
      holdsLease: (device) => holders.has(device),
      worker,
      giveUpMs: GIVE_UP_MS,
    },
    0,
  );
  run.begin(1000);
  return { run, fleet, notes, tally };
}

function answer({ run, fleet }: Played, start: Start, receivedAtMs: number): void {
  fleet.holders.add(start.device);
  run.completed({
    ...start,
    origin: "scenario",
    sentAtMs: start.intendedAtMs + 0.25,
    receivedAtMs,
  });
}

const byTime = (a: Start, b: Start): number =>
  a.intendedAtMs - b.intendedAtMs || a.device - b.device;

/** All starts of a phase, with every transaction answered a millisecond after it was sent. */
function play(played: Played): Start[] {
  const { run, fleet } = played;
  let answered = 0;
  for (let nowMs = 1000; !run.isOver(nowMs) && nowMs < 10_000; nowMs += 1) {
    while (run.startDue(nowMs) > 0) run.ledger.flushed(nowMs);
    for (; answered < fleet.starts.length; answered += 1) {
      answer(played, fleet.starts[answered], nowMs + 1);
    }
  }
  return fleet.starts;
}

describe("a phase on one worker", () => {
  test("starts what is due and counts from the intended time", () => {
    const played = begin(phaseOf([discoverAt(10)]));
    const { run, fleet } = played;
    expect(run.nextDueMs()).toBe(1000);
    expect(run.startDue(999)).toBe(0);
    expect(run.startDue(1200.5)).toBe(3);
    run.ledger.flushed(1201);
    expect(fleet.starts.map(({ intendedAtMs }) => intendedAtMs)).toEqual([1000, 1100, 1200]);
    expect(run.nextDueMs()).toBe(1300);

    for (const start of fleet.starts) answer(played, start, 1210);
    const record = run.finish();
    const { counters, latency, service, slip } = record.streams[0];
    expect(counters).toMatchObject({ offered: 3, sent: 3, completed: 3, late: 2, timeouts: 0 });
    expect(latency.maxMs()).toBeCloseTo(210, 0);
    expect(latency.minMs()).toBeCloseTo(10, 0);
    expect(service.minMs()).toBeCloseTo(9.75, 1);
    expect(slip.minMs()).toBeCloseTo(1, 1);
    expect(slip.maxMs()).toBeCloseTo(201, 0);
    expect(record.timeToBound.all!.count).toBe(3);
  });

  test("is over when its time is up and what was under way is answered", () => {
    const played = begin(phaseOf([discoverAt(2)]));
    const { run, fleet } = played;
    run.startDue(1900);
    expect(fleet.starts).toHaveLength(2);
    expect(run.isOver(1900)).toBe(false);
    run.startDue(2000);
    expect(run.endedBy).toBe("duration");
    expect(run.isOver(2000)).toBe(false);
    expect(run.nextDueMs()).toBe(2500);
    for (const start of fleet.starts) answer(played, start, 2100);
    expect(run.isOver(2100)).toBe(true);
    expect(run.finish().streams[0]).toMatchObject({ completedInWindow: 0, lastCompletedMs: 1100 });
  });

  test("what the drain does not bring is a timeout, and later news is nobody's", () => {
    const played = begin(phaseOf([discoverAt(2)]));
    const { run, fleet } = played;
    run.startDue(2000);
    expect(run.isOver(2499)).toBe(false);
    expect(run.isOver(2500)).toBe(true);
    const record = run.finish();
    expect(record.streams[0].counters).toMatchObject({ completed: 0, timeouts: 2 });
    answer(played, fleet.starts[0], 2600);
    expect(record.streams[0].counters.completed).toBe(0);
    expect(record.background.completed).toBe(1);
  });

  test("a worker that comes late still hands out what was intended before the end", () => {
    const { run, fleet } = begin(phaseOf([discoverAt(10)]));
    expect(run.startDue(2400)).toBe(10);
    expect(fleet.starts).toHaveLength(10);
  });

  test("what was due and never handed out is counted, and waited for at least a second", () => {
    const { run } = begin(phaseOf([discoverAt(100)], { drainMs: 0 }));
    run.startDue(2000);
    const late = 100 - run.ledger.record.streams[0].counters.offered;
    expect(late).toBeGreaterThan(0);
    expect(run.isOver(2999)).toBe(false);
    expect(run.isOver(3000)).toBe(true);
    expect(run.finish().streams[0].counters).toMatchObject({ offered: 100 - late, unsent: late });
  });

  test("an end from outside stops the arrivals and cuts the drain short", () => {
    const { run, fleet } = begin(phaseOf([discoverAt(10)]));
    run.startDue(1100);
    run.end(1150, 100);
    run.startDue(2000);
    expect(fleet.starts).toHaveLength(2);
    expect(run.isOver(1249)).toBe(false);
    expect(run.isOver(1250)).toBe(true);
    expect(run.endedBy).toBe("coordinator");
  });

  test("a pause holds the arrivals, and what was intended moves on by it", () => {
    const { run, fleet } = begin(phaseOf([discoverAt(10)]));
    run.startDue(1250);
    run.setPace(0, 1250);
    expect(run.startDue(5000)).toBe(0);
    expect(run.nextDueMs()).toBe(Number.POSITIVE_INFINITY);
    run.setPace(1, 6000);
    run.startDue(7000);
    expect(fleet.starts.map(({ intendedAtMs }) => intendedAtMs)).toEqual([
      1000, 1100, 1200, 6050, 6150, 6250, 6350, 6450, 6550, 6650,
    ]);
    expect(run.endMs).toBe(6750);
    expect(run.endedBy).toBe("duration");
  });

  test("at twice the pace the same arrivals come in half the time, on any number of workers", () => {
    const startsOf = (worker: { readonly index: number; readonly count: number }): Start[] => {
      const played = begin(phaseOf([discoverAt(20)]), [], worker);
      played.run.startDue(1500);
      played.run.ledger.flushed(1500);
      // The message comes when the worker has gone on.
      played.run.startDue(1530);
      played.run.setPace(2, 1500);
      return play(played);
    };
    const alone = startsOf({ index: 0, count: 1 });
    const shared = [startsOf({ index: 0, count: 2 }), startsOf({ index: 1, count: 2 })].flat();
    expect(alone).toHaveLength(20);
    expect(shared.toSorted(byTime)).toEqual(alone.toSorted(byTime));
    expect(alone.at(-1)!.intendedAtMs).toBe(1725);
  });

  test("a run that is held can be ended", () => {
    const { run, fleet } = begin(phaseOf([discoverAt(10)]));
    run.startDue(1000);
    run.setPace(0, 1050);
    run.end(3000, 400);
    run.startDue(3000);
    expect(fleet.starts).toHaveLength(1);
    expect(run.endMs).toBe(3000);
    expect(run.isOver(3399)).toBe(false);
    expect(run.isOver(3400)).toBe(true);
  });

  test("an end before the beginning leaves nothing to do", () => {
    const { run, fleet } = begin(phaseOf([discoverAt(10)]));
    run.end(900, 0);
    run.startDue(1500);
    expect(fleet.starts).toHaveLength(0);
    expect(run.isOver(1500)).toBe(true);
  });

  test("until all are bound, each device has one turn, and the time limit ends it", () => {
    const phase = phaseOf([discoverAt(1000)], { until: "all-bound" });
    const played = begin(phase);
    expect(play(played)).toHaveLength(population.size);
    expect(played.run.isGoalReached).toBe(true);
    expect(played.run.endedBy).toBe("time-limit");
  });
});

describe("who has a turn", () => {
  test("arrivals without a device, and devices in the wrong state, are not eligible", () => {
    const nobody = begin(phaseOf([renewAt(10)]));
    play(nobody);
    expect(nobody.run.finish().streams[0].counters).toMatchObject({
      offered: 10,
      sent: 0,
      notEligible: 10,
    });

    const refusing = begin(phaseOf([renewAt(10)]), everybody);
    refusing.fleet.startResult = "not-bound";
    play(refusing);
    expect(refusing.run.finish().streams[0].counters).toMatchObject({
      offered: 10,
      notEligible: 10,
    });
    expect(refusing.notes.streamOf.every((stream) => stream === 0)).toBe(true);
  });

  test("a device whose transaction is under way is not eligible", () => {
    const { run, fleet } = begin(phaseOf([renewAt(10)]), [3]);
    run.startDue(1500);
    expect(fleet.starts).toEqual([{ device: 3, kind: "renew", intendedAtMs: 1000 }]);
    expect(run.finish().streams[0].counters).toMatchObject({
      offered: 6,
      sent: 1,
      notEligible: 5,
    });
  });

  test("without reset, discover takes only devices without a lease", () => {
    const bound = everybody.filter((device) => device < 95);
    const played = begin(phaseOf([discoverAt(10)]), bound);
    const devices = play(played).map(({ device }) => device);
    expect(devices.sort()).toEqual([95, 96, 97, 98, 99]);
    expect(played.fleet.powerCuts).toEqual([]);
    expect(played.run.finish().streams[0].counters).toMatchObject({ offered: 10, notEligible: 5 });
  });

  test("reset cuts the power of as many devices as discover needs, and of no renewing one", () => {
    const played = begin(phaseOf([discoverAt(20), renewAt(40)], { powerCycle: true }), everybody);
    expect(played.fleet.powerCuts).toHaveLength(20);
    const lost = new Set(played.fleet.powerCuts);
    const starts = play(played);
    const discovered = starts.filter(({ kind }) => kind === "discover");
    const renewed = starts.filter(({ kind }) => kind === "renew");
    expect(new Set(discovered.map(({ device }) => device))).toEqual(lost);
    expect(renewed).toHaveLength(40);
    expect(renewed.some(({ device }) => lost.has(device))).toBe(false);
    expect(played.run.isGoalReached).toBe(true);
  });

  test("with reset, a device whose turn comes round again loses its power again", () => {
    const played = begin(phaseOf([discoverAt(250)], { powerCycle: true }), everybody);
    expect(play(played)).toHaveLength(250);
    expect(played.fleet.powerCuts).toHaveLength(250);
  });

  test("when power comes back within a time, every time counts from the device's own power-on", () => {
    const stream: StreamPlan = { kind: "all-within", exchange: "discover", allWithinMs: 800 };
    const played = begin(phaseOf([stream], { until: "all-bound" }));
    const starts = play(played);
    expect(starts).toHaveLength(population.size);
    const last = Math.max(...starts.map(({ intendedAtMs }) => intendedAtMs));
    expect(last - played.run.startMs).toBeGreaterThan(700);
    const record = played.run.finish();
    expect(record.timeToBound.all!.count).toBe(population.size);
    expect(record.timeToBound.all!.maxMs()).toBeLessThan(3);
    expect(record.timeToBound.mta!.count).toBe(20);
    expect(record.streams[0].latency.maxMs()).toBeLessThan(3);
  });

  test("a boot is told its own power-on, not the start of the phase", () => {
    const stream: StreamPlan = { kind: "all-within", exchange: "boot", allWithinMs: 800 };
    const starts = play(begin(phaseOf([stream], { until: "all-bound" })));
    expect(new Set(starts.map(({ intendedAtMs }) => intendedAtMs)).size).toBe(population.size);
  });
});

describe("the same seed gives the same devices and schedule", () => {
  const phases: readonly (readonly [string, PhasePlan, readonly number[]])[] = [
    [
      "discover and renew with a reset",
      phaseOf([discoverAt(70), renewAt(330)], { powerCycle: true }),
      everybody,
    ],
    ["until all are bound", phaseOf([discoverAt(500)], { until: "all-bound" }), []],
    ["half of them bound", phaseOf([discoverAt(90), renewAt(300)]), everybody.slice(0, 50)],
    [
      "all at once",
      phaseOf([{ kind: "all-within", exchange: "discover", allWithinMs: 900 }], {
        powerCycle: true,
      }),
      everybody,
    ],
  ];
  for (const [name, phase, bound] of phases) {
    for (const count of [2, 4, 7]) {
      test(`${name}: on ${count} workers as on one`, () => {
        const one = play(begin(phase, bound));
        const many = Array.from({ length: count }, (_, index) =>
          play(begin(phase, bound, { index, count })),
        );
        expect(one.length).toBeGreaterThan(0);
        expect(many.flat().sort(byTime)).toEqual([...one].sort(byTime));
      });
    }
    test(`${name}: another seed, another order`, () => {
      const other = play(begin(phase, bound, { index: 0, count: 1 }, SEED + 1));
      expect(other).not.toEqual(play(begin(phase, bound)));
    });
  }
});

describe("what becomes of transactions", () => {
  const failure = { origin: "scenario", failedAtMs: 1100 } as const;

  test.each([
    ["timeout", { timeouts: 1 }],
    ["expired", { timeouts: 1 }],
    ["abandoned", { abandoned: 1, timeouts: 0 }],
    ["nak", { timeouts: 0, abandoned: 0 }],
  ] as const)("%s", (reason, expected) => {
    const { run, fleet, tally } = begin(phaseOf([discoverAt(1)]));
    run.startDue(1000);
    run.ledger.failed({ ...fleet.starts[0], ...failure, reason });
    expect(run.startDue(2000)).toBe(0);
    expect(run.isOver(2000), "nothing is under way").toBe(true);
    expect(run.finish().streams[0].counters).toMatchObject({ completed: 0, ...expected });
    expect(tally.take().exchanges.discover).toMatchObject(expected);
  });

  test("retransmissions and NAKs are the stream's, or the background's", () => {
    const { run, fleet } = begin(phaseOf([discoverAt(1)]));
    run.startDue(1000);
    const { device } = fleet.starts[0];
    const other = (device + 1) % population.size;
    run.ledger.retransmitted(device, "discover");
    run.ledger.retransmitted(device, "discover");
    run.ledger.refused(device, "discover");
    run.ledger.retransmitted(other, "renew");
    run.ledger.refused(other, "renew");
    const record = run.finish();
    expect(record.streams[0].counters).toMatchObject({ retransmissions: 2, naks: 1 });
    expect(record.background).toMatchObject({ retransmissions: 1, naks: 1 });
  });

  test("a renewal that a device began at T1 is not the stream's", () => {
    const { run, fleet } = begin(phaseOf([renewAt(1)]), [5]);
    run.startDue(1000);
    const exchange = { ...fleet.starts[0], sentAtMs: 1000, receivedAtMs: 1001 };
    run.completed({ ...exchange, origin: "device" });
    const record = run.finish();
    expect(record.background.completed).toBe(1);
    expect(record.streams[0].counters).toMatchObject({ completed: 0, timeouts: 1 });
  });
});

describe("a closed loop", () => {
  const loop = (exchange: StreamExchange, outstanding: number): StreamPlan => ({
    kind: "outstanding",
    exchange,
    outstanding,
  });

  /** Answers a random one of what is under way after each turn; returns the most there ever was. */
  function playAtRandom(played: Played, untilMs: number): number {
    const { run, fleet } = played;
    const random = new Prng(SEED, 0);
    const open: Start[] = [];
    let seen = 0;
    let most = 0;
    for (let nowMs = 1000; !run.isOver(nowMs) && nowMs < untilMs; nowMs += 1) {
      while (run.startDue(nowMs) > 0) run.ledger.flushed(nowMs);
      open.push(...fleet.starts.slice(seen));
      seen = fleet.starts.length;
      most = Math.max(most, open.length);
      const answers = Math.floor(random.nextFloat() * 4);
      for (let i = 0; i < answers && open.length > 0; i += 1) {
        const [start] = open.splice(Math.floor(random.nextFloat() * open.length), 1);
        answer(played, start!, nowMs + 0.5);
      }
    }
    return most;
  }

  test.each([1, 2, 7, 64])("of %i never has more under way, and starts each device once", (n) => {
    const phase = phaseOf([loop("discover", n)], { until: "all-bound", timeLimitMs: 100_000 });
    const played = begin(phase);
    expect(playAtRandom(played, 1000 + 5 * population.size)).toBe(n);
    expect(new Set(played.fleet.starts.map(({ device }) => device)).size).toBe(population.size);
    expect(played.run.isGoalReached).toBe(true);
    const { counters, latency, service, slip } = played.run.finish().streams[0];
    const { size } = population;
    expect(counters).toMatchObject({ offered: size, sent: size, completed: size, notEligible: 0 });
    expect(slip.count).toBe(0);
    expect([latency.count, service.count]).toEqual([size, size]);
  });

  test("goes round and round until the phase is over, then takes no more", () => {
    const played = begin(phaseOf([loop("renew", 3)], { until: { durationMs: 500 } }), everybody);
    const { run, fleet } = played;
    expect(playAtRandom(played, 3000)).toBe(3);
    expect(fleet.starts.length).toBeGreaterThan(population.size);
    expect(fleet.starts.every(({ intendedAtMs }) => intendedAtMs < 1500)).toBe(true);
    expect(run.endedBy).toBe("duration");
    const { counters } = run.finish().streams[0];
    expect(counters.sent).toBe(fleet.starts.length);
    expect(counters.offered).toBe(counters.sent + counters.notEligible);
    expect(counters.completed).toBe(counters.sent);
  });

  test("counts its latency from the moment of sending, however long a device waited", () => {
    const played = begin(phaseOf([loop("discover", 1)], { until: { durationMs: 500 } }));
    played.run.startDue(1200);
    const [start] = played.fleet.starts;
    expect(start!.intendedAtMs).toBe(1200);
    answer(played, start!, 1210);
    const { latency } = played.run.finish().streams[0];
    expect(latency.maxMs()).toBeCloseTo(10, 1);
  });

  test("of several workers has the devices of one, and its number between them", () => {
    const phase = phaseOf([loop("discover", 8)], { until: "all-bound", timeLimitMs: 100_000 });
    const most: number[] = [];
    const devices = [0, 1, 2].flatMap((index) => {
      const played = begin(phase, [], { index, count: 3 });
      most.push(playAtRandom(played, 2000));
      return played.fleet.starts.map(({ device }) => device);
    });
    expect(most).toEqual([3, 3, 2]);
    expect(devices.sort((a, b) => a - b)).toEqual(everybody);
  });

  test("with devices that cannot start does not spin", () => {
    const played = begin(phaseOf([loop("renew", 4)], { until: { durationMs: 500 } }), everybody);
    played.fleet.startResult = "not-bound";
    let arrivals = 0;
    for (let taken = played.run.startDue(1100); taken > 0; taken = played.run.startDue(1100)) {
      arrivals += taken;
    }
    expect(arrivals).toBe(population.size);
    expect(played.run.nextDueMs()).toBeGreaterThan(1100);
  });
});

describe("streams within a phase", () => {
  test("begin and end at their own times, and say what they achieved in them", () => {
    const late = { ...discoverAt(100), startAfterMs: 300, forMs: 200 };
    const played = begin(phaseOf([late, renewAt(50)]), everybody.slice(0, 40));
    const starts = play(played);
    const times = starts.filter(({ kind }) => kind === "discover").map((each) => each.intendedAtMs);
    expect(times).toEqual(Array.from({ length: 20 }, (_, k) => 1300 + 10 * k));
    expect(starts.filter(({ kind }) => kind === "renew")).toHaveLength(50);
    const [record] = played.run.finish().streams;
    expect(outcomeOf(phaseOf([late]), late, record!, 1000).achievedPerSecond).toBe(100);
  });

  test("of one exchange are two: each has its own devices and its own counts", () => {
    const streams = [renewAt(20), { ...renewAt(30), name: "second" }];
    const played = begin(phaseOf(streams), everybody);
    expect(play(played)).toHaveLength(50);
    const counted = played.run.finish().streams.map(({ counters }) => counters.completed);
    expect(counted).toEqual([20, 30]);
  });

  test("a closed loop keeps to its time as well", () => {
    const stream: StreamPlan = {
      ...{ kind: "outstanding", exchange: "renew", outstanding: 1 },
      ...{ startAfterMs: 200, forMs: 300 },
    };
    const played = begin(phaseOf([stream]), everybody);
    const { run, fleet } = played;
    for (let nowMs = 1000; nowMs < 2000; nowMs += 1) {
      if (run.startDue(nowMs) > 0) answer(played, fleet.starts.at(-1)!, nowMs);
    }
    const times = fleet.starts.map(({ intendedAtMs }) => intendedAtMs);
    expect([Math.min(...times), Math.max(...times)]).toEqual([1200, 1499]);
  });

  test("with a changing rate count each arrival in the stage that it was intended in", () => {
    const flat = (rate: number) => ({
      ...{ fromPerSecond: rate, toPerSecond: rate, durationMs: 500 },
    });
    const stream: StreamPlan = {
      ...{ kind: "profile", exchange: "renew" },
      stages: [flat(20), flat(60)],
    };
    const played = begin(phaseOf([stream]), everybody);
    expect(play(played)).toHaveLength(40);
    const { stages, counters } = played.run.finish().streams[0];
    expect(stages.map((stage) => stage!.counts)).toEqual([
      { offered: 10, completed: 10, inTime: 10, notEligible: 0, late: 0 },
      { offered: 30, completed: 30, inTime: 30, notEligible: 0, late: 0 },
    ]);
    expect(counters.offered).toBe(40);
  });
});

describe("churn", () => {
  const churn = (leave: "silently" | "release"): StreamPlan => ({
    ...{ kind: "churn", exchange: "discover", perSecond: 10, leave },
    offForMs: { min: 250, max: 250 },
  });

  test("devices lose power one after the other and come back by a discover", () => {
    const played = begin(phaseOf([churn("silently")]), everybody);
    const starts = play(played);
    // The last three are away when the phase is over, and do not come back in it.
    expect(played.fleet.powerCuts).toHaveLength(10);
    expect(starts.map(({ device }) => device)).toEqual(played.fleet.powerCuts.slice(0, 8));
    expect(starts.every(({ kind }) => kind === "discover")).toBe(true);
    const { counters } = played.run.finish().streams[0];
    expect(counters).toMatchObject({ offered: 8, sent: 8, completed: 8, notEligible: 0 });
  });

  test("with release, each says so first", () => {
    const played = begin(phaseOf([churn("release")]), everybody);
    const { run, fleet } = played;
    for (let nowMs = 1000; nowMs < 2000; nowMs += 1) {
      const before = fleet.starts.length;
      run.startDue(nowMs);
      // Nobody answers a release.
      const begun = fleet.starts.slice(before).filter(({ kind }) => kind === "discover");
      for (const start of begun) answer(played, start, nowMs + 1);
    }
    const released = fleet.starts.filter(({ kind }) => kind === "release");
    expect(released.map(({ device }) => device)).toEqual(fleet.powerCuts);
    expect(fleet.powerCuts).toHaveLength(10);
    expect(fleet.starts.filter(({ kind }) => kind === "discover")).toHaveLength(8);
  });
});

describe("while somebody watches the phase", () => {
  test("what waits longer than a device repeats a message is a time-out, until it is answered", () => {
    const played = begin({ ...phaseOf([renewAt(10)]), isWatched: true }, everybody);
    const { run, fleet } = played;
    const timeoutsAt = (nowMs: number): number =>
      run.soFar(nowMs)!.report.streams[0].counters.timeouts;
    for (let nowMs = 1000; nowMs < 2000; nowMs += 1) run.startDue(nowMs);
    expect(fleet.starts.map(({ intendedAtMs }) => intendedAtMs).slice(0, 3)).toEqual([
      1000, 1100, 1200,
    ]);
    expect([1700, 1701, 1801, 1901].map(timeoutsAt)).toEqual([0, 1, 2, 3]);
    answer(played, fleet.starts[0], 1950);
    expect(timeoutsAt(1950)).toBe(2);
    run.ledger.failed({
      ...fleet.starts[1],
      origin: "scenario",
      reason: "timeout",
      failedAtMs: 1951,
    });
    expect(timeoutsAt(1951)).toBe(2);
    // When the phase is over, what never came is a time-out, and what came late is none.
    expect(run.finish().streams[0].counters).toMatchObject({ completed: 1, timeouts: 9 });
  });

  test("a boot or a download takes as long as it takes", () => {
    const stream: StreamPlan = { kind: "rate", exchange: "download", ratePerSecond: 10 };
    const { run } = begin({ ...phaseOf([stream]), isWatched: true }, everybody);
    for (let nowMs = 1000; nowMs < 2000; nowMs += 1) run.startDue(nowMs);
    expect(run.soFar(60_000)!.report.streams[0].counters.timeouts).toBe(0);
  });

  test("nobody is told of a phase that is not watched", () => {
    const { run } = begin(phaseOf([renewAt(10)]), everybody);
    run.startDue(1000);
    expect(run.soFar(60_000)).toBeUndefined();
  });
});
