import { describe, expect, test } from "vitest";
import { LatencyHistogram } from "../../../base/histogram.ts";
import type { Target } from "../../../reports/result/run-result.ts";
import type { Scenario } from "../../../scenarios/language/scenario.ts";
import { readScenario } from "../../../scenarios/language/scenario-file.ts";
import { Population } from "../../../scenarios/population/population.ts";
import { BootRecord } from "../../../simulator/boot/boot-record.ts";
import type { GeneratorProblem, WorkerUsage } from "../../../simulator/measure/generator-health.ts";
import { emptyCounters } from "../../../simulator/measure/recorder.ts";
import { newSafetyCounters } from "../../../simulator/measure/safety-checker.ts";
import { sumCounters } from "../../../simulator/network/network-counters.ts";
import type { SimulationOutcome } from "../../../simulator/run/edge/coordinator.ts";
import type { LeaseAudit } from "./lease-audit.ts";
import { runResultOf } from "./run-result-of.ts";

const busy: Extract<GeneratorProblem, { kind: "busy" }> = {
  ...{ kind: "busy", phase: "connect", worker: 0 },
  ...{ cpuPercent: 99, limitPercent: 95 },
};

function scenarioOf(threshold: string): Scenario {
  const reading = readScenario(
    "x.yaml",
    `schema: provlab/scenario@1
name: x
population: { cableModems: 10, cmtsCount: 1 }
phases:
  - name: connect
    streams: [{ exchange: discover, ratePerSecond: 10 }]
    until: all-bound
thresholds: [${threshold}]
`,
  );
  if (reading.kind === "failed") throw new Error(JSON.stringify(reading.problems));
  return reading.scenario;
}

function outcomeOf(changes: Partial<SimulationOutcome> = {}): SimulationOutcome {
  const latency = new LatencyHistogram();
  for (let ms = 1; ms <= 10; ms += 1) latency.recordMs(ms);
  return {
    startedAtMs: Date.UTC(2026, 0, 1),
    endedAtMs: Date.UTC(2026, 0, 1) + 1234.6,
    devices: 10,
    workers: 1,
    backend: "batch",
    aborted: false,
    pace: undefined,
    answers: [],
    phases: [
      {
        name: "connect",
        startedAtMs: 0,
        durationMs: 1000,
        endedBy: "all-bound",
        streams: [
          {
            exchange: "discover",
            load: "open",
            ratePerSecond: 10,
            counters: { ...emptyCounters(), offered: 10, sent: 10, completed: 10 },
            achievedPerSecond: 9.9987654,
            latency,
            service: latency,
            slip: latency,
          },
        ],
        background: emptyCounters(),
        timeToBound: {},
        slowest: [],
        boot: new BootRecord(),
        devicesGivenUp: 0,
        workers: [],
      },
    ],
    timeToBound: { all: latency },
    timeSeries: [],
    safety: {
      acknowledged: 10,
      counters: {
        doubleAllocations: 0,
        acknowledgedLeasesLost: 0,
        addressesChangedOnRenewal: 0,
        neverOffered: 0,
        addressesOutsideNetwork: 0,
        malformedReplies: 0,
      },
      expected: newSafetyCounters(),
      violations: [],
    },
    leases: {
      count: 0,
      device: new Uint32Array(),
      address: new Uint32Array(),
      expiresAtSeconds: new Float64Array(),
    },
    health: {
      slipMsP99: 0.1,
      socketDrops: 0,
      sendErrors: 0,
      lastSendError: undefined,
      cpuPercentMax: 10,
      workers: [],
      problems: [],
    },
    decodeErrors: 0,
    ignoredReplies: 0,
    network: sumCounters([]),
    personas: [],
    ...changes,
  };
}

const clean: LeaseAudit = { lost: 0, examples: [], summary: "all 10 leases in the lease file" };

function resultOf(
  outcome: SimulationOutcome,
  audit: LeaseAudit | null = clean,
  target: Target = { kind: "bundled", address: "127.0.0.1", port: 20_000 },
  { threshold = "connect.discover.completed == 10" } = {},
) {
  const scenario = scenarioOf(threshold);
  return runResultOf({
    scenario,
    sha256: "",
    population: new Population(scenario.population),
    environment: {
      cpu: "",
      cores: 2,
      memoryMiB: 1,
      kernel: "",
      node: "",
      provlab: "",
      commit: "",
      durability: "fsync",
      socket: "batch",
      workers: 1,
    },
    target,
    outcome,
    audit: audit ?? undefined,
    server: undefined,
    memoryMiB: 1,
  });
}

test("a run that did all it was asked passes, and says what a transaction is (GAP-4, PERF-5)", () => {
  const result = resultOf(outcomeOf());
  expect(result).toMatchObject({
    verdict: "pass",
    reasons: [],
    startedAt: "2026-01-01T00:00:00.000Z",
  });
  expect(result.transactions).toEqual({ discover: "Discover, Offer, Request, Ack" });
  expect(result.phases[0].streams[0]).toMatchObject({
    achievedPerSecond: 9.999,
    achievedRatio: 0.99988,
    latencyMs: { count: 10, max: expect.closeTo(10, 1) },
  });
});

describe("what decides the verdict, strongest first", () => {
  const outcome = outcomeOf();
  const unsafe = {
    ...outcome.safety,
    counters: { ...outcome.safety.counters, doubleAllocations: 1 },
    violations: [
      { kind: "doubleAllocations", atMs: 0, device: 1, address: 0x7f40_0010, holder: 2 } as const,
    ],
  };
  const slow = { ...outcome.health, problems: [busy] };
  const late = [{ ...outcome.phases[0], endedBy: "time-limit" } as const];

  test("a safety violation, even of a run whose generator was the limit", () => {
    const result = resultOf(outcomeOf({ safety: unsafe, health: slow }));
    expect(result.verdict).toBe("fail");
    expect(result.reasons).toEqual(["Unsafe: 1 addresses held by two devices at a time."]);
    expect(result.safety.examples).toEqual([
      "127.64.0.16 for cable-modem 02:10:00:00:00:01: it was acknowledged while another device held it (02:10:00:00:00:02).",
    ]);
  });

  test("a lease that is not in the lease file", () => {
    const result = resultOf(outcomeOf(), { lost: 1, examples: ["gone"], summary: "1 missing" });
    expect(result).toMatchObject({ verdict: "fail", safety: { acknowledgedLeasesLost: 1 } });
    expect(result.safety.examples).toEqual(["gone"]);
  });

  test("a run to which nobody sent anything back, whatever the generator did", () => {
    const worker = { sent: 12_345, received: 0 } as WorkerUsage;
    const health = { ...slow, workers: [worker, { ...worker, sent: 0 }] };
    const { verdict, reasons } = resultOf(outcomeOf({ health, phases: late, aborted: true }));
    expect(verdict).toBe("fail");
    expect(reasons[0]).toMatch(/^Nobody answered: 127\.0\.0\.1:20000 .* for 12,345 datagrams\./);
    const answered = { ...health, workers: [worker, { ...worker, received: 1 }] };
    expect(resultOf(outcomeOf({ health: answered })).verdict).toBe("pass");
  });

  test("a run that was stopped is invalid", () => {
    expect(resultOf(outcomeOf({ aborted: true })).verdict).toBe("invalid");
  });

  test("a run that fails while its generator was beyond its limits is invalid, and says both", () => {
    const result = resultOf(outcomeOf({ health: slow, phases: late }));
    expect(result.verdict).toBe("invalid");
    expect(result.reasons).toEqual([
      expect.stringMatching(/^phase connect: worker 0 used 99 % of a core/),
      expect.stringMatching(/^Phase connect reached its time limit/),
    ]);
  });

  test("a failure in a phase in which the generator did its part fails the run", () => {
    const health = { ...outcome.health, problems: [{ ...busy, phase: "another" }] };
    const result = resultOf(outcomeOf({ health, phases: late }));
    expect(result.verdict).toBe("fail");
    expect(result.generator.problems).toHaveLength(1);
  });

  test("a run that holds all the same passes, and tells what the generator did", () => {
    const result = resultOf(outcomeOf({ health: slow }));
    expect(result).toMatchObject({ verdict: "pass", reasons: [] });
    expect(result.generator.problems).toEqual([expect.stringMatching(/worker 0 used 99 %/)]);
  });

  test("a threshold that a slow generator may have helped makes the run invalid, and is named", () => {
    const result = resultOf(outcomeOf({ health: slow }), clean, undefined, {
      threshold: "connect.discover.serviceMs.p99 < 100",
    });
    expect(result.verdict).toBe("invalid");
    expect(result.reasons.at(-1)).toBe(
      "Threshold holds, but a slow generator makes it easier: connect.discover.serviceMs.p99 < 100.",
    );
  });

  test("a rate at which the server broke, while the generator was beyond its limits", () => {
    const breakage = { lastKeptPerSecond: 10, firstMissedPerSecond: 20, reason: "" };
    const phases = outcome.phases.map((phase) => ({
      ...phase,
      streams: phase.streams.map((stream) => ({ ...stream, breakage })),
    }));
    expect(resultOf(outcomeOf({ phases })).verdict).toBe("pass");
    expect(resultOf(outcomeOf({ phases, health: slow })).verdict).toBe("invalid");
  });

  test("a closed loop beside other programs is told only where it decides", () => {
    const starved: GeneratorProblem = {
      ...{ kind: "starved", phase: "connect", worker: 0 },
      ...{ starvedPercent: 40, limitPercent: 10 },
    };
    const health = { ...outcome.health, problems: [starved] };
    expect(resultOf(outcomeOf({ health }))).toMatchObject({
      ...{ verdict: "pass", generator: { problems: [] } },
    });
    const failed = resultOf(outcomeOf({ health, phases: late }));
    expect(failed.verdict).toBe("invalid");
    expect(failed.generator.problems).toHaveLength(1);
  });

  test("a run that was paused or scaled by hand is no benchmark, and says so", () => {
    const pace = { pausedMs: 2500, paces: [2, 0.5] };
    const paused = resultOf(outcomeOf({ pace }));
    expect(paused.verdict).toBe("invalid");
    expect(paused.reasons).toEqual([
      "By hand, the run was paused for 2.5 s and went at 2, 0.5 times its rates: its figures are no benchmark.",
    ]);
    const scaled = resultOf(outcomeOf({ pace: { pausedMs: 0, paces: [2] }, aborted: true }));
    expect(scaled.reasons).toHaveLength(2);
    expect(scaled.reasons[1]).toMatch(/the run went at 2 times its rates/);
  });

  test("a phase at its time limit, a threshold, a phase that is missing", () => {
    const timedOut = resultOf(outcomeOf({ phases: late }));
    expect(timedOut.reasons.join()).toMatch(/connect reached its time limit/);
    const missing = resultOf(outcomeOf({ phases: [] }));
    expect(missing.verdict).toBe("fail");
    expect(missing.reasons).toEqual([
      "Threshold failed: connect.discover.completed == 10, but it was not measured.",
      "1 phases did not run.",
    ]);
  });

  test("a target that acknowledged nothing is named, with what to look at", () => {
    const silent = outcomeOf({ phases: [], safety: { ...outcome.safety, acknowledged: 0 } });
    const target: Target = { kind: "external", address: "127.0.0.1", port: 6767 };
    const { reasons } = resultOf(silent, null, target);
    expect(reasons.at(-1)).toMatch(/^No ACK came from 127\.0\.0\.1:6767\. /);
    expect(resultOf(silent).reasons.join()).not.toMatch(/No ACK/);
  });

  test("somebody else's lease file is out of reach, and the result says so", () => {
    expect(resultOf(outcomeOf(), null).safety.audit).toBe("lease file out of reach");
  });
});

test("several targets are told with the ACKs of each, and of whoever else answered", () => {
  const outcome = outcomeOf({
    answers: [
      { server: 0x0a00_0002, acknowledged: 7 },
      { server: 0x0a00_0009, acknowledged: 1 },
    ],
  });
  const target = { kind: "external", address: "10.0.0.1", port: 67 } as const;
  expect(resultOf(outcome, undefined, { ...target, others: ["10.0.0.2"] }).answeredBy).toEqual([
    { server: "10.0.0.1", acknowledged: 0 },
    { server: "10.0.0.2", acknowledged: 7 },
    { server: "10.0.0.9", acknowledged: 1 },
  ]);
  expect(resultOf(outcome, undefined, target).answeredBy).toBeUndefined();
});
