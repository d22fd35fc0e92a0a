import type { Scenario } from "../../scenarios/language/scenario.ts";
import { parseDurationMs } from "../../scenarios/yaml/duration.ts";
import { parseMetricsAddress } from "../../server/metrics/edge/metrics-address.ts";
import type { MetricsPlan } from "../../server/metrics/edge/metrics-server.ts";
import { type OptionValue, whole } from "../options/options.ts";
import type { Subcommand } from "../options/subcommand.ts";
import { UsageError } from "../options/usage-error.ts";
import { openLiveRun } from "./ui/live-run.ts";
import { type ProgressMode, progressModes, progressOn } from "./watch/progress.ts";
import { openRunMetrics } from "./watch/run-metrics.ts";
import type { RunWatcher, Steering } from "./watch/run-watch.ts";

const LINGER_MS_DEFAULT = 30_000;
const LINGER_MS_MAX = 86_400_000;

/** Options of the watchers of a run. */
export interface WatchOptions {
  readonly progress: ProgressMode;
  readonly ui?: true;
  readonly uiPort?: number;
  /** In ms. */
  readonly uiLinger?: number;
  readonly metrics?: MetricsPlan;
}

export function addWatchOptions(command: Subcommand): void {
  command
    .choice(
      "--progress <how>",
      "auto: redrawn on a terminal, else a line every 10 s; plain: every 5 s",
      progressModes,
      "auto",
    )
    .option("--ui", "serve a page on 127.0.0.1 to watch and steer the run; its URL is printed")
    .value("--ui-port <port>", "its port (default: any that is free)", whole(0, 65_535))
    .option("--ui-linger <time>", "how long it stays after the run (default: 30 s)", duration)
    .value(
      "--metrics <[address:]port>",
      "tell Prometheus of the run, on 127.0.0.1 unless told",
      metricsAddress,
    );
}

const metricsAddress: OptionValue<MetricsPlan> = {
  parse: parseMetricsAddress,
  how: "write [ADDRESS:]PORT, such as 9768",
};

/** Rejects with UsageError for a port that cannot be had. */
export async function openWatchers(
  scenario: Scenario,
  { progress, ui, uiPort = 0, uiLinger = LINGER_MS_DEFAULT, metrics }: WatchOptions,
  folder: string,
  steering: Steering,
): Promise<RunWatcher[]> {
  const watchers: RunWatcher[] = [...progressOn(process.stderr, progress)];
  if (ui === true) watchers.push(await openLiveRun(scenario, folder, uiPort, uiLinger, steering));
  if (metrics !== undefined) watchers.push(await openRunMetrics(metrics, scenario.name));
  return watchers;
}

/** Returns ms. */
function duration(text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== undefined && ms <= LINGER_MS_MAX) return ms;
  throw new UsageError(`"${text}" is no time of a day at most: write 30 s or 5 min`);
}
