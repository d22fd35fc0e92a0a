import { z } from "zod";
import { didYouMean } from "../../base/closest-word.ts";
import type { Report } from "../yaml/problems.ts";
import { duration } from "../yaml/schema-parts.ts";
import { boundProblem, type Measurable } from "./bound-problem.ts";
import { metricProblem, metricRoots, parseThreshold, type Threshold } from "./threshold.ts";

const line = z
  .string()
  .describe("METRIC OPERATOR NUMBER, with <, <=, >, >= or ==.")
  .meta({ examples: ["connect.discover.latencyMs.p99 < 10"] });

/** One line, or an object with it that also says whether its failing ends the run. */
export const thresholdShape = z
  .union(
    [
      line,
      z.strictObject({
        metric: line,
        abortOnFail: z.boolean().default(false).describe("Whether its failing ends the run."),
        grace: duration
          .prefault("0 s")
          .describe("How long after the start of its phase it may fail all the same."),
      }),
    ],
    { error: "write a line, or { metric: LINE, abortOnFail: true, grace: 10 s }" },
  )
  .describe("A line, or an object with one that also says whether its failing ends the run.");

/** The thresholds in their order; reports those that no run could measure, and those that no run could meet. */
export function thresholdsOf(
  written: readonly z.infer<typeof thresholdShape>[],
  measurable: Measurable,
  report: Report,
): Threshold[] {
  const { phases } = measurable;
  const streams = new Map(phases.map((phase) => [phase.name, phase.streams]));
  return written.flatMap((entry, index) => {
    const path = ["thresholds", index];
    const text = typeof entry === "string" ? entry : entry.metric;
    const threshold = parseThreshold(text);
    if (threshold === undefined) {
      report(
        path,
        `is "${text}": write METRIC OPERATOR NUMBER, without a unit`,
        "connect.discover.latencyMs.p99 < 10, or connect.discover.timeouts == 0",
      );
      return [];
    }
    const problem = metricProblem(threshold.metric, streams);
    if (problem !== undefined) {
      const guess = didYouMean(threshold.metric[0], metricRoots(streams));
      const isGuess = guess !== undefined && guess !== threshold.metric[0];
      report(path, `is "${text}": ${problem}`, isGuess ? `did you mean ${guess}?` : undefined);
    }
    const wrongBound = problem === undefined ? boundProblem(threshold, measurable) : undefined;
    if (wrongBound !== undefined) {
      report(path, `is "${text}", which ${wrongBound.message}`, wrongBound.hint);
    }
    if (typeof entry === "string" || !entry.abortOnFail) return [threshold];
    if (!streams.has(threshold.metric[0])) {
      report(
        [...path, "abortOnFail"],
        "goes with a metric of a phase",
        "connect.discover.timeouts == 0",
      );
    }
    return [{ ...threshold, graceMs: entry.grace }];
  });
}
