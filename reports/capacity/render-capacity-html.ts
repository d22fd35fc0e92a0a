import { type Chart, type ChartLine, lineOf, positive } from "../page/chart.ts";
import { chartFigure } from "../page/chart-figure.ts";
import { escapeHtml, factTable, note, pageHeader, reasonList, textTable } from "../page/html.ts";
import { htmlPage, type PageAssets } from "../page/html-page.ts";
import type { CapacityResult, CapacityTrial } from "./capacity-result.ts";
import {
  aboutOf,
  answerOf,
  ruleOf,
  searchRows,
  searchWords,
  shareHead,
  shareRows,
  trialHead,
} from "./render-capacity.ts";

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
  const { environment, repeats, command, verdict, startedAt, seed } = result;
  const badge = `<span class="verdict">${verdict.toUpperCase()}</span>`;
  const about = `${aboutOf(result)}, ${startedAt}, seed ${seed}`;
  const shares = shareRows(result);
  return `${pageHeader(badge, answerOf(result), about)}
${reasonList(result.reasons)}
${note(escapeHtml(ruleOf(result)))}
${charts.length === 0 ? "" : `<section><h2>Trials by load</h2>\n<div class="charts">${charts.map(chartFigure).join("\n")}</div></section>`}
${shares.length === 0 ? "" : section("Latency at shares of the maximum", textTable(shareHead, shares))}
${section("Searches", factTable(repeats.map((repeat, index) => [`Search ${index + 1}`, searchWords(repeat)])))}
${section("Trials", textTable(trialHead, searchRows(result)))}
${section(
  "Environment",
  factTable([
    ["CPU", `${environment.cpu}, ${environment.cores} cores`],
    ["Kernel", environment.kernel],
    ["Node", environment.node],
    ["Provlab", `${environment.provlab}, commit ${environment.commit}`],
    ["Workers", String(environment.workers)],
  ]),
)}
${section("Run it again", `<pre>${escapeHtml(command)}</pre>`)}`;
}

function section(title: string, body: string): string {
  return `<section><h2>${title}</h2>\n${body}</section>`;
}

/** A point for each rate: the median of its trials (the upper one of two). */
function chartsOf({ repeats }: CapacityResult): readonly Chart[] {
  const trials = repeats
    .flatMap((repeat) => repeat.trials)
    .filter(({ problems }) => problems.length === 0);
  const rates = [...new Set(trials.map(({ ratePerSecond }) => ratePerSecond))].sort(
    (a, b) => a - b,
  );
  if (rates.length < 2) return [];
  const line = (label: string, value: (trial: CapacityTrial) => number): ChartLine =>
    lineOf(label, rates, (rate) =>
      middle(trials.filter(({ ratePerSecond }) => ratePerSecond === rate).map(value)),
    );
  const latency = [
    line("p50", ({ latencyMsP50 }) => latencyMsP50),
    line("p99", ({ latencyMsP99 }) => latencyMsP99),
    line("p99.9", ({ latencyMsP999 }) => latencyMsP999),
  ];
  return [
    {
      ...{ id: "capacity-unanswered", title: "Unanswered transactions, %" },
      ...{ x: "load", log: false, xs: rates },
      series: [line("unanswered", ({ unansweredShare }) => 100 * unansweredShare)],
    },
    {
      ...{ id: "capacity-latency", title: "Latency from the intended send time, ms" },
      ...{ x: "load", log: true, xs: rates },
      series: latency.map(({ label, values }) => ({ label, values: values.map(positive) })),
    },
  ];
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
