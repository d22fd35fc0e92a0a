import type { FailoverResult, Interruption } from "./failover-result.ts";
import type { NetworkDirectionResult, RunResult, StreamResult } from "./run-result.ts";
import { sampleBootResult } from "./sample-boot-result.testing.ts";
import { sampleResult } from "./sample-result.testing.ts";
import { sampleSlowest, sampleStages } from "./sample-tail.testing.ts";

const gap: Interruption = {
  ...{ fromMs: 20_000, toMs: 20_640, rtoMs: 640, normalGapMs: 10 },
  ...{ offeredPerSecond: 900, offeredMeanwhile: 576 },
  ...{ serverBefore: "10.99.0.1", serverAfter: "10.99.0.3" },
};
const direction: NetworkDirectionResult = {
  ...{ lost: 1, delayed: 2, duplicated: 3, reordered: 4, throttled: 5, dropped: 6 },
};

/** A result that has every field of the contract, also those that exclude each other in a run. */
export function fullResult(): RunResult {
  const plain = sampleResult();
  const boot = sampleBootResult();
  const phase = boot.phases[0];
  const spans = { all: plain.timeToBoundMs["all"] };
  const row = boot.timeSeries[100];
  return {
    ...boot,
    command: "prov run sample.yaml --seed 1",
    target: { ...boot.target, product: "Kea 2.6.3 hot-standby", others: ["10.99.0.3"] },
    ...{ timeToBoundMs: spans, timeToOnlineMs: spans },
    phases: [
      {
        ...{ ...phase, streams: [fullStream(plain)] },
        ...{ server: sampleStages, slowest: sampleSlowest.slice(1, 2) },
        boot: {
          ...{ ...phase.boot!, steps: phase.boot!.steps.slice(0, 1) },
          timeToOnlineMs: spans,
        },
      },
    ],
    safety: {
      ...{ ...plain.safety, examples: ["10.0.0.1 for two"], expected: { malformedReplies: 1 } },
      ...{ acknowledgedWithoutLeadership: 0, addressesChangedAfterFailover: 0 },
    },
    generator: { ...boot.generator, starvedPercentMax: 1.5, problems: ["sent late"] },
    personas: [
      {
        ...{ kind: "captured", name: "old-modem", of: "cable-modem", percent: 5, devices: 40 },
        ...{ bound: 39, completed: 120, naks: 61, declines: 0, timeouts: 2 },
        ...{ retransmissions: 13, twinLeases: 0 },
      },
    ],
    network: { toServer: direction, toDevices: direction },
    answeredBy: [{ server: "10.99.0.1", acknowledged: 1500 }],
    failover: fullFailover(plain),
    segment: { number: 1, count: 2 },
    segments: [
      {
        ...{ segment: 1, host: "lab-1", agent: "one", cpu: "a made-up CPU", workers: 1 },
        ...{ startedAfterMs: 0, clockOffsetMs: -0.4, clockRoundTripMs: 0.3 },
      },
    ],
    timeSeries: [
      {
        ...row,
        ...{ rebindSent: 1, rebindCompleted: 1, rebootSent: 1, rebootCompleted: 1 },
        ...{ releaseSent: 1, bootsSent: 1, downloadsSent: 1 },
        ...{ serverCpuPercent: 31.5, serverResidentMiB: 98.25 },
      },
    ],
  };
}

function fullStream({ phases }: RunResult): StreamResult {
  const stream = phases[0].streams[0];
  const stage = {
    ...{ fromPerSecond: 100, toPerSecond: 200, startMs: 0, endMs: 1000, offered: 150 },
    ...{ completed: 150, offeredPerSecond: 150, achievedPerSecond: 150, missedPercent: 0 },
    ...{ notEligible: 0, late: 0, latencyMs: stream.latencyMs },
  };
  return {
    ...{ ...stream, name: "rise", outstanding: 64, allWithinMs: 1, stages: [stage] },
    breakage: { lastKeptPerSecond: 100, firstMissedPerSecond: 200, reason: "7 % unanswered" },
  };
}

function fullFailover({ timeToBoundMs }: RunResult): FailoverResult {
  return {
    nodes: [{ node: "a", server: "10.99.0.1" }],
    source: "executed",
    events: [
      {
        ...{ name: "kill", text: "kill -9 of node a", startedAtMs: 20_003, endedAtMs: 50_000 },
        ...{ node: "a", outcome: "it came back", detectedAfterMs: 427, activeAfterMs: 597 },
        ...{ otherServerAfterMs: 637, interruption: gap, nodeInterruption: gap },
        ...{ devicesAffected: 3, outageMs: timeToBoundMs["all"], devicesUnserved: 1 },
        ...{ devicesRebinding: 1, devicesGivenUp: 0, leasesExpired: 0, retransmissions: 64 },
        ...{ steadyAfterMs: 3997, dipPercent: 64 },
      },
    ],
    roles: [{ atMs: -3, node: "a", role: "active", epoch: 1 }],
    acknowledged: { binMs: 100, servers: [{ server: "10.99.0.1", counts: [1, 2] }] },
    leaderChanges: 1,
    lost: 0,
  };
}
