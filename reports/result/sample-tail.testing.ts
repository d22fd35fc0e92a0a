import { LatencyHistogram } from "../../base/histogram.ts";
import { distributionOf } from "./distribution.ts";
import type { RunResult } from "./run-result.ts";
import { sampleResult } from "./sample-result.testing.ts";
import type { ServerStages, SlowTransaction } from "./tail.ts";

/** A made-up phase of the bundled server: a sync of 300 ms at second 30, and a stop of 250 ms at second 45. */
export const sampleStages: ServerStages = {
  queueMs: spans(0.05, 250),
  decideMs: spans(0.04, 0.6),
  sendMs: spans(0.02, 0.1),
  commitMs: spans(0.4, 303),
  syncMs: spans(0.3, 300),
  bands: [
    {
      ...{ fromMs: 0, toMs: 1, answers: 1480, queueMs: 0.05, decideMs: 0.04, commitMs: 0.4 },
      ...{ syncMs: 0.3, sendMs: 0.02, pausedMs: 0, syncs: 1 },
    },
    {
      ...{ fromMs: 128, toMs: 256, answers: 12, queueMs: 180, decideMs: 0.5, commitMs: 1 },
      ...{ syncMs: 0.4, sendMs: 0.1, pausedMs: 179, syncs: 1 },
    },
    {
      ...{ fromMs: 256, toMs: 512, answers: 8, queueMs: 0.1, decideMs: 0.1, commitMs: 301 },
      ...{ syncMs: 299.5, sendMs: 0.1, pausedMs: 0, syncs: 1 },
    },
  ],
  stalls: [
    { startMs: 30_210, durationMs: 300.4, reason: "sync" },
    { startMs: 45_020.5, durationMs: 250.2, reason: "stopped" },
    { startMs: 50_100, durationMs: 12, reason: "garbage-collection" },
    { startMs: 51_400, durationMs: 8, reason: "processor" },
    { startMs: 52_900, durationMs: 6, reason: "event-loop" },
  ],
};

/** Twenty, the slowest first. */
export const sampleSlowest: readonly SlowTransaction[] = Array.from({ length: 20 }, (_, index) => ({
  ...(index % 2 === 0 ? { exchange: "discover" } : { exchange: "renew", name: "leases" }),
  mac: `00:10:00:00:00:${(index + 16).toString(16)}`,
  kind: index % 5 === 4 ? "mta" : "cable-modem",
  cmts: index % 4,
  intendedAtMs: 30_215 + 5 * index,
  latencyMs: 302 - 5 * index,
  slipMs: index === 19 ? 3.2 : 0.1,
  retransmissions: index === 18 ? 1 : 0,
  ...(index < 17 && {
    answers: [
      {
        ...{ message: "DHCPACK", receivedAtMs: 30_215.4 + 5 * index, queueMs: 0.1, decideMs: 0.1 },
        ...{ commitMs: 301 - 5 * index, syncMs: 295 - 5 * index, sendMs: 0.1, pausedMs: 0 },
      },
    ],
  }),
}));

/** The sample with its last phase's slow end explained. */
export function sampleTailResult(): RunResult {
  const sample = sampleResult();
  const [connect, mixed] = sample.phases;
  return sampleResult({
    phases: [connect, { ...mixed, server: sampleStages, slowest: sampleSlowest }],
  });
}

function spans(usualMs: number, longestMs: number) {
  const histogram = new LatencyHistogram();
  for (let index = 0; index < 1480; index += 1) histogram.recordMs(usualMs);
  for (let index = 0; index < 20; index += 1) histogram.recordMs((longestMs * (index + 1)) / 20);
  return distributionOf(histogram);
}
