import type { TimeSeriesRow } from "../result/run-result.ts";

// The normal state is measured in these whole seconds before an event.
const SECONDS_BEFORE = 5;
/** This many seconds in a row must be as before. */
const STEADY_SECONDS = 3;
const SHARE_SLACK = 0.02;
const P99_FACTOR = 2;
const P99_SLACK_MS = 5;
/** Shares and percentiles of a second with fewer transactions mean nothing. */
const SENT_MIN = 10;

/** The normal state before an event. */
export interface Before {
  readonly sentPerSecond: number;
  /** Completed over sent, at most 1. */
  readonly answeredShare: number;
  /** p99 of the worst second. */
  readonly latencyMsP99: number;
}

/** Undefined where too little happened in the seconds of [fromMs, atMs). */
export function beforeOf(
  rows: readonly TimeSeriesRow[],
  fromMs: number,
  atMs: number,
): Before | undefined {
  const seconds = rows
    .filter(({ second }) => second * 1000 >= fromMs && (second + 1) * 1000 <= atMs)
    .filter((row) => sentIn(row) >= SENT_MIN)
    .slice(-SECONDS_BEFORE);
  if (seconds.length === 0) return undefined;
  const sent = seconds.reduce((sum, row) => sum + sentIn(row), 0);
  const completed = seconds.reduce((sum, row) => sum + completedIn(row), 0);
  return {
    sentPerSecond: sent / seconds.length,
    answeredShare: Math.min(1, completed / sent),
    latencyMsP99: Math.max(...seconds.map(({ latencyMsP99 }) => latencyMsP99 ?? 0)),
  };
}

/**
 * From the event to the first of STEADY_SECONDS in a row that are as before: the answered share at most
 * 2 percentage points lower, p99 at most twice as high or 5 ms higher. 0: nothing changed. Null: not
 * before the run ended. The effects of a later event count, too.
 */
export function steadyAfterMs(
  rows: readonly TimeSeriesRow[],
  before: Before,
  eventAtMs: number,
): number | null {
  const seconds = rows.filter(({ second }) => (second + 1) * 1000 > eventAtMs);
  let inARow = 0;
  for (const row of seconds) {
    inARow = isAsBefore(row, before) ? inARow + 1 : 0;
    if (inARow < STEADY_SECONDS) continue;
    return Math.max(0, (row.second - STEADY_SECONDS + 1) * 1000 - eventAtMs);
  }
  return null;
}

function isAsBefore(row: TimeSeriesRow, before: Before): boolean {
  const sent = sentIn(row);
  if (sent < SENT_MIN) return false;
  const p99LimitMs = Math.max(before.latencyMsP99 * P99_FACTOR, before.latencyMsP99 + P99_SLACK_MS);
  return (
    completedIn(row) / sent >= before.answeredShare - SHARE_SLACK &&
    row.latencyMsP99 !== null &&
    row.latencyMsP99 <= p99LimitMs
  );
}

export function retransmissionsIn(
  rows: readonly TimeSeriesRow[],
  fromMs: number,
  toMs: number,
): number {
  return rows
    .filter(({ second }) => (second + 1) * 1000 > fromMs && second * 1000 < toMs)
    .reduce((sum, { retransmissions }) => sum + retransmissions, 0);
}

function sentIn(row: TimeSeriesRow): number {
  return row.discoverSent + row.renewSent + (row.rebindSent ?? 0) + (row.rebootSent ?? 0);
}

function completedIn(row: TimeSeriesRow): number {
  return (
    row.discoverCompleted +
    row.renewCompleted +
    (row.rebindCompleted ?? 0) +
    (row.rebootCompleted ?? 0)
  );
}
