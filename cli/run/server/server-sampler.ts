import type { ProcessUsage } from "../../../lab/machine/process-usage.ts";
import type { TimeSeriesRow } from "../../../reports/result/run-result.ts";

export type ServerColumns = Pick<TimeSeriesRow, "serverCpuPercent" | "serverResidentMiB">;

/** Turns the CPU time and memory of the bundled server into columns of the time series. */
export class ServerSampler {
  readonly #columns = new Map<number, ServerColumns>();
  #before: { readonly atMs: number; readonly cpuSeconds: number } | undefined;

  /** The columns for the row of `second`, at the monotonic time `atMs`; empty when the usage is unknown. */
  take(second: number, atMs: number, usage: ProcessUsage | undefined): ServerColumns {
    if (usage === undefined) return {};
    const { cpuSeconds, residentMiB } = usage;
    const before = this.#before;
    const elapsedMs = before === undefined ? Number.POSITIVE_INFINITY : atMs - before.atMs;
    if (elapsedMs < INTERVAL_MS_MIN) return this.#columns.get(second) ?? {};
    this.#before = { atMs, cpuSeconds };
    if (before !== undefined) {
      const share = (cpuSeconds - before.cpuSeconds) / (elapsedMs / 1000);
      this.#columns.set(second, {
        serverCpuPercent: Math.round(share * 1000) / 10,
        serverResidentMiB: residentMiB,
      });
    }
    return this.#columns.get(second) ?? {};
  }

  addTo(rows: readonly TimeSeriesRow[]): TimeSeriesRow[] {
    return rows.map((row) => ({ ...row, ...this.#columns.get(row.second) }));
  }
}

/** /proc counts in hundredths of a second, so a shorter interval gives no usable share. */
const INTERVAL_MS_MIN = 200;
