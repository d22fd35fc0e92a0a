import { z } from "zod";
import { LatencyHistogram } from "../../base/histogram.ts";
import { failoverShape } from "../failover/read-failover.ts";
import { RESULT_SCHEMA, type RunResult } from "./run-result.ts";

/** A result, or everything that is wrong with the text: a sentence each, with the place in it. */
export type ResultReading =
  | { readonly kind: "read"; readonly result: RunResult }
  | { readonly kind: "failed"; readonly problems: readonly string[] };

const PROBLEMS_MAX = 20;

const count = z.number().int().nonnegative();
const ms = z.number().nonnegative();
const text = z.string();
const counts = z.record(text, count);
const nullableMs = ms.nullable();

const distribution = z
  .looseObject({ count, p50: ms, p90: ms, p99: ms, p999: ms, max: ms, mean: ms, histogram: text })
  .superRefine((value, context) => {
    const problem = histogramProblem(value);
    if (problem !== undefined) {
      context.addIssue({ code: "custom", path: ["histogram"], message: problem });
    }
  });
const distributions = z.record(text, distribution);

const stage = z.looseObject({
  fromPerSecond: z.number().nonnegative(),
  toPerSecond: z.number().nonnegative(),
  startMs: ms,
  endMs: ms,
  offered: count,
  completed: count,
  offeredPerSecond: z.number().nonnegative(),
  achievedPerSecond: z.number().nonnegative(),
  missedPercent: z.number().nonnegative(),
  notEligible: count,
  late: count,
  latencyMs: distribution,
});

const stream = z.looseObject({
  exchange: text,
  offeredPerSecond: z.number().nonnegative().nullable(),
  outstanding: count.optional(),
  achievedPerSecond: z.number().nonnegative(),
  achievedRatio: z.number().nonnegative().nullable(),
  offered: count,
  sent: count,
  completed: count,
  timeouts: count,
  retransmissions: count,
  naks: count,
  notEligible: count,
  latencyMs: distribution,
  serviceMs: distribution,
  slipMs: distribution,
  name: text.optional(),
  stages: z.array(stage).optional(),
  breakage: z
    .looseObject({
      lastKeptPerSecond: z.number().nullable(),
      firstMissedPerSecond: z.number().nullable(),
      reason: text,
    })
    .optional(),
});

const boot = z.looseObject({
  onlineAfterMs: distribution,
  timeToOnlineMs: distributions,
  steps: z.array(
    z.looseObject({
      kind: text,
      step: text,
      durationMs: distribution,
      startMeanMs: z.number(),
      passedOver: count,
    }),
  ),
  failures: z.array(
    z.looseObject({ kind: text, step: text, problem: text, boots: count, devices: count }),
  ),
  downloads: z.looseObject({
    files: count,
    bytes: count,
    verified: count,
    contentsChecked: count,
    fromSecondary: count,
    failedAttempts: counts,
    retransmissions: counts,
  }),
});

const phase = z.looseObject({
  name: text,
  startedAtMs: ms,
  durationMs: ms,
  endedBy: text,
  streams: z.array(stream),
  boot: boot.optional(),
});

const row = z.looseObject({
  second: count,
  phase: text,
  discoverSent: count,
  discoverCompleted: count,
  renewSent: count,
  renewCompleted: count,
  timeouts: count,
  retransmissions: count,
  latencyMsP50: nullableMs,
  latencyMsP99: nullableMs,
  latencyMsMax: nullableMs,
  bound: count,
  devices: counts,
  rebindSent: count.optional(),
  rebindCompleted: count.optional(),
  rebootSent: count.optional(),
  rebootCompleted: count.optional(),
  releaseSent: count.optional(),
  bootsSent: count.optional(),
  downloadsSent: count.optional(),
  online: count.optional(),
  bootStates: counts.optional(),
  bootsCompleted: count.optional(),
  downloadsCompleted: count.optional(),
  serverCpuPercent: z.number().nonnegative().optional(),
  serverResidentMiB: z.number().nonnegative().optional(),
});

const environment = z.looseObject({
  cpu: text,
  cores: count,
  memoryMiB: z.number(),
  kernel: text,
  node: text,
  provlab: text,
  commit: text,
  durability: text,
  socket: text,
  workers: count,
});

const safety = z.looseObject({
  acknowledged: count,
  doubleAllocations: count,
  acknowledgedLeasesLost: count,
  addressesChangedOnRenewal: count,
  addressesNeverOffered: count,
  addressesOutsideNetwork: count,
  malformedReplies: count,
  acknowledgedWithoutLeadership: count.optional(),
  addressesChangedAfterFailover: count.optional(),
  expected: counts.optional(),
  examples: z.array(text),
  audit: text,
});

const generator = z.looseObject({
  slipMsP99: ms,
  socketDrops: count,
  sendErrors: count,
  cpuPercentMax: z.number().nonnegative(),
  starvedPercentMax: z.number().nonnegative().optional(),
  memoryMiB: z.number().nonnegative(),
  problems: z.array(text),
  simulatedLoss: z.looseObject({ percent: z.number(), dropped: count }).optional(),
});

const networkDirection = z.looseObject({
  lost: count,
  delayed: count,
  duplicated: count,
  reordered: count,
  throttled: count,
  dropped: count,
});

const persona = z.looseObject({
  kind: text,
  of: text.optional(),
  percent: z.number().nonnegative(),
  devices: count,
  bound: count,
  completed: count,
  naks: count,
  declines: count,
  timeouts: count,
  retransmissions: count,
  twinLeases: count,
});

/** Fields that this version does not know are kept: a later minor version may have added them. */
const runResult = z.looseObject({
  schema: z.literal(RESULT_SCHEMA),
  scenario: z.looseObject({ name: text, title: text, sha256: text }),
  command: text.optional(),
  seed: count,
  startedAt: text.refine((value) => !Number.isNaN(Date.parse(value)), "is no ISO 8601 time"),
  durationMs: ms,
  verdict: z.enum(["pass", "fail", "invalid"]),
  reasons: z.array(text),
  environment,
  target: z.looseObject({
    kind: z.enum(["bundled", "external"]),
    product: text.optional(),
    address: text,
    port: count,
    others: z.array(text).optional(),
  }),
  population: z.looseObject({ devices: count, byKind: counts, cmts: count }),
  transactions: z.record(text, text),
  phases: z.array(phase),
  timeToBoundMs: distributions,
  timeToOnlineMs: distributions.optional(),
  thresholds: z.array(z.looseObject({ text, actual: z.number().nullable(), holds: z.boolean() })),
  safety,
  generator,
  personas: z.array(persona).optional(),
  network: z.looseObject({ toServer: networkDirection, toDevices: networkDirection }).optional(),
  answeredBy: z.array(z.looseObject({ server: text, acknowledged: count })).optional(),
  failover: failoverShape(distribution).optional(),
  server: z.looseObject({ cpuSeconds: z.number(), residentMiBMax: z.number() }).optional(),
  segment: z.looseObject({ number: count, count }).optional(),
  segments: z.array(z.looseObject({ segment: count, host: text, workers: count })).optional(),
  timeSeries: z.array(row),
});

/**
 * Reads the text of a `result.json`. Never throws on a text: what is damaged, of another program or of
 * a later schema is told in the problems.
 */
export function readResult(json: string): ResultReading {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return failed(`is not JSON: ${(error as SyntaxError).message}`);
  }
  const foreign = schemaProblem(value);
  if (foreign !== undefined) return failed(foreign);
  const parsed = runResult.safeParse(value);
  // Unchanged, so that what is written again from it is what was read.
  if (parsed.success) return { kind: "read", result: value as RunResult };
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${placeOf(path)}: ${lowerFirst(message)}`,
  );
  const more = problems.length - PROBLEMS_MAX;
  return failed(...problems.slice(0, PROBLEMS_MAX), ...(more > 0 ? [`and ${more} more`] : []));
}

function failed(...problems: string[]): ResultReading {
  return { kind: "failed", problems };
}

function schemaProblem(value: unknown): string | undefined {
  const schema: unknown =
    typeof value === "object" && value !== null ? Reflect.get(value, "schema") : undefined;
  if (schema === RESULT_SCHEMA) return undefined;
  if (typeof schema !== "string") return `is no result of prov run: "schema" is missing`;
  const version = /^provlab\/result@(\d+)$/.exec(schema)?.[1];
  const own = Number(RESULT_SCHEMA.split("@")[1]);
  if (version !== undefined && Number(version) > own) {
    return `is of a later version, ${schema}: this one reads ${RESULT_SCHEMA}, so take a newer Provlab`;
  }
  return `is no result of prov run: schema is ${JSON.stringify(schema)}, not ${RESULT_SCHEMA}`;
}

function histogramProblem(spans: { readonly count: number; readonly histogram: string }) {
  try {
    const held = LatencyHistogram.fromBase64(spans.histogram).count;
    return held === spans.count ? undefined : `holds ${held} values, but count is ${spans.count}`;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

/** As one writes it in JavaScript: `phases[0].streams[1].latencyMs.p99`. */
function placeOf(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
