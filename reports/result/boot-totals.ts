import { addFields } from "../../base/add-fields.ts";
import type { BootFailureResult, DownloadsResult, RunResult } from "./run-result.ts";

/** Totals of boots and downloads over all phases of a run. */
export interface BootTotals {
  /** Boots that failed and were tried again. */
  readonly bootsFailed: number;
  /** How often a device gave up. */
  readonly devicesGivenUp: number;
  /** By kind, step and problem; the one that cost the most devices comes first. */
  readonly failures: readonly BootFailureResult[];
  readonly downloads: DownloadsResult;
}

/** Undefined for a run in which nothing booted. */
export function bootTotalsOf({ phases }: Pick<RunResult, "phases">): BootTotals | undefined {
  const boots = phases.flatMap(({ boot }) => (boot === undefined ? [] : [boot]));
  if (boots.length === 0) return undefined;
  const failures = mergeFailures(boots.flatMap((boot) => boot.failures));
  return {
    bootsFailed: failures.reduce((sum, failure) => sum + failure.boots, 0),
    devicesGivenUp: failures.reduce((sum, failure) => sum + failure.devices, 0),
    failures,
    downloads: boots.map(({ downloads }) => downloads).reduce(addDownloads),
  };
}

/**
 * When the run ended: devices on line, of those that booted, and those that were off, for instance because they only
 * took a lease. Undefined for a run in which nothing booted.
 */
export function bootsAtEnd({
  timeSeries,
}: Pick<RunResult, "timeSeries">): { online: number; booted: number; off: number } | undefined {
  const last = timeSeries.findLast(({ online }) => online !== undefined);
  if (last?.online === undefined) return undefined;
  const { online, bootStates = { online } } = last;
  const { off = 0 } = bootStates;
  return { online, booted: totalOf(bootStates) - off, off };
}

/** One entry for each kind, step and problem, sorted by devices lost, then by boots. */
export function mergeFailures(failures: readonly BootFailureResult[]): BootFailureResult[] {
  const merged = new Map<string, BootFailureResult>();
  for (const failure of failures) {
    const key = JSON.stringify([failure.kind, failure.step, failure.problem]);
    const { boots = 0, devices = 0 } = merged.get(key) ?? {};
    merged.set(key, {
      ...failure,
      boots: boots + failure.boots,
      devices: devices + failure.devices,
    });
  }
  return [...merged.values()].sort((a, b) => b.devices - a.devices || b.boots - a.boots);
}

function addDownloads(a: DownloadsResult, b: DownloadsResult): DownloadsResult {
  const { failedAttempts, retransmissions, ...sums } = a;
  addFields<keyof typeof sums>(sums, b);
  return {
    ...sums,
    failedAttempts: addCounts(failedAttempts, b.failedAttempts),
    retransmissions: addCounts(retransmissions, b.retransmissions),
  };
}

type Counts = Readonly<Record<string, number>>;

function addCounts(a: Counts, b: Counts): Counts {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]));
}

export function totalOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}
