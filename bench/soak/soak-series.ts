import type { TimeSeriesRow } from "../../reports/result/run-result.ts";
import type { ProcessSample, Sample } from "./samples.ts";
import { type RunName, SOAK_PHASE } from "./soak-scenarios.ts";
import type { MeasureName, Series } from "./soak-verdict.ts";
import type { Point } from "./trend.ts";

/** Left out at the start: code is compiled, heaps and tables find their sizes, devices come on line. */
const WARM_UP_SHARE = 1 / 3;
/** A process that was restarted is judged by its longest life, if that is half of the time. */
const LIFE_SHARE_MIN = 0.5;
/** `prov run` lasts no longer than a phase may. */
const SIMULATOR_HOURS_MAX = 24;
const SECONDS_AN_HOUR = 3600;

const processMeasures = ["residentMiB", "heapMiB", "descriptors", "threads"] as const;

/** What is judged of a run: its samples, and the rows of its result, both in the order of time. */
export function seriesOf(
  run: RunName,
  samples: readonly Sample[],
  rows: readonly TimeSeriesRow[],
): readonly Series[] {
  const warmUntilHours = (samples.at(-1)?.hours ?? 0) * WARM_UP_SHARE;
  const warm = samples.filter(({ hours }) => hours >= warmUntilHours);
  const lasting = rows.filter(
    ({ phase, second }) => phase === SOAK_PHASE && second / SECONDS_AN_HOUR >= warmUntilHours,
  );
  return [
    ...latencySeries(run, lasting),
    ...processNames(samples).flatMap((name) => processSeries(run, name, samples)),
    ...fileSeries(run, warm),
  ];
}

/** How often each process of a run was started anew. */
export function restartsOf(samples: readonly Sample[]): Readonly<Record<string, number>> {
  const counts = processNames(samples).map((name) => {
    const pids = new Set(lives(name, samples).map(({ process }) => process.pid));
    return [name, pids.size - 1] as const;
  });
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

function latencySeries(run: RunName, rows: readonly TimeSeriesRow[]): readonly Series[] {
  return (["latencyMsP50", "latencyMsP99"] as const).map((measure) => ({
    of: `${run}: answers`,
    measure,
    points: rows.flatMap((row): Point[] => {
      const value = row[measure];
      return value === null ? [] : [{ hours: row.second / SECONDS_AN_HOUR, value }];
    }),
  }));
}

interface Life {
  readonly hours: number;
  readonly process: ProcessSample;
}

function lives(name: string, samples: readonly Sample[]): readonly Life[] {
  return samples.flatMap(({ hours, processes }) =>
    processes.filter((each) => each.name === name).map((process) => ({ hours, process })),
  );
}

function processNames(samples: readonly Sample[]): readonly string[] {
  const names = samples.flatMap(({ processes }) => processes.map(({ name }) => name));
  return [...new Set(names)].toSorted();
}

/** By the longest life of the process, without its own warm-up. */
function processSeries(run: RunName, name: string, samples: readonly Sample[]): readonly Series[] {
  const byPid = new Map<number, Life[]>();
  for (const life of lives(name, samples)) {
    const { pid } = life.process;
    byPid.set(pid, [...(byPid.get(pid) ?? []), life]);
  }
  const [longest = []] = [...byPid.values()].toSorted((one, other) => other.length - one.length);
  if (longest.length < LIFE_SHARE_MIN * samples.length) return [];
  const warm = longest.slice(Math.ceil(longest.length * WARM_UP_SHARE));
  return processMeasures.map((measure) => ({
    of: `${run}: ${name}`,
    measure,
    points: warm.flatMap(({ hours, process }): Point[] => {
      const value = process[measure];
      return value === undefined ? [] : [{ hours, value }];
    }),
    ...(name === "simulator" && { livesHoursMax: SIMULATOR_HOURS_MAX }),
  }));
}

/** Of files that changed at all. */
function fileSeries(run: RunName, samples: readonly Sample[]): readonly Series[] {
  const names = [...new Set(samples.flatMap(({ fileMiB }) => Object.keys(fileMiB)))].toSorted();
  const measure: MeasureName = "fileMiB";
  return names
    .map((name) => ({
      of: `${run}: ${name}`,
      measure,
      points: samples.map(({ hours, fileMiB }): Point => ({ hours, value: fileMiB[name] ?? 0 })),
    }))
    .filter(({ points }) => points.some(({ value }) => value !== points[0]?.value));
}
