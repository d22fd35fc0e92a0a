import type { BootResult } from "./run-result.ts";

/** The step in which most of the time of a kind's boots went. Times in ms. */
export interface SlowStep {
  readonly kind: string;
  readonly percentile: "p50" | "p99";
  readonly onlineMs: number;
  readonly step: string;
  readonly stepMs: number;
  /** Boots that finished the step, and how many of them went on without its result (TIME-5). */
  readonly boots: number;
  readonly passedOver: number;
}

/** Below this a boot is not slow: a device repeats its first message after a second or more. */
const SLOW_MS = 1000;
/** The share of the time to on line from which a step explains it. */
const SHARE_MIN = 0.5;

/**
 * For each kind of device whose median time to on line is slow, or else whose p99 is: the step that took at least half
 * of it at the same percentile.
 */
export function slowStepsOf({ steps, timeToOnlineMs }: BootResult): SlowStep[] {
  const kinds = [...new Set(steps.map(({ kind }) => kind))];
  return kinds.flatMap((kind) => {
    const own = steps.filter((step) => step.kind === kind);
    for (const percentile of ["p50", "p99"] as const) {
      const onlineMs = timeToOnlineMs[kind]?.[percentile] ?? 0;
      if (onlineMs < SLOW_MS) continue;
      const longest = own.toSorted(
        (a, b) => b.durationMs[percentile] - a.durationMs[percentile],
      )[0];
      const stepMs = longest!.durationMs[percentile];
      if (stepMs < SHARE_MIN * onlineMs) continue;
      const { step, passedOver, durationMs } = longest!;
      return [{ kind, percentile, onlineMs, step, stepMs, boots: durationMs.count, passedOver }];
    }
    return [];
  });
}
