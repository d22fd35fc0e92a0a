import type { ProcessUsage } from "../../../lab/machine/process-usage.ts";
import type { TimeSeriesRow } from "../../../reports/result/run-result.ts";

export type ServerColumns = Pick<TimeSeriesRow, "serverCpuPercent" | "serverResidentMiB">;

/** Turns what /proc says of the bundled server, second by second, into columns of the time series. */
export class ServerSampler {
  readonly #columns = new Map<number, ServerColumns>();
  #before: { readonly atMs: number; readonly cpuSeconds: number } | undefined;

  /** Of the row of `second`, at the monotonic time `atMs`; nothing where nothing is known. */
  take(second: number, atMs: number, usage: ProcessUsage | undefined): ServerColumns {
    if (usage === undefined) return {};
    const { cpuSeconds, residentMiB } = usage;
    const before = this.#before;
    // Rows that close together have no time of their own between them.
    if (before !== undefined && atMs - before.atMs >= INTERVAL_MS_MIN) {
      const share = (cpuSeconds - before.cpuSeconds) / ((atMs - before.atMs) / 1000);
      this.#columns.set(second, {
        serverCpuPercent: Math.round(share * 1000) / 10,
        serverResidentMiB: residentMiB,
      });
    }
    if (before === undefined || atMs - before.atMs >= INTERVAL_MS_MIN) {
      this.#before = { atMs, cpuSeconds };
    }
    return this.#columns.get(second) ?? {};
  }

  addTo(rows: readonly TimeSeriesRow[]): TimeSeriesRow[] {
    return rows.map((row) => ({ ...row, ...this.#columns.get(row.second) }));
  }
}

/** /proc counts in hundredths of a second: over less than this a share says nothing. */
const INTERVAL_MS_MIN = 200;
