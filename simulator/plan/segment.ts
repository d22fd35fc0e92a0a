import type { Population } from "../../scenarios/population/population.ts";

/**
 * One of `count` equal parts of a run; a process plays each. Workers are numbered through all parts: part
 * `index` with n workers has those from `index` * n on.
 */
export interface Segment {
  /** From 0. */
  readonly index: number;
  readonly count: number;
  readonly placement: SegmentPlacement;
}

/**
 * `machines`: each part has its own machine. `one-machine`: all parts run on one machine at the same time and
 * share its ports. `by-turns`: on one machine, one after the other.
 */
export type SegmentPlacement = "machines" | "one-machine" | "by-turns";

export const SEGMENTS_MAX = 64;

/** A worker's number among all workers, and its socket in the group of its port. */
export interface WorkerPlace {
  readonly workerIndex: number;
  readonly workerCount: number;
  readonly group: { readonly index: number; readonly count: number };
}

/** The place of worker `own` of the `workers` in this process; without a segment this is the whole run. */
export function placeOf(segment: Segment | undefined, own: number, workers: number): WorkerPlace {
  const { index, count } = segment ?? { index: 0, count: 1 };
  const workerIndex = index * workers + own;
  const workerCount = count * workers;
  // Units modulo `workers` are the same worker, because `workers` divides `workerCount`.
  const group =
    segment?.placement === "one-machine"
      ? { index: workerIndex, count: workerCount }
      : { index: own, count: workers };
  return { workerIndex, workerCount, group };
}

/** Why a population cannot be cut like that, with what to do; undefined when it can. */
export function segmentProblem(
  population: Population,
  { count, placement }: Pick<Segment, "count" | "placement">,
  workers: number,
): string | undefined {
  const all = count * workers;
  const [modems = 0, mtas = 0, cpes = 0] = population.countOf;
  // MTA or CPE u is behind modem u modulo `modems`, and one worker must play both.
  if (Math.max(mtas, cpes) > modems && modems % all !== 0) {
    return (
      `${modems} cable modems with several MTAs or CPEs each cannot be divided among ${count} segments ` +
      `of ${workers} workers without tearing households apart: take a multiple of ${all} modems`
    );
  }
  if (placement === "machines" && population.cmtsPeriod % all !== 0) {
    return (
      `the CMTSs cannot be divided among ${count} segments of ${workers} workers on machines of their ` +
      `own, because answers go to the giaddr: make cmtsCount a multiple of ${all}, without uneven CMTSs`
    );
  }
  return undefined;
}
