import { z } from "zod";
import {
  environment,
  type SegmentSummary,
  segmentSummary,
} from "../../../reports/result/run-result.ts";
import { phaseGoals, streamExchanges } from "../../../scenarios/language/phase-plan.ts";
import { deviceKinds } from "../../../scenarios/population/population.ts";
import type { BootReport } from "../../../simulator/boot/boot-record.ts";
import { type BootProblem, bootSteps } from "../../../simulator/boot/boot-step.ts";
import { downloadProblems } from "../../../simulator/boot/download.ts";
import type { ArrivalHistory } from "../../../simulator/load/arrival-log.ts";
import type { WorkerUsage } from "../../../simulator/measure/generator-health.ts";
import type { OutageReport } from "../../../simulator/measure/outage-log.ts";
import type { PhaseReport } from "../../../simulator/measure/recorder.ts";
import { SLOWEST_MAX } from "../../../simulator/measure/slowest.ts";
import { emptySketch, type SecondReport } from "../../../simulator/measure/time-series.ts";
import type { SegmentRecord } from "../../../simulator/run/segment-record.ts";
import type { PhaseDone, Stopped } from "../../../simulator/worker/worker-messages.ts";

// What one process of a run measured, as it comes from another one. It is checked to the last field, because the
// merge adds all of it up; histograms are checked when they are decoded.

const WORKERS_MAX = 64;
const STREAMS_MAX = 64;
const PHASES_MAX = 100;
const SECONDS_MAX = 1 << 22;
const WORD_LENGTH_MAX = 64;
const TEXT_LENGTH_MAX = 2000;
const HISTOGRAM_LENGTH_MAX = 1_000_000;

const count = z.int().nonnegative();
const number = z.number();
const text = z.string().max(TEXT_LENGTH_MAX);
const histogram = z.string().max(HISTOGRAM_LENGTH_MAX);

/** A field that JSON leaves out where it is undefined. */
function perhaps<Schema extends z.ZodType>(schema: Schema) {
  return schema.optional() as unknown as z.ZodType<z.output<Schema> | undefined>;
}

/** An entry of a list, which JSON writes as null where it is undefined. */
function perhapsEntry<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullable().transform((value) => value ?? undefined);
}

/** One of the names that the simulator gives its states, problems and services. */
function word<Name extends string>() {
  return z.custom<Name>((value) => typeof value === "string" && isWord(value), "is no plain word");
}

function isWord(value: string): boolean {
  return value.length <= WORD_LENGTH_MAX && /^[a-z0-9-]+$/.test(value);
}

const countsByWord = z.record(word<string>(), count);

/** Columns of one table have as many rows. */
function sameLength(table: Readonly<Record<string, unknown>>): boolean {
  const columns = Object.values(table).filter(ArrayBuffer.isView) as unknown as Uint8Array[];
  return new Set(columns.map(({ length }) => length)).size <= 1;
}

const sameLengthMessage = "has columns of different lengths";
/** A column as `unpack` makes it. */
function column<Kind extends Int32Array | Uint8Array | Uint32Array | Float64Array>(
  kind: abstract new (...args: never[]) => Kind,
) {
  return z.custom<Kind>((value) => value instanceof kind, `is no ${kind.name}`);
}

const bytes = column<Uint8Array<ArrayBuffer>>(Uint8Array);
const signed32 = column<Int32Array<ArrayBuffer>>(Int32Array);
const words32 = column<Uint32Array<ArrayBuffer>>(Uint32Array);
const doubles = column<Float64Array<ArrayBuffer>>(Float64Array);

const streamCounters = z.strictObject({
  ...{ offered: count, sent: count, completed: count, timeouts: count, retransmissions: count },
  ...{ naks: count, abandoned: count, notEligible: count, late: count, unsent: count },
});

const byKind = z.partialRecord(z.enum([...deviceKinds, "all"]), histogram);

const stageReport = z.strictObject({
  counts: z.strictObject({
    ...{ offered: count, completed: count, inTime: count, notEligible: count, late: count },
  }),
  latency: histogram,
});

const streamReport = z.strictObject({
  counters: streamCounters,
  completedInWindow: count,
  lastCompletedMs: number,
  latency: histogram,
  service: histogram,
  slip: histogram,
  stages: z.array(perhapsEntry(stageReport)).max(1000),
});

const failedWhere = { kind: z.enum(deviceKinds), step: z.enum(bootSteps) };

const bootReport: z.ZodType<BootReport> = z.strictObject({
  onlineAfter: perhaps(histogram),
  timeToOnline: byKind,
  steps: z
    .array(
      z.strictObject({
        ...failedWhere,
        duration: histogram,
        startMsSum: number,
        passedOver: count,
      }),
    )
    .max(1000),
  failures: z
    .array(
      z.strictObject({
        ...failedWhere,
        problem: word<BootProblem>(),
        boots: count,
        devices: count,
      }),
    )
    .max(1000),
  downloads: z.strictObject({
    ...{
      files: count,
      bytes: count,
      verified: count,
      contentsChecked: count,
      fromSecondary: count,
    },
    failedAttempts: z.partialRecord(z.enum(downloadProblems), count),
    retransmissions: z.strictObject({ tftp: count, time: count, ntp: count, syslog: count }),
  }),
});

const phaseReport: z.ZodType<PhaseReport> = z.strictObject({
  streams: z.array(streamReport).max(STREAMS_MAX),
  background: streamCounters,
  timeToBound: byKind,
  boot: bootReport,
  slowest: z
    .array(
      z.strictObject({
        device: count,
        stream: count,
        intendedAtMs: number,
        sentAtMs: number,
        latencyMs: number,
        retransmissions: count,
      }),
    )
    .max(SLOWEST_MAX),
});

const usage: z.ZodType<WorkerUsage> = z.strictObject({
  received: count,
  sent: count,
  truncated: count,
  socketDrops: count,
  sendErrors: count,
  lastSendError: perhaps(text),
  cpuPercent: perhaps(number),
  starvedPercent: perhaps(number),
});

const history: z.ZodType<ArrivalHistory> = z
  .strictObject({
    device: signed32,
    stream: bytes,
    atMs: doubles,
    flags: bytes,
    lost: count,
  })
  .refine(sameLength, sameLengthMessage);

const phaseDone: z.ZodType<PhaseDone> = z.strictObject({
  kind: z.literal("phase-done"),
  phase: count,
  endedBy: z.enum(["duration", "time-limit", "coordinator"]),
  devicesGivenUp: count,
  endedAtMs: number,
  report: phaseReport,
  usage,
  history: history.exactOptional(),
});

const ending = z.union([
  z.enum([...phaseGoals, "aborted"]),
  z.strictObject({ kind: z.literal("silence") }),
  z.strictObject({ kind: z.literal("threshold"), why: text }),
  z.strictObject({ kind: z.literal("breakage"), stream: count, stage: count }),
]);

const second: z.ZodType<SecondReport> = z.strictObject({
  second: count,
  phase: text,
  exchanges: z.partialRecord(z.enum(streamExchanges), streamCounters),
  bound: count,
  states: countsByWord,
  boots: perhaps(z.strictObject({ online: count, states: countsByWord })),
  latency: z.strictObject({
    buckets: words32.refine(({ length }) => length === emptySketch().buckets.length, {
      message: "has another number of buckets",
    }),
    count,
    maxMs: number,
  }),
});

const direction = z.strictObject({
  ...{ lost: count, delayed: count, duplicated: count },
  ...{ reordered: count, throttled: count, dropped: count },
});

const acks = z
  .array(
    z
      .strictObject({
        server: count,
        count: words32,
        firstMs: doubles,
        lastMs: doubles,
        sentMs: doubles,
      })
      .refine(sameLength, sameLengthMessage),
  )
  .max(1000);

const outages: z.ZodType<OutageReport> = z.strictObject({
  runStartMs: number,
  servers: acks,
  ignored: acks,
  notes: z
    .strictObject({ what: bytes, device: words32, sinceMs: doubles, untilMs: doubles })
    .refine(sameLength, sameLengthMessage),
  lost: count,
});

const stopped: z.ZodType<Stopped> = z.strictObject({
  kind: z.literal("stopped"),
  usage,
  decodeErrors: count,
  ignoredReplies: count,
  network: z.strictObject({ toServer: direction, toDevices: direction }),
  personas: z
    .array(
      z.strictObject({
        ...{ bound: count, completed: count, naks: count, declines: count },
        ...{ timeouts: count, retransmissions: count, twinLeases: count },
      }),
    )
    .max(1000),
  answers: z.array(z.strictObject({ server: count, acknowledged: count })).max(1000),
  outages: outages.optional(),
});

const record: z.ZodType<SegmentRecord> = z.strictObject({
  index: count,
  count: z.int().positive(),
  workers: z.int().positive().max(WORKERS_MAX),
  backend: z.enum(["batch", "dgram"]),
  startedAtMs: number,
  endedAtMs: number,
  phases: z
    .array(
      z.strictObject({
        startedAtMs: number,
        ending: perhaps(ending),
        done: z.array(phaseDone).max(WORKERS_MAX),
      }),
    )
    .max(PHASES_MAX),
  seconds: z.array(second).max(SECONDS_MAX),
  stopped: z.array(stopped).max(WORKERS_MAX),
  events: z
    .strictObject({
      what: bytes,
      device: words32,
      address: words32,
      atMs: doubles,
      untilMs: doubles,
    })
    .refine(sameLength, sameLengthMessage),
  eventsLost: count,
});

export const measurement = z.strictObject({
  environment,
  memoryMiB: number,
  summary: segmentSummary as z.ZodType<SegmentSummary>,
  record,
});

/** What one process measured of a run. */
export type Measurement = z.output<typeof measurement>;
