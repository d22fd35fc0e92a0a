import { describe, expect, test } from "vitest";
import { sampleResult } from "../../../reports/result/sample-result.testing.ts";
import { ArrivalLog } from "../../../simulator/load/arrival-log.ts";
import { OutageLog } from "../../../simulator/measure/outage-log.ts";
import { PhaseRecord } from "../../../simulator/measure/recorder.ts";
import { newEvents } from "../../../simulator/measure/safety-events.ts";
import { SecondTally } from "../../../simulator/measure/time-series.ts";
import { newDirectionCounters } from "../../../simulator/network/network-counters.ts";
import { type Measurement, measurement } from "./measurement-schema.ts";
import { pack, unpack } from "./packed.ts";
import { decodeMeasurement, encodeMeasurement, SegmentFileError } from "./segment-file.ts";

const BYTES_MAX = 1 << 24;

const usage = {
  ...{ received: 4, sent: 5, truncated: 0, socketDrops: 0, sendErrors: 1 },
  ...{ lastSendError: "ENETUNREACH", cpuPercent: undefined, starvedPercent: 0.25 },
};

/** What a worker reports of a phase with boots, in the recorders' own words. */
function phaseRecord(): PhaseRecord {
  const record = new PhaseRecord(2);
  const [stream] = record.streams;
  stream.counters.offered = 3;
  stream.latency.recordMs(1.5);
  stream.lastCompletedMs = 12.25;
  // The stage before it had no arrival.
  stream.stage(1).completed(2);
  record.timeToBound.all = stream.latency;
  record.slowest.add({
    ...{ device: 1, stream: 0, intendedAtMs: 0, sentAtMs: 0.5, latencyMs: 9 },
    retransmissions: 1,
  });
  const attempt = { device: 1, intendedAtMs: 0, startedAtMs: 0, boots: 1 };
  record.boot.online("cable-modem", { ...attempt, onlineAtMs: 40 }, 0);
  record.boot.stepEnded("mta", {
    ...{ ...attempt, step: "tftp", end: "done", problem: undefined, endedAtMs: 4 },
  });
  record.boot.failed("cpe", { step: "dhcp", problem: "dhcp-timeout" });
  record.boot.downloadFailed("not-found");
  return record;
}

function outages() {
  const log = new OutageLog([0x7f00_0001], 4);
  log.begin(0);
  log.acknowledged(0x7f00_0001, 1, 12);
  log.completed(2, 0, 300);
  return log.take(500);
}

function history() {
  const log = new ArrivalLog();
  log.add({ device: -1, stream: 0, atMs: 0.5, leaves: false, hasStarted: true });
  return log.take();
}

function sample(): Measurement {
  const tally = new SecondTally();
  tally.countersOf("discover").sent = 1;
  tally.recordLatencyMs(2);
  const events = newEvents(2);
  events.atMs.set([1_700_000_000_000.5, 1_700_000_000_001.5]);
  return {
    environment: sampleResult().environment,
    memoryMiB: 120,
    summary: { segment: 1, host: "east 1", agent: "a1", cpu: "x", workers: 1, startedAfterMs: 0 },
    record: {
      ...{ index: 0, count: 1, workers: 1, backend: "batch" },
      ...{ startedAtMs: 1_700_000_000_000.5, endedAtMs: 1_700_000_000_100 },
      phases: [
        {
          startedAtMs: 0,
          ending: { kind: "breakage", stream: 0, stage: 1 },
          done: [
            {
              ...{ kind: "phase-done", phase: 0, endedBy: "coordinator", devicesGivenUp: 0 },
              ...{ endedAtMs: 90.5, report: phaseRecord().toReport(), usage, history: history() },
            },
          ],
        },
        { startedAtMs: 100, ending: undefined, done: [] },
      ],
      seconds: [
        {
          ...{ second: 0, phase: "connect", ...tally.take(), bound: 1, states: { bound: 1 } },
          boots: { online: 1, states: { "mta-dhcp": 0, online: 1 } },
        },
      ],
      stopped: [
        {
          ...{ kind: "stopped", usage, decodeErrors: 0, ignoredReplies: 1, outages: outages() },
          network: { toServer: newDirectionCounters(), toDevices: newDirectionCounters() },
          personas: [],
          answers: [{ server: 0xffff_ffff, acknowledged: 2 }],
        },
      ],
      events,
      eventsLost: 0,
    },
  };
}

test("what one process measured comes back as it was", () => {
  const measured = sample();
  expect(decodeMeasurement(encodeMeasurement(measured), "the record")).toEqual(measured);
});

/** Replaces what is at the path in a copy of the sample, as it comes out of its bytes. */
function changed(path: string, value: unknown): unknown {
  const copy = unpack(pack(sample(), BYTES_MAX), BYTES_MAX);
  const names = path.split(".");
  const last = names.pop()!;
  let inner = copy as object;
  for (const name of names) inner = Reflect.get(inner, name) as object;
  Reflect.set(inner, last, value);
  return copy;
}

describe("a record that is not one is refused", () => {
  test.each<[string, unknown]>([
    ["memoryMiB", "120"],
    ["more", 1],
    ["record.more", 1],
    ["record.backend", "raw"],
    ["record.count", 0],
    ["record.workers", 1e9],
    ["record.phases", {}],
    ["record.phases.0.ending", "because"],
    ["record.phases.0.done.0.report.streams.0.counters.offered", -1],
    ["record.phases.0.done.0.report.streams.0.counters.offered", null],
    ["record.phases.0.done.0.report.streams.0.latency", 1],
    ["record.phases.0.done.0.report.boot.failures.0.problem", "<script>"],
    ["record.phases.0.done.0.report.boot.downloads.failedAttempts", { "no-such": 1 }],
    ["record.phases.0.done.0.report.slowest", Array.from({ length: 21 }, () => ({}))],
    ["record.phases.0.done.0.history.device", Int32Array.of(1, 2)],
    ["record.seconds.0.latency.buckets", new Uint32Array(7)],
    ["record.seconds.0.states", { "a b": 1 }],
    ["record.stopped.0.answers.0.server", "10.0.0.1"],
    ["record.stopped.0.outages.notes.what", new Uint8Array(9)],
    ["record.events.atMs", new Float64Array(3)],
    ["record.events.device", [0, 0]],
  ])("%s: %j", (path, value) => {
    expect(measurement.safeParse(changed(path, value)).success).toBe(false);
    const bytes = pack(changed(path, value), BYTES_MAX);
    expect(() => decodeMeasurement(bytes, "the record")).toThrow(SegmentFileError);
  });
});
