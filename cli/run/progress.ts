import type { WriteStream } from "node:tty";
import { formatCount, formatMs, formatSpan } from "../../reports/format.ts";
import type { SimulationProgress } from "../../simulator/coordinator.ts";

const BAR_CELLS = 30;
const LINES = 5;
/** A terminal has 80, and the last stays free: some would wrap the line. */
const COLUMNS = 79;

/** Draws a run while it goes on, on a terminal and nowhere else: five lines, redrawn in place. */
export class ProgressView {
  readonly #terminal: WriteStream | undefined;
  #isDrawn = false;

  constructor(stream: WriteStream) {
    this.#terminal = stream.isTTY ? stream : undefined;
  }

  update(progress: SimulationProgress): void {
    if (this.#terminal === undefined) return;
    const columns = this.#terminal.columns ?? 80;
    const lines = progressLines(progress).map((line) => line.slice(0, columns - 1));
    const up = this.#isDrawn ? `\u001b[${LINES}A` : "";
    this.#terminal.write(`${up}${lines.map((line) => `\u001b[2K${line}\n`).join("")}`);
    this.#isDrawn = true;
  }

  /** Takes the lines away again: what follows is the summary. */
  clear(): void {
    if (this.#terminal === undefined || !this.#isDrawn) return;
    this.#terminal.write(`\u001b[${LINES}A\u001b[J`);
    this.#isDrawn = false;
  }
}

/**
 * Phase and time left, share of the devices that have arrived, devices by state, rates, latency: five
 * lines of at most 80 columns. A device has arrived when it holds a lease, or where devices boot, when
 * it is on line.
 */
export function progressLines(progress: SimulationProgress): string[] {
  const { row, devices, phaseElapsedMs, phaseMsMax } = progress;
  const { boots } = row;
  const rates = Object.entries(row.exchanges).map(
    ([exchange, { sent, completed, timeouts, retransmissions }]) =>
      `${exchange} ${formatCount(sent)} sent ${formatCount(completed)} done/s` +
      (timeouts + retransmissions === 0 ? "" : ` (${retransmissions} again, ${timeouts} lost)`),
  );
  const arrived =
    boots === undefined
      ? `${formatCount(row.bound)} of ${formatCount(devices)} bound`
      : `${formatCount(boots.online)} of ${formatCount(devices)} on line, ${formatCount(row.bound)} bound`;
  const leftMs = Math.max(0, phaseMsMax - phaseElapsedMs);
  const phase = `phase ${progress.phaseIndex + 1}/${progress.phaseCount} ${progress.phase}`;
  return [
    `${phase}: ${formatSpan(phaseElapsedMs)}, at most ${formatSpan(leftMs)} left`,
    `${bar((boots?.online ?? row.bound) / devices)} ${arrived}`,
    fitting("devices  ", ", ", stateCounts(boots?.states ?? row.states)),
    fitting("rates    ", "; ", rates.length === 0 ? ["nothing sent"] : rates),
    `latency  ${latency(row)}`,
  ];
}

function bar(share: number): string {
  return "█".repeat(Math.round(Math.min(1, share) * BAR_CELLS)).padEnd(BAR_CELLS, "░");
}

/** The largest first; what is empty is left out. */
function stateCounts(states: Readonly<Record<string, number>>): string[] {
  return Object.entries(states)
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([state, count]) => `${state} ${formatCount(count)}`);
}

/** As many of the parts as a line takes, and a sign that there are more. */
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
