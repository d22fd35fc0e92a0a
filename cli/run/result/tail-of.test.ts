import { expect, test } from "vitest";
import { LatencyHistogram } from "../../../base/histogram.ts";
import { formatMac } from "../../../protocol/mac.ts";
import { Population } from "../../../scenarios/population/population.ts";
import type { SlowAnswerReport } from "../../../server/dhcp/loop/slow-answers.ts";
import { emptyCounters, type StreamOutcome } from "../../../simulator/measure/recorder.ts";
import { tailOf } from "./tail-of.ts";

const population = new Population({
  ...{ cableModems: 100, mtas: 0, cpes: 0, smartMeters: 0, cmtsCount: 4, seed: 1 },
});
const spans = new LatencyHistogram();
const stream: StreamOutcome = {
  ...{ ratePerSecond: 1, counters: emptyCounters(), achievedPerSecond: 1 },
  ...{ exchange: "renew", load: "open", latency: spans, service: spans, slip: spans },
};
const phase = {
  startedAtMs: 10_000,
  streams: [stream, { ...stream, name: "second" }],
  slowest: [
    {
      ...{ device: 7, stream: 1, intendedAtMs: 500, sentAtMs: 503, latencyMs: 300 },
      retransmissions: 2,
    },
  ],
};
const parts = { queueMs: 1, decideMs: 2, commitMs: 290, syncMs: 280, sendMs: 3, pausedMs: 4 };
const empty = spans.toBase64();
const runStartMs = 7_000_000;

function answer(arrivedAtMs: number, device = 7): SlowAnswerReport {
  const mac = formatMac(population.macOf(device));
  return { mac, messageType: 5, arrivedAtMs: runStartMs + arrivedAtMs, ...parts };
}

test("a slow transaction has its device, and the server's answers to it in its own time", () => {
  const { server, slowest } = tailOf(phase, population, {
    runStartMs,
    report: {
      histograms: { queue: empty, decide: empty, commit: empty, sync: empty, send: empty },
      bands: [],
      stalls: [{ startMs: runStartMs + 10_400, durationMs: 299.9996, reason: "sync" }],
      // Another device's, one before it began and one after it ended.
      slowest: [
        answer(10_504, 8),
        answer(10_400),
        answer(10_900),
        answer(10_504),
        answer(10_503.5),
      ],
    },
  });
  expect(slowest).toEqual([
    {
      ...{ exchange: "renew", name: "second", kind: "cable-modem", intendedAtMs: 10_500 },
      ...{ mac: formatMac(population.macOf(7)), cmts: population.cmtsOf(7), latencyMs: 300 },
      ...{ slipMs: 3, retransmissions: 2 },
      answers: [
        { message: "DHCPACK", receivedAtMs: 10_503.5, ...parts },
        { message: "DHCPACK", receivedAtMs: 10_504, ...parts },
      ],
    },
  ]);
  expect(server!.stalls).toEqual([{ startMs: 10_400, durationMs: 300, reason: "sync" }]);
});

test("of another server nothing is known but what the generator saw", () => {
  const { server, slowest } = tailOf(phase, population, undefined);
  expect(server).toBeUndefined();
  expect(slowest![0]).not.toHaveProperty("answers");
});
