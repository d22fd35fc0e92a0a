import { LiveCharts } from "../../../reports/page/live-charts.ts";
import type { RunResult, TimeSeriesRow } from "../../../reports/result/run-result.ts";
import { formatCount, formatMs, formatSpan } from "../../../reports/text/format.ts";
import { actualWords, marginWords } from "../../../reports/text/threshold-words.ts";
import type { SimulationProgress } from "../../../simulator/run/edge/coordinator.ts";
import { secondOf } from "../watch/second-figures.ts";

/** How the run ended. */
export interface LiveEnd extends Pick<RunResult, "verdict" | "reasons" | "thresholds"> {
  readonly hasReport: boolean;
}

/** An event of the page's stream, as server-sent events name it, with its data. */
export interface LiveEvent {
  readonly name: "charts" | "point" | "status" | "end";
  readonly data: unknown;
}

/** What a page shows of a run: events for the pages that watch, and everything so far for a new one. */
export class LiveView {
  readonly #charts = new LiveCharts();
  readonly #pace: () => number;
  #latest: SimulationProgress | undefined;
  #end: LiveEvent | undefined;

  /** `pace` returns how fast the run goes through its schedule: 0 is a pause. */
  constructor(pace: () => number) {
    this.#pace = pace;
  }

  get isOver(): boolean {
    return this.#end !== undefined;
  }

  /** A second of the run: `row` as the results will have it. */
  second(progress: SimulationProgress, row: TimeSeriesRow): LiveEvent[] {
    this.#latest = progress;
    const drawing = this.#charts.add(row);
    return [{ name: drawing.kind, data: drawing }, ...this.status()];
  }

  /** The status now, for instance because the pace has changed. */
  status(): LiveEvent[] {
    if (this.#latest === undefined) return [];
    return [{ name: "status", data: { ...statusOf(this.#latest), pace: this.#pace() } }];
  }

  end({ verdict, reasons, thresholds, hasReport }: LiveEnd): LiveEvent[] {
    const judged = thresholds.map((threshold) => ({
      holds: threshold.holds,
      actual: actualWords(threshold),
      margin: marginWords(threshold),
    }));
    this.#end = { name: "end", data: { verdict, reasons, hasReport, thresholds: judged } };
    return [this.#end];
  }

  /** Everything so far. */
  greeting(): LiveEvent[] {
    const charts: LiveEvent[] =
      this.#charts.length === 0 ? [] : [{ name: "charts", data: this.#charts.all() }];
    return [...charts, ...this.status(), ...(this.#end === undefined ? [] : [this.#end])];
  }
}

function statusOf(progress: SimulationProgress) {
  const { phase, phaseIndex, phaseCount, phaseElapsedMs, phaseMsMax, devices, row } = progress;
  const { offered, completed, timeouts, retransmissions, late } = secondOf(row);
  const arrived = row.boots?.online ?? row.bound;
  const ms = (value: number | null): string => (value === null ? "-" : `${formatMs(value)} ms`);
  const { off = 0 } = row.boots?.states ?? {};
  const stillOff = off === 0 ? "" : `, ${formatCount(off)} off`;
  const leftMs = Math.max(0, phaseMsMax - phaseElapsedMs);
  return {
    line: `Phase ${phaseIndex + 1} of ${phaseCount}, ${phase}: ${formatSpan(phaseElapsedMs)} of its schedule, at most ${formatSpan(leftMs)} left`,
    progress: Math.min(1, phaseElapsedMs / phaseMsMax),
    figures: [
      {
        label: `${row.boots === undefined ? "bound" : "on line"} of ${formatCount(devices)}${stillOff}`,
        value: formatCount(arrived),
      },
      { label: "offered a second", value: formatCount(offered) },
      { label: "achieved a second", value: formatCount(completed) },
      { label: "p50 of the last second", value: ms(row.latencyMsP50) },
      { label: "p99 of the last second", value: ms(row.latencyMsP99) },
      { label: "time-outs", value: formatCount(timeouts), alarm: timeouts > 0 },
      { label: "sent again", value: formatCount(retransmissions) },
      { label: "sent late by the generator", value: formatCount(late), alarm: late > 0 },
    ],
  };
}
