import type { Writable } from "node:stream";
import type { WriteStream } from "node:tty";
import { formatCount, formatMs, formatSpan } from "../../../reports/text/format.ts";
import type { SimulationProgress } from "../../../simulator/run/edge/coordinator.ts";
import type { RunWatcher } from "./run-watch.ts";
import { secondOf } from "./second-figures.ts";

const BAR_CELLS = 30;
const LINES = 6;
/** A terminal has 80. The last one stays free, because some terminals would wrap the line. */
const COLUMNS = 79;

/** How a run is shown while it goes on; `auto`: redrawn on a terminal, now and then a line in a log. */
export const progressModes = ["auto", "plain", "none"] as const;
export type ProgressMode = (typeof progressModes)[number];

const views: Readonly<Record<ProgressMode, (stream: WriteStream) => RunWatcher[]>> = {
  auto: (stream) => [stream.isTTY ? new ProgressView(stream) : plainProgress(stream, 10)],
  plain: (stream) => [plainProgress(stream, 5)],
  none: () => [],
};

export function progressOn(stream: WriteStream, mode: ProgressMode): readonly RunWatcher[] {
  return views[mode](stream);
}

/** Draws a run on a terminal while it goes on: six lines, redrawn in place. */
class ProgressView implements RunWatcher {
  readonly #terminal: WriteStream;
  #isDrawn = false;

  constructor(terminal: WriteStream) {
    this.#terminal = terminal;
  }

  second(progress: SimulationProgress): void {
    const columns = this.#terminal.columns || 80; // Some terminals say 0.
    const lines = progressLines(progress).map((line) => line.slice(0, columns - 1));
    const up = this.#isDrawn ? `\u001b[${LINES}A` : "";
    this.#terminal.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join("")}`);
    this.#isDrawn = true;
  }

  /** Removes the lines, to make room for the summary. */
  end(): void {
    if (!this.#isDrawn) return;
    this.#terminal.write(`\u001b[${LINES}A\u001b[J`);
    this.#isDrawn = false;
  }

  close(): void {
    this.end();
  }
}

/** A line every few seconds, for a log. */
export function plainProgress(stream: Writable, everySeconds: number): RunWatcher {
  return {
    second: (progress) => {
      const { second } = progress.row;
      if (second > 0 && second % everySeconds === 0) stream.write(`${plainLine(progress)}\n`);
    },
  };
}

/** Second and phase, devices, load, latency, all on one line. */
export function plainLine(progress: SimulationProgress): string {
  const { row } = progress;
  const parts = [arrivedWords(progress), ...loadWords(progress), `latency ${latency(row)}`];
  return `${row.second} s ${progress.phase}${paceWords(progress)}: ${parts.join(", ")}`;
}

/**
 * Six lines of at most 80 columns: phase and time left, share of the devices that have arrived, devices by state,
 * rates, load, latency. A device has arrived when it holds a lease or, where devices boot, is on line.
 */
export function progressLines(progress: SimulationProgress): string[] {
  const { row, devices, phaseElapsedMs, phaseMsMax } = progress;
  const { boots } = row;
  const rates = Object.entries(row.exchanges).map(
    ([exchange, { sent, completed, timeouts, retransmissions }]) =>
      `${exchange} ${formatCount(sent)} sent ${formatCount(completed)} done/s` +
      (timeouts + retransmissions === 0 ? "" : ` (${retransmissions} again, ${timeouts} lost)`),
  );
  const leftMs = Math.max(0, phaseMsMax - phaseElapsedMs);
  const phase = `phase ${progress.phaseIndex + 1}/${progress.phaseCount} ${progress.phase}`;
  return [
    `${phase}: ${formatSpan(phaseElapsedMs)}, at most ${formatSpan(leftMs)} left${paceWords(progress)}`,
    `${bar((boots?.online ?? row.bound) / devices)} ${arrivedWords(progress)}`,
    fitting("devices  ", ", ", stateCounts(boots?.states ?? row.states)),
    fitting("rates    ", "; ", rates.length === 0 ? ["nothing sent"] : rates),
    fitting("load     ", ", ", loadWords(progress)),
    `latency  ${latency(row)}`,
  ];
}

function arrivedWords({ row, devices }: SimulationProgress): string {
  const bound = formatCount(row.bound);
  const all = formatCount(devices);
  if (row.boots === undefined) return `${bound} of ${all} bound`;
  return `${formatCount(row.boots.online)} of ${all} on line, ${bound} bound`;
}

function paceWords({ pace }: SimulationProgress): string {
  if (pace === 1) return "";
  return pace === 0 ? " (paused)" : ` (x ${pace})`;
}

/** What the last second asked for and got, and whether the generator kept up. */
function loadWords({ row }: SimulationProgress): string[] {
  const { offered, completed, timeouts, late } = secondOf(row);
  return [
    `${formatCount(offered)} offered ${formatCount(completed)} achieved/s`,
    `${formatCount(timeouts)} timed out`,
    late === 0 ? "generator on time" : `generator late with ${formatCount(late)}`,
  ];
}

function bar(share: number): string {
  return "█".repeat(Math.round(Math.min(1, share) * BAR_CELLS)).padEnd(BAR_CELLS, "░");
}

/** The largest first, without empty ones. */
function stateCounts(states: Readonly<Record<string, number>>): string[] {
  return Object.entries(states)
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([state, count]) => `${state} ${formatCount(count)}`);
}

/** As many parts as fit on a line, with `…` in place of further ones. */
function fitting(label: string, separator: string, parts: readonly string[]): string {
  let line = label + (parts[0] ?? "");
  for (const part of parts.slice(1)) {
    if (line.length + separator.length + part.length > COLUMNS - " …".length) return `${line} …`;
    line += separator + part;
  }
  return line;
}

function latency({ latencyMsP50, latencyMsP99, latencyMsMax }: SimulationProgress["row"]): string {
  if (latencyMsP50 === null || latencyMsP99 === null || latencyMsMax === null) return "-";
  return `ms p50 ${formatMs(latencyMsP50)} p99 ${formatMs(latencyMsP99)} max ${formatMs(latencyMsMax)}`;
}
