import { LatencyHistogram } from "../../base/histogram.ts";
import { Prng } from "../../base/prng.ts";
import { distributionOf } from "./distribution.ts";
import { RESULT_SCHEMA, type RunResult, type StreamResult } from "./run-result.ts";

/** A made-up result with plausible figures, for tests of readers and renderers. */
export function sampleResult(changes: Partial<RunResult> = {}): RunResult {
  return {
    schema: RESULT_SCHEMA,
    scenario: { name: "sample", title: "A made-up run", sha256: "0".repeat(64) },
    seed: 1,
    startedAt: "2026-01-02T03:04:05.000Z",
    durationMs: 61_000,
    verdict: "pass",
    reasons: [],
    environment: {
      cpu: "a made-up CPU",
      cores: 2,
      memoryMiB: 4096,
      kernel: "6.1",
      node: "v20.19.0",
      provlab: "0.1.0",
      commit: "unknown",
      durability: "fsync",
      socket: "batch",
      workers: 1,
    },
    target: { kind: "bundled", address: "127.0.0.1", port: 20_067 },
    population: { devices: 1000, byKind: { "cable-modem": 900, mta: 100 }, cmts: 4 },
    transactions: { discover: "Discover, Offer, Request, Ack", renew: "Request, Ack" },
    phases: [
      {
        name: "connect",
        startedAtMs: 0,
        durationMs: 10_000,
        endedBy: "all-bound",
        streams: [sampleStream("discover", 100, 1000)],
      },
      {
        name: "mixed",
        startedAtMs: 10_000,
        durationMs: 50_000,
        endedBy: "duration",
        streams: [sampleStream("discover", 10, 500), sampleStream("renew", 20, 1000)],
      },
    ],
    timeToBoundMs: { all: sampleDistribution(1000), "cable-modem": sampleDistribution(900) },
    thresholds: [
      { text: "mixed.renew.latencyMs.p99 < 10", actual: 4.2, holds: true },
      { text: "mixed.discover.timeouts == 0", actual: 0, holds: true },
    ],
    safety: {
      acknowledged: 2500,
      doubleAllocations: 0,
      acknowledgedLeasesLost: 0,
      addressesChangedOnRenewal: 0,
      addressesNeverOffered: 0,
      addressesOutsideNetwork: 0,
      malformedReplies: 0,
      examples: [],
      audit: "all 1,000 leases in the lease file",
    },
    generator: {
      slipMsP99: 0.2,
      socketDrops: 0,
      sendErrors: 0,
      cpuPercentMax: 31,
      memoryMiB: 120,
      problems: [],
    },
    server: { cpuSeconds: 3.2, residentMiBMax: 98 },
    timeSeries: Array.from({ length: 60 }, (_, second) => ({
      second,
      phase: second < 10 ? "connect" : "mixed",
      discoverSent: second < 10 ? 100 : 10,
      discoverCompleted: second < 10 ? 100 : 10,
      renewSent: second < 10 ? 0 : 20,
      renewCompleted: second < 10 ? 0 : 20,
      timeouts: 0,
      retransmissions: 0,
      latencyMsP50: 0.6 + (second % 7) / 50,
      latencyMsP99: 2.1 + (second % 11) / 10,
      latencyMsMax: second === 30 ? null : 5.3 + (second % 13),
      bound: Math.min(1000, (second + 1) * 100),
      devices: {
        init: Math.max(0, 1000 - (second + 1) * 100),
        bound: Math.min(1000, (second + 1) * 100),
      },
    })),
    ...changes,
  };
}

function sampleStream(exchange: string, ratePerSecond: number, count: number): StreamResult {
  return {
    exchange,
    offeredPerSecond: ratePerSecond,
    achievedPerSecond: ratePerSecond,
    achievedRatio: 1,
    offered: count,
    sent: count,
    completed: count,
    timeouts: 0,
    retransmissions: 0,
    naks: 0,
    notEligible: 0,
    latencyMs: sampleDistribution(count),
    serviceMs: sampleDistribution(count),
    slipMs: sampleDistribution(count),
  };
}

function sampleDistribution(count: number): StreamResult["latencyMs"] {
  const histogram = new LatencyHistogram();
  const prng = new Prng(7, count);
  for (let index = 0; index < count; index += 1) {
    histogram.recordMs(0.4 - Math.log(1 - prng.nextFloat()));
  }
  return distributionOf(histogram);
}
