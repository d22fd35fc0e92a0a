import type { RunResult, Verdict } from "../result/run-result.ts";
import { formatCount, formatSpan, formatTarget } from "../text/format.ts";
import { breakageLines } from "../text/plant-lines.ts";
import { plantTablesOf } from "../text/plant-tables.ts";
import { tailLines } from "../text/tail-words.ts";
import type { Chart } from "./chart.ts";
import { chartFigure } from "./chart-figure.ts";
import { chartsOf } from "./charts.ts";
import { failoverSection } from "./failover-section.ts";
import { escapeHtml, note, pageHeader, reasonList, textTable } from "./html.ts";
import { htmlPage, type PageAssets } from "./html-page.ts";
import { bootSections } from "./render-boot.ts";
import { figures } from "./render-figures.ts";
import { environmentTable, errorTable, generatorTable, serverTable } from "./render-machine.ts";
import { phaseTable, safetyTable, spansTable, thresholdTable } from "./render-tables.ts";
import { slowestTables, stageTable, stallNote } from "./render-tail.ts";

interface Section {
  /** Absent if the body has its own headings. */
  readonly title?: string;
  /** HTML. A section without any is left out. */
  readonly body: string;
}

/** One self-contained HTML page: the verdict first, then the figures behind it. */
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
    { title: "Phases", body: `${phaseTable(result)}\n${transactionNote(result)}` },
    { title: "What happened to the servers", body: failoverSection(result) },
    {
      title: "Rates and latency over time",
      body: `${leads(tailLines(result))}${drawn("rates", "latency")}${stallNote(result)}`,
    },
    { title: "Time of the server's answers, by stage", body: stageTable(result) },
    { title: "The slowest transactions", body: slowestTables(result) },
    { title: "Latency by percentile", body: drawn("percentiles") },
    {
      title: "Latency over load",
      body: `${leads(breakageLines(result))}${chartGrid(charts.filter(({ x }) => x === "load"))}`,
    },
    { title: "On the way to on line", body: drawn("online", "online-percentiles") },
    { title: "Device states", body: drawn("boot-states", "states") },
    { body: bootSections(result) },
    {
      title: "Time to bound, by kind of device",
      body: spansTable(result.timeToBoundMs, "times bound", result.population),
    },
    ...plantTablesOf(result).map(({ title, head, rows }) => ({
      title,
      body: textTable(head, rows),
    })),
    { title: "Errors by reason", body: errorTable(result) },
    { title: "Safety", body: safetyTable(result) },
    {
      title: "What the server used",
      body: `${serverTable(result)}${drawn("server-cpu", "server-memory")}`,
    },
    { title: "Was the generator the limit?", body: generatorTable(result) },
    { title: "Environment", body: environmentTable(result) },
    {
      title: "Run it again",
      body: result.command === undefined ? "" : `<pre>${escapeHtml(result.command)}</pre>`,
    },
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
  const meanings = Object.entries(transactions).map(([name, meaning]) => `${name}: ${meaning}`);
  return note(
    `${meanings.map(escapeHtml).join(" · ")}. Latency counts from the intended send time, service time from the real one.`,
  );
}

function leads(lines: readonly string[]): string {
  return lines.map((line) => `<p class="lead">${escapeHtml(line)}</p>\n`).join("");
}

const signs: Readonly<Record<Verdict, string>> = { pass: "✓", fail: "✗", invalid: "!" };

function heading(result: RunResult): string {
  const { scenario, verdict, reasons, target, environment, population } = result;
  const badge = `<span class="verdict"><span aria-hidden="true">${signs[verdict]}</span> ${verdict.toUpperCase()}</span>`;
  const about = [
    `${formatCount(population.devices)} devices on ${population.cmts} CMTSs`,
    formatTarget(target, "server "),
    `durability ${environment.durability}`,
    formatSpan(result.durationMs),
    result.startedAt,
    `seed ${result.seed}`,
  ];
  return `${pageHeader(badge, scenario.title === "" ? scenario.name : scenario.title, about.join(", "))}
${reasonList(reasons)}
<noscript>${note("The charts need JavaScript; each has its figures as a table.")}</noscript>`;
}
