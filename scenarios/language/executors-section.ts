import { z } from "zod";
import type { Path, Report } from "../yaml/problems.ts";
import { atLeastOne, duration, inMs, name, RATE_MAX } from "../yaml/schema-parts.ts";
import { type StreamPlan, streamExchanges } from "./phase-plan.ts";
import { flatStage, type RateStage } from "./rate-profile.ts";

const STAGES_MAX = 100;
const STEPS_MAX_DEFAULT = 50;
const OUTSTANDING_MAX = 65_536;
const BURST_MAX = 100_000;

/** A duration that something is divided by, so never 0. */
const interval = duration.refine((durationMs) => durationMs > 0, "must be longer than 0 s");

const rate = z.number().positive().max(RATE_MAX);
const rateOrNone = z.number().min(0).max(RATE_MAX);

const rampStage = z
  .strictObject({
    from: rateOrNone
      .optional()
      .describe(
        "Transactions a second at its start; default: at the end of the stage before, or 0.",
      ),
    to: rateOrNone.describe("Transactions a second at its end."),
    over: interval.describe("How long it takes."),
  })
  .describe("A rate that changes evenly.");

const rangeOfDurations = z.strictObject({
  min: duration.describe("The shortest."),
  max: duration.describe("The longest."),
});

/** The keys of a stream that say how its arrivals come: each stream has exactly one of them. */
const executorShapes = {
  ratePerSecond: rate
    .optional()
    .describe("Open loop: transactions begun a second, whatever became of the ones before."),
  ramp: z
    .union([rampStage, z.array(rampStage).min(1).max(STAGES_MAX)], {
      error: "write { from: 0, to: 500, over: 30 s }, or a list of such stages",
    })
    .optional()
    .describe("Open loop: a rate that changes, in one stage or in several."),
  steps: z
    .strictObject({
      from: rate.describe("Transactions a second of the first step."),
      by: z.number().min(-RATE_MAX).max(RATE_MAX).describe("What each step adds, a second."),
      every: interval.describe("How long a step lasts."),
      count: atLeastOne(STAGES_MAX).describe("Number of steps."),
    })
    .optional()
    .describe("Open loop: a rate that grows or falls in steps."),
  untilBreakage: z
    .strictObject({
      from: rate.describe("Transactions a second of the first step."),
      factor: z
        .number()
        .gt(1)
        .max(10)
        .default(1.2)
        .describe("Each step is this many times the last."),
      every: interval.describe("How long a step lasts."),
      missedPercentMax: z
        .number()
        .min(0)
        .max(100)
        .default(2.5)
        .describe("A step with a larger percentage not complete within 1 s is the last."),
      count: atLeastOne(STAGES_MAX).default(STEPS_MAX_DEFAULT).describe("Number of steps at most."),
    })
    .optional()
    .describe("Open loop: steps that go on until the server does not keep up."),
  burst: z
    .strictObject({
      size: atLeastOne(BURST_MAX).describe("Transactions that begin at once."),
      every: interval.describe("Time from one burst to the next."),
      count: z.number().int().min(1).optional().describe("Number of bursts; default: to the end."),
    })
    .optional()
    .describe("Open loop: many transactions at once, again and again."),
  churn: z
    .strictObject({
      perSecond: rate.describe("Devices that leave a second."),
      offFor: z
        .union([duration, rangeOfDurations], {
          error: "write 30 s, or { min: 10 s, max: 1 min }",
        })
        .describe("How long a device stays away before it comes back."),
      leave: z
        .enum(["silently", "release"])
        .default("silently")
        .describe("Whether it gives its lease back when it leaves."),
    })
    .optional()
    .describe("Devices leave, and come back with the exchange of the stream."),
  allWithin: duration
    .optional()
    .describe("Every device once, each after its own random wait of at most this long."),
  outstanding: atLeastOne(OUTSTANDING_MAX)
    .optional()
    .describe("Closed loop: transactions under way at any time, over all workers."),
};

/** What a stream may say besides: how arrivals are spaced, and when it runs within its phase. */
const placeShapes = {
  arrivals: z
    .enum(["even", "poisson"])
    .optional()
    .describe("Spacing of the arrivals of a rate: even (default), or at random as calls come."),
  startAfter: duration.optional().describe("Wait from the start of the phase."),
  for: interval.optional().describe("How long the stream hands out arrivals; default: to the end."),
};

/** `streams:` of a phase, one of them. */
export const streamSection = inMs(
  z
    .strictObject({
      exchange: z.enum(streamExchanges).describe("What each device does when its turn comes."),
      name: name.optional().describe("How thresholds and reports call it; default: its exchange."),
      ...executorShapes,
      ...placeShapes,
    })
    .describe("One kind of load, with exactly one key that says how its arrivals come."),
  ...(["startAfter", "for", "allWithin"] as const),
);

type WrittenStream = z.output<typeof streamSection>;
/** The names of the executors as the code has them. */
type Executor = Exclude<keyof typeof executorShapes, "allWithin"> | "allWithinMs";

const executors = Object.keys(executorShapes).map((key) =>
  key === "allWithin" ? "allWithinMs" : key,
) as Executor[];

/** The stream that one executor key makes; reports what cannot be. */
export function streamOf(written: WrittenStream, path: Path, report: Report): StreamPlan {
  if (executors.filter((key) => written[key] !== undefined).length !== 1) {
    report(
      path,
      "needs exactly one of `ratePerSecond: 300`, `allWithin: 10 s` and `outstanding: 256`",
      `or one of ${executors.slice(1, 6).join(", ")}`,
    );
  }
  const { exchange, name: streamName, startAfterMs, forMs, arrivals } = written;
  const place = { exchange, name: streamName, startAfterMs, forMs };
  const refuseSpacing = (executor: string): void => {
    if (arrivals === undefined) return;
    report([...path, "arrivals"], `goes with a rate, and ${executor} has none`);
  };
  const { outstanding, ratePerSecond, burst, churn, allWithinMs = 0 } = written;
  if (outstanding !== undefined) {
    refuseSpacing("outstanding");
    return { ...place, kind: "outstanding", outstanding };
  }
  if (ratePerSecond !== undefined) return { ...place, arrivals, kind: "rate", ratePerSecond };
  const stages = stagesOf(written, path, report);
  if (stages !== undefined) {
    const missedPercentMax = written.untilBreakage?.missedPercentMax;
    return { ...place, arrivals, kind: "profile", stages, missedPercentMax };
  }
  if (burst !== undefined) {
    refuseSpacing("burst");
    const { size, every, count = Number.POSITIVE_INFINITY } = burst;
    return { ...place, kind: "burst", size, everyMs: every, count };
  }
  if (churn !== undefined) {
    const { perSecond, leave } = churn;
    const offForMs = offForOf(churn, exchange, path, report);
    return {
      ...{ ...place, arrivals, kind: "churn", perSecond, offForMs, leave },
      exchange: exchange === "boot" ? "boot" : "discover",
    };
  }
  refuseSpacing("allWithin");
  if (forMs !== undefined) {
    report([...path, "for"], "goes with a rate: `allWithin` says itself how long it lasts");
  }
  return { ...place, kind: "all-within", allWithinMs };
}

/** Straight lines of a rate, for the executors that are made of them; undefined for others. */
function stagesOf(
  { ramp, steps, untilBreakage }: WrittenStream,
  path: Path,
  report: Report,
): readonly RateStage[] | undefined {
  if (ramp !== undefined) return rampStages([ramp].flat(), path, report);
  if (steps !== undefined) {
    const { from, by, every, count } = steps;
    const rates = Array.from({ length: count }, (_, index) => from + index * by);
    if (rates.at(-1)! < 0 || rates.at(-1)! > RATE_MAX) {
      report([...path, "steps"], `ends at ${rates.at(-1)}/s: rates are 0 to ${RATE_MAX}`);
      return [flatStage(from, every)];
    }
    return rates.map((each) => flatStage(each, every));
  }
  if (untilBreakage === undefined) return undefined;
  const { from, factor, every, count } = untilBreakage;
  return Array.from({ length: count }, (_, index) => from * factor ** index)
    .filter((each) => each <= RATE_MAX)
    .map((each) => flatStage(each, every));
}

function rampStages(
  ramp: readonly z.infer<typeof rampStage>[],
  path: Path,
  report: Report,
): readonly RateStage[] {
  let before = 0;
  const stages = ramp.map(({ from = before, to, over }): RateStage => {
    before = to;
    return { fromPerSecond: from, toPerSecond: to, durationMs: over };
  });
  if (stages.every(({ fromPerSecond, toPerSecond }) => fromPerSecond + toPerSecond === 0)) {
    report([...path, "ramp"], "never has a rate above 0");
  }
  return stages;
}

function offForOf(
  { offFor }: NonNullable<WrittenStream["churn"]>,
  exchange: WrittenStream["exchange"],
  path: Path,
  report: Report,
): { readonly min: number; readonly max: number } {
  const range = typeof offFor === "number" ? { min: offFor, max: offFor } : offFor;
  if (range.min > range.max) report([...path, "churn", "offFor"], "has a min above its max");
  if (exchange !== "discover" && exchange !== "boot") {
    report(
      [...path, "exchange"],
      `is ${exchange}, but churn is about how devices come back`,
      "`exchange: discover`, or `exchange: boot` for the whole chain",
    );
  }
  return range;
}
