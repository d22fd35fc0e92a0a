import { type Chart, positive } from "../page/chart.ts";
import { chartFigure } from "../page/chart-figure.ts";
import { escapeHtml, factTable, table } from "../page/html.ts";
import { htmlPage, type PageAssets } from "../page/html-page.ts";
import { formatCount, formatSpan } from "../text/format.ts";
import type { CapacityResult, CapacityTrial } from "./capacity-result.ts";
import { answerOf, ruleOf, searchWords, trialCells, trialHead } from "./render-capacity.ts";

const verdicts = { found: "pass", bound: "invalid", none: "fail", unsafe: "fail" } as const;

/** The answer first, then latency over load, how each search came to it, and every trial. */
export function renderCapacityHtml(result: CapacityResult, assets: PageAssets): string {
  const charts = chartsOf(result);
  return htmlPage(
    {
      title: `Capacity: ${answerOf(result)}`,
      verdict: verdicts[result.verdict],
      body: bodyOf(result, charts),
      charts,
      phases: [],
    },
    assets,
  );
}

function bodyOf(result: CapacityResult, charts: readonly Chart[]): string {
  const { target, environment, scenario, repeats, latency, command, reasons } = result;
  const where = target.kind === "bundled" ? "bundled server" : `${target.address}:${target.port}`;
  const items = reasons.map((reason) => `<li>${escapeHtml(reason)}</li>`).join("");
  const rows = repeats.flatMap(({ trials }, index) =>
    trials.map((trial) => htmlCells([String(index + 1), ...trialCells(trial)])),
  );
  const shares = latency.map(({ sharePercent, trial }) =>
    htmlCells([`${sharePercent} %`, ...trialCells(trial)]),
  );
  return `<header>
<span class="verdict">${result.verdict.toUpperCase()}</span>
<h1>${escapeHtml(answerOf(result))}</h1>
<p>${escapeHtml(`${formatCount(result.devices)} devices of ${scenario.name}, ${where}, durability ${environment.durability}, ${formatSpan(result.durationMs)}, ${result.startedAt}, seed ${result.seed}`)}</p>
<button type="button" id="theme" title="Another colour scheme" hidden></button>
</header>
${items === "" ? "" : `<ul class="reasons">${items}</ul>`}
<p class="note">${escapeHtml(ruleOf(result))}</p>
${charts.length === 0 ? "" : `<section><h2>Trials by load</h2>\n<div class="charts">${charts.map(chartFigure).join("\n")}</div></section>`}
${shares.length === 0 ? "" : `<section><h2>Latency at shares of the maximum</h2>\n${table(["of the maximum", ...trialHead.slice(1)], shares)}</section>`}
<section><h2>Searches</h2>\n${factTable(repeats.map((repeat, index) => [`Search ${index + 1}`, searchWords(repeat)]))}</section>
<section><h2>Trials</h2>\n${table(trialHead, rows)}</section>
<section><h2>Environment</h2>\n${factTable([
    ["CPU", `${environment.cpu}, ${environment.cores} cores`],
    ["Kernel", environment.kernel],
    ["Node", environment.node],
    ["Provlab", `${environment.provlab}, commit ${environment.commit}`],
    ["Workers", String(environment.workers)],
  ])}</section>
<section><h2>Run it again</h2>\n<pre>${escapeHtml(command)}</pre></section>`;
}

function htmlCells(cells: readonly string[]): readonly string[] {
  return cells.map(escapeHtml);
}

/** A point for each rate: of several trials, the one in the middle. */
function chartsOf({ repeats }: CapacityResult): readonly Chart[] {
  const byRate = new Map<number, CapacityTrial[]>();
  for (const { trials } of repeats) {
    for (const trial of trials) {
      if (trial.verdict === "generator-limited") continue;
      byRate.set(trial.ratePerSecond, [...(byRate.get(trial.ratePerSecond) ?? []), trial]);
    }
  }
  const rates = [...byRate.keys()].toSorted((a, b) => a - b);
  if (rates.length < 2) return [];
  const line = (label: string, value: (trial: CapacityTrial) => number) => ({
    label,
    values: rates.map((rate) => middle(byRate.get(rate)!.map(value))),
  });
  const logLine = (label: string, value: (trial: CapacityTrial) => number) => {
    const { values } = line(label, value);
    return { label, values: values.map(positive) };
  };
  return [
    {
      ...{ id: "capacity-unanswered", title: "Unanswered transactions, %" },
      ...{ x: "load", log: false, xs: rates },
      series: [line("unanswered", ({ unansweredShare }) => 100 * unansweredShare)],
    },
    {
      ...{ id: "capacity-latency", title: "Latency from the intended send time, ms" },
      ...{ x: "load", log: true, xs: rates },
      series: [
        logLine("p50", ({ latencyMsP50 }) => latencyMsP50),
        logLine("p99", ({ latencyMsP99 }) => latencyMsP99),
        logLine("p99.9", ({ latencyMsP999 }) => latencyMsP999),
      ],
    },
  ];
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
