import { countNames, deviceKinds, type PopulationPlan } from "../population/population.ts";
import {
  hasEachOnce,
  type PhasePlan,
  profileOf,
  rateOf,
  type StreamPlan,
  streamNameOf,
  windowOf,
} from "./phase-plan.ts";
import { wholeArrivals } from "./rate-profile.ts";
import type { Threshold } from "./threshold.ts";

/** What the metrics of a scenario are measured over. */
export interface Measurable {
  readonly population: PopulationPlan;
  readonly phases: readonly PhasePlan[];
}

/** Why a bound is a mistake, in a sentence that follows the threshold, and what to write instead. */
export interface BoundProblem {
  readonly message: string;
  readonly hint: string;
}

/** The highest value that a metric can have, why, and a threshold that can hold. */
interface Ceiling {
  readonly max: number;
  readonly why: string;
  readonly instead: string;
}

/**
 * What is wrong with the number of a threshold, whose metric is one of the scenario's: nothing that a run measures is
 * ever above it, or below it. Undefined if nothing is.
 */
export function boundProblem(
  threshold: Threshold,
  measurable: Measurable,
): BoundProblem | undefined {
  const metric = threshold.metric.join(".");
  const missing = unmeasured(threshold.metric, measurable);
  if (missing !== undefined) return missing;
  const { operator, bound } = threshold;
  if (operator === ">=" ? bound <= 0 : operator === ">" && bound < 0) {
    return { message: `always holds: ${metric} is never below 0`, hint: `${metric} > 0` };
  }
  if (operator === "<" ? bound <= 0 : operator !== ">" && operator !== ">=" && bound < 0) {
    return {
      message: `can never hold: ${metric} is never below 0`,
      hint: isTime(metric) ? `times are in milliseconds: ${metric} < 10` : `${metric} == 0`,
    };
  }
  const ceiling = ceilingOf(threshold.metric, measurable);
  if (ceiling === undefined) return undefined;
  const { max, why, instead } = ceiling;
  const isBeyond = operator === ">" ? bound >= max : !operator.startsWith("<") && bound > max;
  if (!isBeyond) return undefined;
  return { message: `can never hold: ${why}`, hint: `${metric} ${instead}` };
}

function isTime(metric: string): boolean {
  return metric.split(".").some((part) => part.endsWith("Ms"));
}

/** A metric that no run of the scenario measures, which fails its threshold. */
function unmeasured(
  [first = "", second = "", third = "", ...rest]: readonly string[],
  { population, phases }: Measurable,
): BoundProblem | undefined {
  const stream = streamAt([first, second], phases)?.stream;
  if (stream !== undefined) {
    const needsRate = third === "achievedRatio" || third === "offeredPerSecond";
    if (!needsRate || stream.kind === "profile" || rateOf(stream) !== undefined) return undefined;
    return {
      message: `can never hold: the arrivals of ${first}.${second} have no rate, so there is no ${third}`,
      hint: `${first}.${second}.timeouts == 0`,
    };
  }
  const kind = (deviceKinds as readonly string[]).indexOf(second);
  if (kind < 0 || population[countNames[kind]] > 0 || !first.startsWith("timeTo")) return undefined;
  return {
    message: `can never hold: the population has no ${second}`,
    hint: `${[first, "all", third, ...rest].join(".")}, or \`${countNames[kind]}: 100\` in population`,
  };
}

function streamAt([phaseName, streamName]: readonly string[], phases: readonly PhasePlan[]) {
  const phase = phases.find(({ name }) => name === phaseName);
  const stream = phase?.streams.find((each) => streamNameOf(each) === streamName);
  return phase && stream && { phase, stream };
}

const countsOfArrivals = ["offered", "sent", "completed", "timeouts", "notEligible"];

/** Only of metrics whose highest value the scenario itself decides. */
function ceilingOf(metric: readonly string[], measurable: Measurable): Ceiling | undefined {
  const found = streamAt(metric, measurable.phases);
  const name = metric[2] ?? "";
  if (found === undefined || metric.length !== 3) return undefined;
  const { phase, stream } = found;
  const arrivals = arrivalsMax(phase, stream, sizeOf(measurable.population));
  const shown = arrivals.toLocaleString("en-US");
  if (countsOfArrivals.includes(name)) {
    const why = hasEachDevice(phase, stream)
      ? `the phase has each of the ${shown} devices once`
      : `the stream has ${shown} arrivals`;
    return { max: arrivals, why, instead: name === "completed" ? `== ${arrivals}` : "== 0" };
  }
  const { startMs, endMs } = windowOf(phase, stream);
  const rate = constantRateOf(stream);
  // A last arrival that the length of the stream cuts short counts as a whole one.
  const rounding =
    rate === undefined ? 1 : Math.max(1, (1000 * arrivals) / (rate * (endMs - startMs)));
  if (name === "achievedRatio") {
    const why = "it is the achieved rate over the offered one, which is 1 at most";
    return { max: rounding, why, instead: ">= 0.99" };
  }
  if (rate === undefined || (name !== "achievedPerSecond" && name !== "offeredPerSecond")) {
    return undefined;
  }
  const why = `the stream offers ${rate.toLocaleString("en-US")} a second`;
  return { max: rate * rounding, why, instead: `>= ${Number((0.99 * rate).toPrecision(6))}` };
}

function sizeOf(population: PopulationPlan): number {
  return countNames.reduce((sum, name) => sum + population[name], 0);
}

function hasEachDevice(phase: PhasePlan, stream: StreamPlan): boolean {
  return stream.kind === "all-within" || hasEachOnce(phase, stream);
}

/** The most arrivals that a stream can have; Infinity where chance or the answers decide. */
function arrivalsMax(phase: PhasePlan, stream: StreamPlan, devices: number): number {
  if (hasEachDevice(phase, stream)) return devices;
  const { startMs, endMs } = windowOf(phase, stream);
  const lengthMs = endMs - startMs;
  if (stream.kind === "burst") {
    return stream.size * Math.min(stream.count, Math.ceil(lengthMs / stream.everyMs));
  }
  const profile = profileOf(stream);
  if (profile === undefined || isPoisson(stream)) return Number.POSITIVE_INFINITY;
  return wholeArrivals(profile.arrivalsUntil(lengthMs));
}

function isPoisson(stream: StreamPlan): boolean {
  return "arrivals" in stream && stream.arrivals === "poisson";
}

/** Undefined where the offered rate is what the arrivals made of it. */
function constantRateOf(stream: StreamPlan): number | undefined {
  return stream.kind === "rate" && !isPoisson(stream) ? stream.ratePerSecond : undefined;
}
