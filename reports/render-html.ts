import { breakageLines } from "./breakage-lines.ts";
import type { Chart } from "./chart.ts";
import { chartFigure, chartWords } from "./chart-figure.ts";
import { chartsOf } from "./charts.ts";
import { formatCount, formatSpan } from "./format.ts";
import { escapeHtml, scriptJson } from "./html.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";
import { bootSections } from "./render-boot.ts";
import { figures } from "./render-figures.ts";
import { environmentTable, errorTable, generatorTable, serverTable } from "./render-machine.ts";
import { phaseTable, safetyTable, spansTable, thresholdTable } from "./render-tables.ts";
import type { RunResult, Verdict } from "./run-result.ts";

/** What the page inlines, so that it opens anywhere, offline, with no request to anybody. */
export interface PageAssets {
  /** uPlot's browser script, with its licence notice; nothing in it ends a script element. */
  readonly chartScript: string;
  readonly chartStyle: string;
  /** Of the two scripts that may run, as a Content-Security-Policy names them: `sha256-...`. */
  readonly scriptHashes: readonly string[];
}

interface Section {
  /** Left out where the body has headings of its own. */
  readonly title?: string;
  /** HTML; a section without any is left out. */
  readonly body: string;
}

/**
 * One self-contained HTML page: the verdict first, then what it rests on. Its policy lets it fetch
 * nothing, and run no script but its own two.
 */
export function renderHtml(result: RunResult, assets: PageAssets): string {
  const charts = chartsOf(result);
  const sections = sectionsOf(result, charts).filter(({ body }) => body !== "");
  const data = {
    charts: charts.map((chart) => ({ ...chart, words: chartWords(chart) })),
    phases: result.phases.map(({ name, startedAtMs }) => ({ name, second: startedAtMs / 1000 })),
  };
  const hashes = assets.scriptHashes.map((hash) => `'${hash}'`).join(" ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src ${hashes === "" ? "'none'" : hashes}; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(`${result.scenario.name}: ${result.verdict}`)}</title>
<style>${assets.chartStyle}${pageStyle}</style>
</head>
<body style="--verdict: var(--${result.verdict})">
<main>
${heading(result)}
${sections.map(sectionHtml).join("\n")}
</main>
<script type="application/json" id="charts">${scriptJson(data)}</script>
<script>${assets.chartScript}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}

function sectionsOf(result: RunResult, charts: readonly Chart[]): Section[] {
  const drawn = (...ids: readonly string[]): string =>
    chartGrid(charts.filter(({ id }) => ids.includes(id)));
  return [
    { title: "Thresholds", body: thresholdTable(result) },
    { title: "Key figures", body: figures(result) },
    { title: "Phases", body: `${phaseTable(result.phases)}\n${transactionNote(result)}` },
    { title: "Rates and latency over time", body: drawn("rates", "latency") },
    { title: "Latency by percentile", body: drawn("percentiles") },
    {
      title: "Latency over load",
      body: `${breakageNotes(result)}${chartGrid(charts.filter(({ x }) => x === "load"))}`,
    },
    { title: "On the way to on line", body: drawn("online", "online-percentiles") },
    { title: "Device states", body: drawn("boot-states", "states") },
    { body: bootSections(result) },
    {
      title: "Time to bound, by kind of device",
      body: spansTable(result.timeToBoundMs, "times bound", result.population),
    },
    { title: "Errors by reason", body: errorTable(result) },
    { title: "Safety", body: safetyTable(result) },
    {
      title: "What the server used",
      body: `${serverTable(result)}${drawn("server-cpu", "server-memory")}`,
    },
    { title: "Was the generator the limit?", body: generatorTable(result) },
    { title: "Environment", body: environmentTable(result) },
    { title: "Run it again", body: commandBlock(result) },
  ];
}

function sectionHtml({ title, body }: Section): string {
  const head = title === undefined ? "" : `<h2>${escapeHtml(title)}</h2>\n`;
  return `<section>\n${head}${body}\n</section>`;
}

function chartGrid(charts: readonly Chart[]): string {
  if (charts.length === 0) return "";
  return `<div class="charts">\n${charts.map(chartFigure).join("\n")}\n</div>`;
}

function transactionNote({ transactions }: RunResult): string {
  const meanings = Object.entries(transactions).map(([name, meaning]) =>
    escapeHtml(`${name}: ${meaning}`),
  );
  return `<p class="note">${meanings.join(" · ")}. Latency counts from the intended send time, service time from the real one.</p>`;
}

function breakageNotes(result: RunResult): string {
  return breakageLines(result)
    .map((line) => `<p class="lead">${escapeHtml(line)}</p>\n`)
    .join("");
}

function commandBlock({ command }: RunResult): string {
  return command === undefined ? "" : `<pre>${escapeHtml(command)}</pre>`;
}

const signs: Readonly<Record<Verdict, string>> = { pass: "✓", fail: "✗", invalid: "!" };

function heading(result: RunResult): string {
  const { scenario, verdict, reasons, target, environment, population } = result;
  const server =
    target.kind === "bundled" ? "bundled server" : `server ${target.address}:${target.port}`;
  const line = `${formatCount(population.devices)} devices on ${population.cmts} CMTSs, ${server}, durability ${environment.durability}, ${formatSpan(result.durationMs)}, ${result.startedAt}, seed ${result.seed}`;
  const why = reasons.map((reason) => `<li>${escapeHtml(reason)}</li>`).join("");
  return `<header>
<span class="verdict"><span aria-hidden="true">${signs[verdict]}</span> ${verdict.toUpperCase()}</span>
<h1>${escapeHtml(scenario.title === "" ? scenario.name : scenario.title)}</h1>
<p>${escapeHtml(line)}</p>
<button type="button" id="theme" title="Another colour scheme" hidden></button>
</header>
${why === "" ? "" : `<ul class="reasons">${why}</ul>`}
<noscript><p class="note">The charts need JavaScript; each has its figures as a table.</p></noscript>`;
}
