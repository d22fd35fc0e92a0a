import type { WriteStream } from "node:tty";
import { formatCount, formatMs, formatSpan } from "../../reports/format.ts";
import type { SimulationProgress } from "../../simulator/coordinator.ts";

const BAR_CELLS = 30;
const LINES = 5;

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

/** Phase and time left, devices bound, devices by state, rates, latency. */
export function progressLines(progress: SimulationProgress): string[] {
  const { row, devices, phaseElapsedMs, phaseMsMax } = progress;
  const states = Object.entries(row.states)
    .filter(([, count]) => count > 0)
    .toSorted(([, a], [, b]) => b - a)
    .map(([state, count]) => `${state} ${formatCount(count)}`);
  const rates = Object.entries(row.exchanges).map(
    ([exchange, { sent, completed, timeouts, retransmissions }]) =>
      `${exchange} ${formatCount(sent)} sent ${formatCount(completed)} done/s` +
      (timeouts + retransmissions === 0 ? "" : ` (${retransmissions} again, ${timeouts} lost)`),
  );
  const share = Math.min(1, row.bound / devices);
  const bar = "█".repeat(Math.round(share * BAR_CELLS)).padEnd(BAR_CELLS, "░");
  const leftMs = Math.max(0, phaseMsMax - phaseElapsedMs);
  const phase = `phase ${progress.phaseIndex + 1}/${progress.phaseCount} ${progress.phase}`;
  return [
    `${phase}: ${formatSpan(phaseElapsedMs)}, at most ${formatSpan(leftMs)} left`,
    `${bar} ${formatCount(row.bound)} of ${formatCount(devices)} bound`,
    `devices  ${states.join(", ")}`,
    `rates    ${rates.join("; ") || "nothing sent"}`,
    `latency  ${latency(row)}`,
  ];
}

function latency({ latencyMsP50, latencyMsP99, latencyMsMax }: SimulationProgress["row"]): string {
  if (latencyMsP50 === null || latencyMsP99 === null || latencyMsMax === null) return "-";
  return `ms p50 ${formatMs(latencyMsP50)} p99 ${formatMs(latencyMsP99)} max ${formatMs(latencyMsMax)}`;
}
