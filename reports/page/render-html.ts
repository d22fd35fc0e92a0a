import { failoverSection } from "../failover/failover-section.ts";
import type { RunResult, Verdict } from "../result/run-result.ts";
import { breakageLines } from "../text/breakage-lines.ts";
import { formatCount, formatSpan } from "../text/format.ts";
import { plantTablesOf } from "../text/plant-tables.ts";
import type { Chart } from "./chart.ts";
import { chartFigure } from "./chart-figure.ts";
import { chartsOf } from "./charts.ts";
import { escapeHtml, table } from "./html.ts";
import { htmlPage, type PageAssets } from "./html-page.ts";
import { bootSections } from "./render-boot.ts";
import { figures } from "./render-figures.ts";
import { environmentTable, errorTable, generatorTable, serverTable } from "./render-machine.ts";
import { phaseTable, safetyTable, spansTable, thresholdTable } from "./render-tables.ts";

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
  return htmlPage(
    {
      title: `${result.scenario.name}: ${result.verdict}`,
      verdict: result.verdict,
      body: `${heading(result)}\n${sections.map(sectionHtml).join("\n")}`,
      charts,
      phases: result.phases.map(({ name, startedAtMs }) => ({ name, second: startedAtMs / 1000 })),
    },
    assets,
  );
}

function sectionsOf(result: RunResult, charts: readonly Chart[]): Section[] {
  const drawn = (...ids: readonly string[]): string =>
    chartGrid(charts.filter(({ id }) => ids.includes(id)));
  return [
    { title: "Thresholds", body: thresholdTable(result) },
    { title: "Key figures", body: figures(result) },
    { title: "Phases", body: `${phaseTable(result.phases)}\n${transactionNote(result)}` },
    { title: "What happened to the servers", body: failoverSection(result) },
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
    ...plantSections(result),
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

function plantSections(result: RunResult): Section[] {
  return plantTablesOf(result).map(({ title, head, rows }) => ({
    title,
    body: table(
      head.map(escapeHtml),
      rows.map((cells) => cells.map(escapeHtml)),
    ),
  }));
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
