import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "../../base/histogram.ts";
import { BootRecord } from "../boot/boot-record.ts";
import { emptyCounters } from "../measure/recorder.ts";
import type { PhaseOutcome, SimulationOutcome } from "../run/outcome.ts";
import {
  coldPlan,
  countWithin,
  doraPlan,
  measurementOf,
  mixedPlan,
  renewalPlan,
  type TrialSettings,
} from "./trial.ts";

const settings: TrialSettings = {
  warmUpMs: 500,
  warmUpShare: 0.5,
  measureMs: 2000,
  answerMsMax: 1000,
  unansweredShareMax: 0.025,
  slipMsP99Max: 20,
  cpuPercentMax: 98,
  starvedPercentMax: 10,
};

const target = {
  population: { cableModems: 100, mtas: 0, cpes: 0, smartMeters: 0, cmtsCount: 1 },
  server: { address: 0x7f00_0001, port: 67 },
  ports: { relay: 67, client: 68 },
  seed: 5,
};

function latencies(...groups: readonly (readonly [count: number, ms: number])[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const [count, ms] of groups) {
    for (let i = 0; i < count; i += 1) histogram.recordMs(ms);
  }
  return histogram;
}

describe("how many latencies are within a limit", () => {
  test.each([
    ["nothing recorded", latencies(), 0],
    ["all of them", latencies([500, 3]), 500],
    ["none of them", latencies([500, 1500]), 0],
    ["most", latencies([975, 20], [25, 1400]), 975],
    ["all but one", latencies([999, 20], [1, 1001.5]), 999],
    ["one", latencies([1, 20], [999, 1400]), 1],
    ["half, among many values", latencies([10, 1], [10, 500], [10, 998], [30, 1010]), 30],
  ])("%s", (_, histogram, expected) => {
    expect(countWithin(histogram, 1000)).toBe(expected);
  });
});

interface PhaseFigures {
  readonly latency: LatencyHistogram;
  readonly offered: number;
  readonly slipMs?: number;
  readonly unsent?: number;
  readonly cpuPercent?: number;
  readonly starvedPercent?: number;
  readonly socketDrops?: number;
  readonly outstanding?: number;
}

function phaseOf(name: string, figures: PhaseFigures): PhaseOutcome {
  const { latency, offered, slipMs = 0.1, unsent = 0, outstanding } = figures;
  const { cpuPercent = 50, starvedPercent = 0, socketDrops = 0 } = figures;
  const usage = { received: 0, sent: 0, truncated: 0, sendErrors: 0, lastSendError: undefined };
  return {
    name,
    startedAtMs: 0,
    durationMs: settings.measureMs,
    endedBy: "duration",
    streams: [
      {
        exchange: "discover",
        ...(outstanding === undefined ? paced : unpaced(outstanding)),
        counters: { ...emptyCounters(), offered, sent: offered, completed: latency.count, unsent },
        achievedPerSecond: 490,
        latency,
        service: latency,
        slip: latencies([100, slipMs]),
      },
    ],
    background: emptyCounters(),
    timeToBound: {},
    slowest: [],
    boot: new BootRecord(),
    devicesGivenUp: 0,
    workers: [{ ...usage, socketDrops, cpuPercent, starvedPercent }],
  };
}

const paced = { load: "open", ratePerSecond: 500 } as const;

function unpaced(outstanding: number) {
  return { load: "closed", ratePerSecond: undefined, outstanding } as const;
}

function measured(figures: PhaseFigures, warmUp: PhaseFigures = figures) {
  const outcome = {
    phases: [phaseOf("warm-up", warmUp), phaseOf("measured", figures)],
    safety: { counters: { doubleAllocations: 1, malformedReplies: 2 } },
    decodeErrors: 3,
  };
  return measurementOf(outcome as unknown as SimulationOutcome, settings);
}

describe("the verdict on a rate", () => {
  test.each([
    ["all answered", { latency: latencies([1000, 5]), offered: 1000 }, "kept"],
    ["2.5 % unanswered", { latency: latencies([975, 5]), offered: 1000 }, "kept"],
    ["2.6 % unanswered", { latency: latencies([974, 5]), offered: 1000 }, "missed"],
    ["too many late", { latency: latencies([970, 5], [30, 1200]), offered: 1000 }, "missed"],
    ["none answered", { latency: latencies(), offered: 1000 }, "missed"],
    ["nothing offered", { latency: latencies(), offered: 0 }, "missed"],
    [
      "sent late, and answered all the same",
      { latency: latencies([1000, 5]), offered: 1000, slipMs: 30 },
      "kept",
    ],
    [
      "sent late, and not answered",
      { latency: latencies([900, 5]), offered: 1000, slipMs: 30 },
      "generator-limited",
    ],
    [
      "some sent more than a second late",
      { latency: latencies([1000, 5]), offered: 1000, slipMs: 1100 },
      "generator-limited",
    ],
    [
      "some never sent",
      { latency: latencies([1000, 5]), offered: 1000, unsent: 1 },
      "generator-limited",
    ],
    [
      "a busy generator, and all answered",
      { latency: latencies([1000, 5]), offered: 1000, cpuPercent: 99.5 },
      "kept",
    ],
    [
      "a generator out of processor",
      { latency: latencies([500, 5]), offered: 1000, cpuPercent: 99.5 },
      "generator-limited",
    ],
    [
      "replies lost by the generator",
      { latency: latencies([990, 5]), offered: 1000, socketDrops: 1 },
      "generator-limited",
    ],
  ] as const)("%s: %s", (_, figures, verdict) => {
    const [trial, ...others] = measured(figures).trials;
    expect(trial!.verdict).toBe(verdict);
    const isTold = "slipMs" in figures || "unsent" in figures || "cpuPercent" in figures;
    expect(trial!.problems.length > 0).toBe(isTold || verdict === "generator-limited");
    expect(others).toEqual([]);
  });

  test("is that of the measured part, whatever the warm-up did", () => {
    const good = { latency: latencies([1000, 5]), offered: 1000 };
    const { trials } = measured(good, { ...good, slipMs: 300, socketDrops: 9 });
    expect(trials[0].verdict).toBe("kept");
  });

  test.each([
    ["a loop on a free processor", { outstanding: 64, starvedPercent: 10 }, "kept"],
    [
      "a loop on a processor that others had, too",
      { outstanding: 64, starvedPercent: 11 },
      "generator-limited",
    ],
    [
      "a loop that took all of a processor",
      { outstanding: 64, cpuPercent: 99 },
      "generator-limited",
    ],
    ["a rate in spite of others", { starvedPercent: 11 }, "kept"],
  ] as const)("%s: %s", (_, load, verdict) => {
    const [trial] = measured({ latency: latencies([1000, 5]), offered: 1000, ...load }).trials;
    expect(trial!.verdict).toBe(verdict);
    expect(trial!.problems.length > 0).toBe(verdict === "generator-limited");
  });

  test("a closed loop's rate is what came about", () => {
    const figures = { latency: latencies([1000, 5]), offered: 1000 };
    expect(measured({ ...figures, outstanding: 64 }).trials[0]).toMatchObject({
      ...{ outstanding: 64, ratePerSecond: 490 },
    });
    expect(measured(figures).trials[0].ratePerSecond).toBe(500);
  });

  test("comes with what was unsafe and unreadable", () => {
    const { violations, decodeErrors } = measured({ latency: latencies([1, 5]), offered: 1 });
    expect([violations, decodeErrors]).toEqual([3, 3]);
  });
});

describe("the plans", () => {
  test("a DORA trial warms up, then measures its rate once", () => {
    const plan = doraPlan(target, settings, 4001);
    expect(plan.phases.map(({ name }) => name)).toEqual(["warm-up", "measured"]);
    expect(plan.phases[1].streams).toEqual([
      { kind: "rate", exchange: "discover", ratePerSecond: 4001 },
    ]);
    expect(plan.phases[1].until).toEqual({ durationMs: 2000 });
    expect(plan.workers).toBe(1);
  });

  test("no client repeats what is lost, and all wait for the last answer that counts", () => {
    const plan = doraPlan(target, settings, 100);
    expect(plan.clients.retransmit).toMatchObject({ transmissionsMax: 1, persistent: false });
    expect(plan.clients.ownTimers).toBe(false);
    expect(plan.phases[1].drainMs).toBeGreaterThanOrEqual(settings.answerMsMax);
  });

  test("renewals climb on devices that were bound before", () => {
    const renewals = { devices: 1000, bindRate: 500, rates: [800, 1000, 1250] };
    const [bind, ...rungs] = renewalPlan(target, settings, renewals).phases;
    expect(bind!.until).toEqual({ durationMs: 2000 });
    expect(rungs.flatMap(({ streams }) => streams)).toEqual(
      renewals.rates.map((ratePerSecond) => ({ kind: "rate", exchange: "renew", ratePerSecond })),
    );
    expect(rungs.every(({ powerCycle }) => !powerCycle)).toBe(true);
  });

  test("the guide's load has both exchanges at once, after enough devices are bound", () => {
    const load = { devices: 2000, bindRate: 500, discoverPerSecond: 300, renewPerSecond: 600 };
    const [bind, mixed] = mixedPlan(target, settings, { ...load, measureMs: 9000 }).phases;
    expect(bind!.until).toEqual({ durationMs: 4000 });
    expect(mixed!.until).toEqual({ durationMs: 9000 });
    expect(mixed!.streams).toMatchObject([
      { exchange: "discover", ratePerSecond: 300 },
      { exchange: "renew", ratePerSecond: 600 },
    ]);
  });

  test("a cold start ends when everybody is bound, and nobody gives up", () => {
    const plan = coldPlan(target, settings, { outstanding: 64, timeLimitMs: 7000 });
    expect(plan.phases).toMatchObject([{ until: "all-bound", timeLimitMs: 7000 }]);
    expect(plan.phases[0].streams).toEqual([
      { kind: "outstanding", exchange: "discover", outstanding: 64 },
    ]);
    expect(plan.clients.retransmit.persistent).toBe(true);
    expect(plan.clients.retransmit.transmissionsMax).toBeGreaterThan(1);
  });
});

describe("a run with a goal", () => {
  test.each([
    ["all-bound", true],
    ["time-limit", false],
  ] as const)("that ended by %s", (endedBy, isGoalReached) => {
    const phase = phaseOf("measured", { latency: latencies([10, 5]), offered: 10 });
    const outcome = {
      startedAtMs: 5000,
      phases: [{ ...phase, endedBy, startedAtMs: 70, durationMs: 1234 }],
      safety: { counters: {} },
      decodeErrors: 0,
    };
    const { lastPhase } = measurementOf(outcome as unknown as SimulationOutcome, settings);
    expect(lastPhase).toEqual({
      ...{ startedAtMs: 5070, durationMs: 1234, isGoalReached, completed: 10 },
    });
  });
});
