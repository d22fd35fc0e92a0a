import { chartsOf } from "./charts.ts";
import { formatCount, formatSpan } from "./format.ts";
import { escapeHtml, scriptJson } from "./html.ts";
import { pageScript } from "./page-script.ts";
import { pageStyle } from "./page-style.ts";
import { bootSections } from "./render-boot.ts";
import { figures } from "./render-figures.ts";
import { phaseTable, runFacts, safetyTable, spansTable, thresholdTable } from "./render-tables.ts";
import type { RunResult } from "./run-result.ts";

/** What the page inlines, so that it opens anywhere, offline, with no request to anybody. */
export interface PageAssets {
  /** uPlot's browser script, with its licence notice. */
  readonly chartScript: string;
  readonly chartStyle: string;
  /** Of the two scripts that may run, as a Content-Security-Policy names them: `sha256-...`. */
  readonly scriptHashes: readonly string[];
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
${bootSections(result)}<h2>Over time</h2>
<div class="charts">
${charts.map(({ id, title }) => `<div class="chart"><h3>${escapeHtml(title)}</h3><div id="${id}"></div></div>`).join("\n")}
</div>
<h2>Thresholds</h2>
${thresholdTable(result)}
<h2>Time to bound, by kind of device</h2>
${spansTable(result.timeToBoundMs, "times bound", result.population)}
<h2>Safety</h2>
${safetyTable(result)}
<h2>Generator, server and machine</h2>
${runFacts(result)}
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
