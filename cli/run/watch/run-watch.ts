import type { RunResult, TimeSeriesRow } from "../../../reports/result/run-result.ts";
import type { SimulationProgress } from "../../../simulator/run/edge/coordinator.ts";
import type { RunPace } from "../../../simulator/run/run-pace.ts";

/** Watches a run: a terminal, a page, a collector of metrics. */
export interface RunWatcher {
  /** A second of the run; `row` as the results will have it. */
  second(progress: SimulationProgress, row: TimeSeriesRow): void;
  /** The run is over and its files are written. */
  end?(result: RunResult): void;
  close?(): void | Promise<void>;
}

/** One watcher for several. */
export function watchedBy(watchers: readonly RunWatcher[]): Required<RunWatcher> {
  return {
    second: (progress, row) => {
      for (const watcher of watchers) watcher.second(progress, row);
    },
    end: (result) => {
      for (const watcher of watchers) watcher.end?.(result);
    },
    close: async () => {
      await Promise.all(watchers.map((watcher) => watcher.close?.()));
    },
  };
}

/** What ends a run early, and what slows, stops or speeds up its schedule. */
export interface Steering {
  readonly abort: AbortController;
  readonly pace: RunPace;
}
