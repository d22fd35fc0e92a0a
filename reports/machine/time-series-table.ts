import type { TimeSeriesRow } from "../result/run-result.ts";

type Column = readonly [
  name: string,
  cell: (row: TimeSeriesRow) => string | number | null | undefined,
];

/**
 * The time series as rows of cells: the names, then one row a second. The columns of every run come
 * first, then those on boots if devices boot, then those of the rarer exchanges.
 */
export function timeSeriesTable(rows: readonly TimeSeriesRow[]): (string | number)[][] {
  const states = [...new Set(rows.flatMap((row) => Object.keys(row.devices)))].sort();
  const columns: readonly Column[] = [
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
    ...states.map((state): Column => [`devices_${state}`, (row) => row.devices[state] ?? 0]),
    ...bootColumns(rows),
    ...exchangeColumns.filter(([, cell]) => rows.some((row) => cell(row) !== undefined)),
  ];
  return [
    columns.map(([name]) => name),
    ...rows.map((row) => columns.map(([, cell]) => cell(row) ?? "")),
  ];
}

const exchangeColumns: readonly Column[] = [
  ["rebind_sent", (row) => row.rebindSent],
  ["rebind_completed", (row) => row.rebindCompleted],
  ["reboot_sent", (row) => row.rebootSent],
  ["reboot_completed", (row) => row.rebootCompleted],
  ["release_sent", (row) => row.releaseSent],
  ["boots_sent", (row) => row.bootsSent],
  ["downloads_sent", (row) => row.downloadsSent],
];

function bootColumns(rows: readonly TimeSeriesRow[]): Column[] {
  if (rows.every(({ online, bootStates }) => online === undefined && bootStates === undefined)) {
    return [];
  }
  const states = [...new Set(rows.flatMap((row) => Object.keys(row.bootStates ?? {})))].sort();
  return [
    ["online", (row) => row.online],
    ["boots_completed", (row) => row.bootsCompleted],
    ["downloads_completed", (row) => row.downloadsCompleted],
    ...states.map(
      (state): Column => [
        `boot_${state}`,
        ({ bootStates }) => bootStates && (bootStates[state] ?? 0),
      ],
    ),
  ];
}
