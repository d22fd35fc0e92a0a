import { formatCount, formatMs, formatOffer, formatRate, formatSpan } from "./format.ts";
import { escapeHtml, factTable, table } from "./html.ts";
import { networkLines } from "./network-lines.ts";
import { personaLines } from "./persona-lines.ts";
import type { Distribution, PhaseResult, RunResult } from "./run-result.ts";
import { violationsOf } from "./safety.ts";

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
  return `${isBooting ? `<div class="tight">${html}</div>` : html}${note}`;
}

export function thresholdTable({ thresholds }: RunResult): string {
  if (thresholds.length === 0) return `<p class="note">The scenario sets none.</p>`;
  const rows = thresholds.map(({ text, actual, holds }) => [
    escapeHtml(text),
    actual === null ? "not measured" : String(Math.round(actual * 10_000) / 10_000),
    holds ? `<span class="ok">holds</span>` : `<span class="bad">failed</span>`,
  ]);
  return table(["threshold", "actual", ""], rows);
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
    value === 0 ? `<span class="ok">0</span>` : `<span class="bad">${formatCount(value)}</span>`;
  const rows = violationsOf(safety).map(([what, seen]) => [escapeHtml(what), count(seen)]);
  const examples = safety.examples.map((example) => `<li>${escapeHtml(example)}</li>`).join("");
  const note = `Looked for in all ${formatCount(safety.acknowledged)} ACKs of the run; ${safety.audit}.`;
  return `${table(["what must never happen", "seen"], rows)}
<p class="note">${escapeHtml(note)}</p>${
    examples === "" ? "" : `<ul class="reasons">${examples}</ul>`
  }`;
}

/** What the run ran on, and what it cost. */
export function runFacts(result: RunResult): string {
  const { generator, server, network, personas, environment, scenario } = result;
  const { simulatedLoss } = generator;
  const facts: (readonly [string, string])[] = [
    [
      "generator",
      `${environment.workers} workers over ${environment.socket} sockets, busiest at ${Math.round(generator.cpuPercentMax)} % of a core, ${formatCount(generator.memoryMiB)} MiB`,
    ],
    [
      "generator losses",
      `${formatCount(generator.socketDrops)} replies dropped by its sockets, ${formatCount(generator.sendErrors)} sends refused`,
    ],
  ];
  if (simulatedLoss !== undefined) {
    facts.push([
      "simulated loss",
      `${simulatedLoss.percent} % of the datagrams in each direction, ${formatCount(simulatedLoss.dropped)} of them dropped on purpose`,
    ]);
  }
  for (const [kind, words] of personaLines(personas ?? [])) {
    facts.push([`persona ${kind}`, words]);
  }
  for (const [direction, words] of network ? networkLines(network) : []) {
    facts.push([`network ${direction}`, words]);
  }
  if (server !== undefined) {
    facts.push([
      "server",
      `${server.cpuSeconds.toFixed(1)} s of CPU, ${formatCount(server.residentMiBMax)} MiB resident at most`,
    ]);
  }
  facts.push(
    [
      "machine",
      `${environment.cpu}, ${environment.cores} cores, ${formatCount(environment.memoryMiB)} MiB, Linux ${environment.kernel}`,
    ],
    [
      "software",
      `Provlab ${environment.provlab} (${environment.commit}), Node ${environment.node}`,
    ],
    ["scenario", `${scenario.name}, sha256 ${scenario.sha256}`],
  );
  return factTable(facts);
}
