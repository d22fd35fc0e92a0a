import type { Distribution } from "../result/distribution.ts";
import type { RunResult } from "../result/run-result.ts";
import { expectedWords, violationsOf } from "../result/safety.ts";
import {
  formatCount,
  formatMs,
  formatSpan,
  hasClosedLoop,
  percentileCells,
  percentileName,
  streamCells,
  streamHead,
} from "../text/format.ts";
import { actualWords, marginWords } from "../text/threshold-words.ts";
import { dottedName, escapeHtml, note, reasonList, stackingTable, table } from "./html.ts";

const percentiles = ["p50", "p90", "p99", "p999", "max"] as const;
const latencyHead = ["p50 ms", "p90", "p99", "p99.9", "max", "service p99", "slip p99"];

/** Rates, counts and latencies: a row a stream. */
export function phaseTable({ phases }: RunResult): string {
  const rows = phases.flatMap((phase) =>
    phase.streams.map((stream, index) => [
      index === 0 ? `${phase.name} (${formatSpan(phase.durationMs)})` : "",
      ...streamCells(stream),
      formatCount(stream.retransmissions),
      formatCount(stream.naks),
      ...percentileCells(stream.latencyMs, percentiles, formatMs),
      formatMs(stream.serviceMs.p99),
      formatMs(stream.slipMs.p99),
    ]),
  );
  const head = ["phase", ...streamHead, "retrans.", "NAKs", ...latencyHead];
  const loops = hasClosedLoop(phases)
    ? note("loop N: N transactions under way at any time; latency there is service time.")
    : "";
  // Boots take minutes, so their cells in milliseconds are wide.
  const isBooting = phases.some(({ boot }) => boot !== undefined);
  return `<div class="phases${isBooting ? " tight" : ""}">${stackingTable(
    head.map(escapeHtml),
    rows.map((cells) => cells.map(escapeHtml)),
  )}</div>${loops}`;
}

/** Cells are HTML. */
export function thresholdRows(rows: readonly (readonly string[])[]): string {
  return stackingTable(["", "threshold", "actual", "margin"], rows);
}

export function thresholdTable({ thresholds, verdict }: RunResult): string {
  if (thresholds.length === 0) return note("The scenario sets none.");
  const rows = thresholds.map((threshold) => [
    threshold.holds ? `<span class="ok">✓ holds</span>` : `<span class="bad">✗ failed</span>`,
    dottedName(threshold.text),
    actualWords(threshold),
    marginWords(threshold),
  ]);
  const invalid =
    verdict === "invalid"
      ? note("The run is invalid: these figures say nothing about the server.")
      : "";
  return `<div class="thresholds">${thresholdRows(rows)}</div>${invalid}`;
}

/** Percentiles by kind of device. `times` is the head of the column with their number. */
export function spansTable(
  spansByKind: Readonly<Record<string, Distribution>>,
  times: string,
  { devices, byKind }: RunResult["population"],
): string {
  const rows = Object.entries(spansByKind).map(([kind, spans]) => [
    escapeHtml(kind),
    formatCount(kind === "all" ? devices : (byKind[kind] ?? 0)),
    formatCount(spans.count),
    ...percentileCells(spans, percentiles),
  ]);
  return table(["kind", "devices", times, ...percentiles.map(percentileName)], rows);
}

export function safetyTable({ safety }: RunResult): string {
  const rows = violationsOf(safety).map(([what, seen]) => [
    escapeHtml(what),
    seen === 0 ? `<span class="ok">✓ 0</span>` : `<span class="bad">✗ ${formatCount(seen)}</span>`,
  ]);
  const where = `Looked for in all ${formatCount(safety.acknowledged)} ACKs of the run; ${safety.audit}`;
  const words = [where, ...expectedWords(safety), ""].join(". ").trim();
  return `${table(["what must never happen", "seen"], rows)}
${note(escapeHtml(words))}${reasonList(safety.examples)}`;
}
