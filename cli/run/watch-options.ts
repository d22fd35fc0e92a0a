import { type Command, Option } from "commander";
import type { Scenario } from "../../scenarios/language/scenario.ts";
import { Population } from "../../scenarios/population/population.ts";
import { parseDurationMs } from "../../scenarios/yaml/duration.ts";
import { parseMetricsAddress } from "../../server/metrics/edge/metrics-address.ts";
import type { MetricsPlan } from "../../server/metrics/edge/metrics-server.ts";
import type { RunPace } from "../../simulator/run/run-pace.ts";
import { wholeNumber } from "../options/options.ts";
import { UsageError } from "../options/usage-error.ts";
import { openLiveRun } from "./ui/live-run.ts";
import { PlainProgress, ProgressView } from "./watch/progress.ts";
import { openRunMetrics } from "./watch/run-metrics.ts";
import type { RunWatcher } from "./watch/run-watch.ts";

const LINGER_MS_DEFAULT = 30_000;
const LINGER_MS_MAX = 86_400_000;

/** Who watches a run. */
export interface WatchOptions {
  readonly seed?: number;
  readonly progress: "auto" | "plain";
  readonly ui?: true;
  readonly uiPort?: number;
  /** In ms. */
  readonly uiLinger?: number;
  readonly metrics?: MetricsPlan;
}

/** By which a run is ended early, and by which its schedule is held or hurried on. */
export interface Steering {
  readonly abort: AbortController;
  readonly pace: RunPace;
}

export function addWatchOptions(command: Command): void {
  command
    .addOption(
      new Option("--progress <how>", "auto: on a terminal, redrawn; plain: a line every 5 s")
        .choices(["auto", "plain"])
        .default("auto"),
    )
    .option("--ui", "serve a page on 127.0.0.1 to watch and steer the run; its URL is printed")
    .option(
      "--ui-port <port>",
      "its port (default: any that is free)",
      wholeNumber("--ui-port", 0, 65_535),
    )
    .option("--ui-linger <time>", "how long it stays after the run (default: 30 s)", duration)
    .option(
      "--metrics <[address:]port>",
      "tell Prometheus of the run, on 127.0.0.1 unless told",
      metricsPlan,
    );
}

/** Rejects with UsageError for a port that is not to be had. */
export async function openWatchers(
  scenario: Scenario,
  options: WatchOptions,
  folder: string,
  { abort, pace }: Steering,
): Promise<RunWatcher[]> {
  const isPlain = options.progress === "plain";
  const watchers: RunWatcher[] = [
    isPlain ? new PlainProgress(process.stderr) : new ProgressView(process.stderr),
  ];
  if (options.ui === true) {
    const live = await openLiveRun({
      scenario,
      devices: new Population(scenario.population).size,
      seed: options.seed ?? scenario.seed,
      folder,
      port: options.uiPort ?? 0,
      lingerMs: options.uiLinger ?? LINGER_MS_DEFAULT,
      pace,
      abort: () => abort.abort(),
    });
    watchers.push(live);
  }
  if (options.metrics !== undefined) {
    watchers.push(await openRunMetrics(options.metrics, scenario.name));
  }
  return watchers;
}

function metricsPlan(text: string): MetricsPlan {
  const plan = parseMetricsAddress(text);
  if (plan !== undefined) return plan;
  throw new UsageError(`--metrics ${text}: write [ADDRESS:]PORT, such as 9768`);
}

/** In ms. */
function duration(text: string): number {
  const ms = parseDurationMs(text);
  if (ms !== undefined && ms <= LINGER_MS_MAX) return ms;
  throw new UsageError(`"${text}" is no time of a day at most: write 30 s or 5 min`);
}
