import type { Distribution, PhaseResult, RunResult } from "../result/run-result.ts";
import { expectedWords, violationsOf } from "../result/safety.ts";
import { formatCount, formatMs, formatOffer, formatRate, formatSpan } from "../text/format.ts";
import { actualWords, marginWords } from "../text/threshold-words.ts";
import { escapeHtml, table } from "./html.ts";

/** Rates, counts and latencies: a row a stream. */
export function phaseTable(phases: readonly PhaseResult[]): string {
  const head = [
    "phase",
    "exchange",
    "offered/s",
    "achieved/s",
    "completed",
    "time-outs",
    "retrans.",
    "NAKs",
    "p50 ms",
    "p90",
    "p99",
    "p99.9",
    "max",
    "service p99",
    "slip p99",
  ];
  const rows = phases.flatMap((phase) =>
    phase.streams.map((stream, index) => [
      index === 0 ? `${phase.name} (${formatSpan(phase.durationMs)})` : "",
      stream.name ?? stream.exchange,
      formatOffer(stream),
      formatRate(stream.achievedPerSecond),
      formatCount(stream.completed),
      formatCount(stream.timeouts),
      formatCount(stream.retransmissions),
      formatCount(stream.naks),
      ...percentileCells(stream.latencyMs, formatMs),
      formatMs(stream.serviceMs.p99),
      formatMs(stream.slipMs.p99),
    ]),
  );
  const html = table(
    head,
    rows.map((cells) => cells.map(escapeHtml)),
  );
  const isClosedLoop = phases.some(({ streams }) =>
    streams.some(({ outstanding }) => outstanding !== undefined),
  );
  const note = isClosedLoop
    ? '<p class="note">loop N: N transactions under way at any time; latency there is service time.</p>'
    : "";
  // Boots take minutes, and the table has milliseconds.
  const isBooting = phases.some(({ boot }) => boot !== undefined);
  return `<div class="phases${isBooting ? " tight" : ""}">${html}</div>${note}`;
}

export function thresholdTable({ thresholds, verdict }: RunResult): string {
  if (thresholds.length === 0) return `<p class="note">The scenario sets none.</p>`;
  const rows = thresholds.map((threshold) => [
    threshold.holds ? `<span class="ok">✓ holds</span>` : `<span class="bad">✗ failed</span>`,
    escapeHtml(threshold.text),
    actualWords(threshold),
    marginWords(threshold),
  ]);
  const html = table(["", "threshold", "actual", "margin"], rows);
  const note =
    verdict === "invalid"
      ? `<p class="note">The run is invalid: these figures say nothing about the server.</p>`
      : "";
  return `<div class="thresholds">${html}</div>${note}`;
}

/** How long devices of each kind took to something; `times` says what was counted. */
export function spansTable(
  spansByKind: Readonly<Record<string, Distribution>>,
  times: string,
  { devices, byKind }: RunResult["population"],
): string {
  const rows = Object.entries(spansByKind).map(([kind, spans]) => [
    escapeHtml(kind),
    formatCount(kind === "all" ? devices : (byKind[kind] ?? 0)),
    formatCount(spans.count),
    ...percentileCells(spans, formatSpan),
  ]);
  return table(["kind", "devices", times, "p50", "p90", "p99", "p99.9", "max"], rows);
}

function percentileCells(
  { count, p50, p90, p99, p999, max }: Distribution,
  format: (ms: number) => string,
): string[] {
  if (count === 0) return ["-", "-", "-", "-", "-"];
  return [p50, p90, p99, p999, max].map(format);
}

export function safetyTable({ safety }: RunResult): string {
  const count = (value: number): string =>
    value === 0
      ? `<span class="ok">✓ 0</span>`
      : `<span class="bad">✗ ${formatCount(value)}</span>`;
  const rows = violationsOf(safety).map(([what, seen]) => [escapeHtml(what), count(seen)]);
  const examples = safety.examples.map((example) => `<li>${escapeHtml(example)}</li>`).join("");
  const where = `Looked for in all ${formatCount(safety.acknowledged)} ACKs of the run; ${safety.audit}`;
  const note = [where, ...expectedWords(safety), ""].join(". ").trim();
  return `${table(["what must never happen", "seen"], rows)}
<p class="note">${escapeHtml(note)}</p>${
    examples === "" ? "" : `<ul class="reasons">${examples}</ul>`
  }`;
}
