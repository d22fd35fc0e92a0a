import type { TimeSeriesRow } from "./run-result.ts";

/** The time series as rows of cells, the first one with the names: one row a second. */
export function timeSeriesTable(rows: readonly TimeSeriesRow[]): (string | number)[][] {
  const states = [...new Set(rows.flatMap((row) => Object.keys(row.devices)))].sort();
  const columns: readonly (readonly [string, (row: TimeSeriesRow) => string | number | null])[] = [
    ["second", (row) => row.second],
    ["phase", (row) => row.phase],
    ["discover_sent", (row) => row.discoverSent],
    ["discover_completed", (row) => row.discoverCompleted],
    ["renew_sent", (row) => row.renewSent],
    ["renew_completed", (row) => row.renewCompleted],
    ["timeouts", (row) => row.timeouts],
    ["retransmissions", (row) => row.retransmissions],
    ["latency_ms_p50", (row) => row.latencyMsP50],
    ["latency_ms_p99", (row) => row.latencyMsP99],
    ["latency_ms_max", (row) => row.latencyMsMax],
    ["bound", (row) => row.bound],
    ...states.map(
      (state) => [`devices_${state}`, (row: TimeSeriesRow) => row.devices[state] ?? 0] as const,
    ),
  ];
  return [
    columns.map(([name]) => name),
    ...rows.map((row) => columns.map(([, cell]) => cell(row) ?? "")),
  ];
}
