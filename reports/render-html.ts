import { chartsOf } from "./charts.ts";
import { formatCount, formatMs, formatRate, formatSpan } from "./format.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";
import type { Distribution, PhaseResult, RunResult, StreamResult } from "./run-result.ts";
import { violationsOf } from "./safety.ts";

/** What the page inlines, so that it opens anywhere, offline, with no request to anybody. */
export interface PageAssets {
  /** uPlot's browser script, with its licence notice. */
  readonly chartScript: string;
  readonly chartStyle: string;
}

/** One self-contained HTML page: the verdict first, then what it rests on. */
export function renderHtml(result: RunResult, assets: PageAssets): string {
  const charts = chartsOf(result);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(`${result.scenario.name}: ${result.verdict}`)}</title>
<style>${assets.chartStyle}${pageStyle}</style>
</head>
<body style="--verdict: var(--${result.verdict})">
<main>
${heading(result)}
${figures(result)}
<h2>Phases</h2>
${phaseTable(result.phases)}
<p class="note">${Object.entries(result.transactions)
    .map(([name, meaning]) => escapeHtml(`${name}: ${meaning}`))
    .join(" · ")}. Latency counts from the intended send time, service time from the real one.</p>
<h2>Over time</h2>
<div class="charts">
${charts.map(({ id, title }) => `<div class="chart"><h3>${escapeHtml(title)}</h3><div id="${id}"></div></div>`).join("\n")}
</div>
<h2>Thresholds</h2>
${thresholdTable(result)}
<h2>Time to bound, by kind of device</h2>
${boundTable(result)}
<h2>Safety</h2>
${safetyTable(result)}
<h2>Generator, server and machine</h2>
${facts(result)}
</main>
<script type="application/json" id="charts">${scriptJson(charts)}</script>
<script>${assets.chartScript.replaceAll("</script", "<\\/script")}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}

function heading(result: RunResult): string {
  const { scenario, verdict, reasons, target, environment, population } = result;
  const server =
    target.kind === "bundled" ? "bundled server" : `server ${target.address}:${target.port}`;
  const line = `${formatCount(population.devices)} devices on ${population.cmts} CMTSs, ${server}, durability ${environment.durability}, ${formatSpan(result.durationMs)}, ${result.startedAt}, seed ${result.seed}`;
  const why = reasons.map((reason) => `<li>${escapeHtml(reason)}</li>`).join("");
  return `<header>
<span class="verdict">${verdict.toUpperCase()}</span>
<h1>${escapeHtml(scenario.title === "" ? scenario.name : scenario.title)}</h1>
<p>${escapeHtml(line)}</p>
</header>
${why === "" ? "" : `<ul class="reasons">${why}</ul>`}`;
}

function figures({ phases, timeToBoundMs, safety, generator }: RunResult): string {
  const busiest = phases.flatMap(({ streams }) => streams).toSorted(byLatency)[0];
  const all = timeToBoundMs["all"];
  const violations = violationsOf(safety).reduce((sum, [, count]) => sum + count, 0);
  const cells: readonly (readonly [string, string])[] = [
    [formatCount(safety.acknowledged), "acknowledged leases followed"],
    [formatCount(violations), "safety violations"],
    [
      busiest === undefined ? "-" : `${formatMs(busiest.latencyMs.p99)} ms`,
      "p99 latency, slowest stream",
    ],
    [
      all === undefined || all.count === 0 ? "-" : formatSpan(all.p999),
      "99.9 % of devices bound within",
    ],
    [`${formatMs(generator.slipMsP99)} ms`, "p99 schedule slip of the generator"],
  ];
  return `<div class="figures">${cells
    .map(([value, label]) => `<div class="figure"><b>${value}</b><span>${label}</span></div>`)
    .join("")}</div>`;
}

function byLatency(a: StreamResult, b: StreamResult): number {
  return b.latencyMs.p99 - a.latencyMs.p99;
}

function phaseTable(phases: readonly PhaseResult[]): string {
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
      stream.exchange,
      stream.offeredPerSecond === null ? "at once" : formatRate(stream.offeredPerSecond),
      formatRate(stream.achievedPerSecond),
      formatCount(stream.completed),
      formatCount(stream.timeouts),
      formatCount(stream.retransmissions),
      formatCount(stream.naks),
      ...percentileCells(stream.latencyMs),
      formatMs(stream.serviceMs.p99),
      formatMs(stream.slipMs.p99),
    ]),
  );
  return table(
    head,
    rows.map((cells) => cells.map(escapeHtml)),
  );
}

function percentileCells({ count, p50, p90, p99, p999, max }: Distribution): string[] {
  if (count === 0) return ["-", "-", "-", "-", "-"];
  return [p50, p90, p99, p999, max].map(formatMs);
}

function thresholdTable({ thresholds }: RunResult): string {
  if (thresholds.length === 0) return `<p class="note">The scenario sets none.</p>`;
  const rows = thresholds.map(({ text, actual, holds }) => [
    escapeHtml(text),
    actual === null ? "not measured" : String(Math.round(actual * 10_000) / 10_000),
    holds ? `<span class="ok">holds</span>` : `<span class="bad">failed</span>`,
  ]);
  return table(["threshold", "actual", ""], rows);
}

function boundTable({ timeToBoundMs, population }: RunResult): string {
  const rows = Object.entries(timeToBoundMs).map(([kind, spans]) => [
    escapeHtml(kind),
    kind === "all" ? formatCount(population.devices) : formatCount(population.byKind[kind] ?? 0),
    formatCount(spans.count),
    ...(spans.count === 0
      ? ["-", "-", "-", "-", "-"]
      : [spans.p50, spans.p90, spans.p99, spans.p999, spans.max].map(formatSpan)),
  ]);
  return table(["kind", "devices", "times bound", "p50", "p90", "p99", "p99.9", "max"], rows);
}

function safetyTable({ safety }: RunResult): string {
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

function facts({ generator, server, environment, scenario }: RunResult): string {
  const rows = [
    [
      "generator",
      `${environment.workers} workers over ${environment.socket} sockets, busiest at ${Math.round(generator.cpuPercentMax)} % of a core, ${formatCount(generator.memoryMiB)} MiB`,
    ],
    [
      "generator losses",
      `${formatCount(generator.socketDrops)} replies dropped by its sockets, ${formatCount(generator.sendErrors)} sends refused`,
    ],
    ...(server === undefined
      ? []
      : [
          [
            "server",
            `${server.cpuSeconds.toFixed(1)} s of CPU, ${formatCount(server.residentMiBMax)} MiB resident at most`,
          ],
        ]),
    [
      "machine",
      `${environment.cpu}, ${environment.cores} cores, ${formatCount(environment.memoryMiB)} MiB, Linux ${environment.kernel}`,
    ],
    [
      "software",
      `Provlab ${environment.provlab} (${environment.commit}), Node ${environment.node}`,
    ],
    ["scenario", `${scenario.name}, sha256 ${scenario.sha256}`],
  ];
  return `<div class="wide"><table>${rows
    .map(
      ([name, value]) =>
        `<tr><td>${name}</td><td class="left wrap">${escapeHtml(value!)}</td></tr>`,
    )
    .join("")}</table></div>`;
}

/** Cells are HTML already. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, values: readonly string[]): string =>
    `<tr>${values.map((value) => `<${tag}>${value}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table>${cells("th", head)}${rows.map((row) => cells("td", row)).join("")}</table></div>`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** JSON that cannot close the script element it stands in. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}
