import { metricOf } from "../../reports/result/thresholds.ts";
import { type Threshold, thresholdHolds } from "../../scenarios/language/threshold.ts";
import type { PhaseSoFar } from "../../simulator/run/phase-watch.ts";
import { measuredOf } from "./result/stream-result-of.ts";

/**
 * Returns why a threshold ends the run in the middle of a phase; undefined while none does. Only a threshold with
 * `abortOnFail` whose grace time is over counts, once its metric is measured.
 */
export function abortJudge(
  thresholds: readonly Threshold[],
): (soFar: PhaseSoFar) => string | undefined {
  return (soFar) => {
    const due = thresholds.filter(
      ({ metric, graceMs = Number.POSITIVE_INFINITY }) =>
        metric[0] === soFar.name && soFar.durationMs >= graceMs,
    );
    if (due.length === 0) return undefined;
    const { name, durationMs } = soFar;
    const phase = { name, startedAtMs: 0, durationMs, endedBy: "", ...measuredOf(soFar) };
    const measured = { phases: [phase], timeToBoundMs: {} };
    for (const threshold of due) {
      const actual = metricOf(threshold.metric, measured);
      if (actual === null || thresholdHolds(threshold, actual)) continue;
      const seconds = Math.round(durationMs / 1000);
      return `${threshold.text}, but it was ${actual} after ${seconds} s`;
    }
    return undefined;
  };
}
