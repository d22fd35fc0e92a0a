import { z } from "zod";
import type { RateStage } from "./rate-profile.ts";
import type { Report } from "./scenario.ts";
import type { ScenarioExchange, ScenarioStream, StreamPlace } from "./scenario-streams.ts";
import { atLeastOne, duration, RATE_MAX } from "./schema-parts.ts";

const STAGES_MAX = 100;
const STEPS_MAX_DEFAULT = 50;
const OUTSTANDING_MAX = 65_536;
const BURST_MAX = 100_000;

/** One that divides something: never 0. */
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
export const executorShapes = {
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
export const placeShapes = {
  arrivals: z
    .enum(["even", "poisson"])
    .optional()
    .describe("Spacing of the arrivals of a rate: even (default), or at random as calls come."),
  startAfter: duration.optional().describe("Wait from the start of the phase."),
  for: interval.optional().describe("How long the stream hands out arrivals; default: to the end."),
};

const executors = z.strictObject({ ...executorShapes, ...placeShapes });
export type ExecutorKeys = z.infer<typeof executors>;

type Path = readonly (string | number)[];

/** The stream that one executor key makes; tells what cannot be. */
export function streamOf(
  place: Pick<StreamPlace, "exchange" | "name">,
  written: ExecutorKeys,
  path: Path,
  report: Report,
): ScenarioStream {
  const given = (Object.keys(executorShapes) as (keyof typeof executorShapes)[]).filter(
    (key) => written[key] !== undefined,
  );
  if (given.length !== 1) {
    report(
      path,
      "needs exactly one of `ratePerSecond: 300`, `allWithin: 10 s` and `outstanding: 256`",
      `or one of ${Object.keys(executorShapes).slice(1, 6).join(", ")}`,
    );
  }
  const timed = {
    ...place,
    ...(written.startAfter === undefined ? {} : { startAfterMs: written.startAfter }),
    ...(written.for === undefined ? {} : { forMs: written.for }),
  };
  const spaced = {
    ...timed,
    ...(written.arrivals === undefined ? {} : { arrivals: written.arrivals }),
  };
  if (written.outstanding !== undefined) {
    refuseSpacing(written, "outstanding", path, report);
    return { ...timed, kind: "outstanding", outstanding: written.outstanding };
  }
  if (written.ratePerSecond !== undefined) {
    return { ...spaced, kind: "rate", ratePerSecond: written.ratePerSecond };
  }
  const stages = stagesOf(written, path, report);
  if (stages !== undefined) {
    const missedPercentMax = written.untilBreakage?.missedPercentMax;
    return {
      ...spaced,
      kind: "profile",
      stages,
      ...(missedPercentMax === undefined ? {} : { missedPercentMax }),
    };
  }
  if (written.burst !== undefined) {
    refuseSpacing(written, "burst", path, report);
    const { size, every, count = Number.POSITIVE_INFINITY } = written.burst;
    return { ...timed, kind: "burst", size, everyMs: every, burstsMax: count };
  }
  if (written.churn !== undefined) return churnOf(spaced, written.churn, path, report);
  refuseSpacing(written, "allWithin", path, report);
  if (written.for !== undefined) {
    report([...path, "for"], "goes with a rate: `allWithin` says itself how long it lasts");
  }
  return { ...timed, kind: "all-at-once", withinMs: written.allWithin ?? 0 };
}

function refuseSpacing(
  { arrivals }: ExecutorKeys,
  executor: string,
  path: Path,
  report: Report,
): void {
  if (arrivals === undefined) return;
  report([...path, "arrivals"], `goes with a rate, and ${executor} has none`);
}

/** Straight lines of a rate, for the executors that are made of them; undefined for others. */
function stagesOf(
  { ramp, steps, untilBreakage }: ExecutorKeys,
  path: Path,
  report: Report,
): readonly RateStage[] | undefined {
  if (ramp !== undefined) return rampStages([ramp].flat(), path, report);
  if (steps !== undefined) {
    const { from, by, every, count } = steps;
    const rates = Array.from({ length: count }, (_, index) => from + index * by);
    if (rates.at(-1)! < 0 || rates.at(-1)! > RATE_MAX) {
      report([...path, "steps"], `ends at ${rates.at(-1)}/s: rates are 0 to ${RATE_MAX}`);
      return [flat(from, every)];
    }
    return rates.map((each) => flat(each, every));
  }
  if (untilBreakage === undefined) return undefined;
  const { from, factor, every, count } = untilBreakage;
  return Array.from({ length: count }, (_, index) => from * factor ** index)
    .filter((each) => each <= RATE_MAX)
    .map((each) => flat(each, every));
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

function flat(ratePerSecond: number, durationMs: number): RateStage {
  return { fromPerSecond: ratePerSecond, toPerSecond: ratePerSecond, durationMs };
}

function churnOf(
  place: StreamPlace & { arrivals?: "even" | "poisson" },
  { perSecond, offFor, leave }: NonNullable<ExecutorKeys["churn"]>,
  path: Path,
  report: Report,
): ScenarioStream {
  const [offMsMin, offMsMax] =
    typeof offFor === "number" ? [offFor, offFor] : [offFor.min, offFor.max];
  if (offMsMin > offMsMax) report([...path, "churn", "offFor"], "has a min above its max");
  if (!comesBack(place.exchange)) {
    report(
      [...path, "exchange"],
      `is ${place.exchange}, but churn is about how devices come back`,
      "`exchange: discover`, or `exchange: boot` for the whole chain",
    );
  }
  const exchange = place.exchange === "boot" ? "boot" : "discover";
  return {
    ...place,
    kind: "churn",
    exchange,
    ratePerSecond: perSecond,
    offMsMin,
    offMsMax,
    leave,
  };
}

function comesBack(exchange: ScenarioExchange): boolean {
  return exchange === "discover" || exchange === "boot";
}
