import { escapeHtml } from "../page/html.ts";
import type { ComparisonVerdict, Judgement, Metric, MetricComparison } from "./judge.ts";

export const comparisonFormats = ["text", "md", "json", "junit"] as const;
export type ComparisonFormat = (typeof comparisonFormats)[number];

export interface Comparison {
  readonly baseName: string;
  readonly currentName: string;
  readonly judgement: Judgement;
}

const render: Readonly<Record<ComparisonFormat, (comparison: Comparison) => string>> = {
  text: renderText,
  md: renderMarkdown,
  json: (comparison) => `${JSON.stringify(comparison, undefined, 2)}\n`,
  junit: renderJunit,
};

/** The comparison as a text that ends with a newline; `text` fits 80 columns. */
export function renderComparison(comparison: Comparison, format: ComparisonFormat): string {
  return render[format](comparison);
}

const NAME_COLUMNS = 34;

function renderText({ baseName, currentName, judgement }: Comparison): string {
  const rows = judgement.metrics.flatMap((compared) => {
    const { metric, baseMedian, currentMedian, verdict } = compared;
    const figures = [
      value(baseMedian, metric).padStart(9),
      value(currentMedian, metric).padStart(9),
      signed(compared.effect, metric).padStart(9),
    ].join(" ");
    const label = `${metric.name}, ${metric.unit}`;
    const verdictText = verdict.padStart(11);
    return label.length <= NAME_COLUMNS
      ? [`${label.padEnd(NAME_COLUMNS)} ${figures} ${verdictText}`]
      : [label, `${" ".repeat(NAME_COLUMNS)} ${figures} ${verdictText}`];
  });
  const head = `${"metric".padEnd(NAME_COLUMNS)} ${"base".padStart(9)} ${"current".padStart(9)} ${"effect".padStart(9)} ${"verdict".padStart(11)}`;
  return `${[
    `${judgement.verdict.toUpperCase()}: ${currentName} against ${baseName}`,
    "",
    head,
    ...rows,
    "",
    ...wrapped(aboutSentences(judgement).join(" ")),
  ].join("\n")}\n`;
}

const signs: Readonly<Record<ComparisonVerdict, string>> = {
  improved: "🟢 improved",
  same: "⚪ same",
  regressed: "🔴 **regressed**",
  undecided: "🟡 undecided",
};

/** A reader of a pull request wants what changed; the rest is there to unfold. */
function renderMarkdown({ baseName, currentName, judgement }: Comparison): string {
  const { metrics, verdict } = judgement;
  const head =
    "| metric | base | current | effect | interval | verdict |\n|---|--:|--:|--:|--:|---|";
  const rowOf = (compared: MetricComparison): string => {
    const { metric, baseMedian, currentMedian, effect } = compared;
    return `| ${[
      `${escapeCell(metric.name)}, ${metric.unit}`,
      value(baseMedian, metric),
      value(currentMedian, metric),
      signed(effect, metric),
      interval(compared),
      signs[compared.verdict],
    ].join(" | ")} |`;
  };
  const isChange = (compared: MetricComparison): boolean =>
    compared.verdict === "regressed" || compared.verdict === "improved";
  const changes = metrics.filter(isChange);
  const rest = metrics.filter((compared) => !isChange(compared));
  const table = (rows: readonly MetricComparison[]): string =>
    `${head}\n${rows.map(rowOf).join("\n")}`;
  return `${[
    `### Performance: ${signs[verdict]}`,
    `\`${currentName}\` against \`${baseName}\``,
    ...(changes.length > 0 ? [table(changes)] : []),
    ...(rest.length > 0
      ? [
          `<details><summary>${rest.length} metrics without a change that counts</summary>\n\n${table(rest)}\n\n</details>`,
        ]
      : []),
    aboutSentences(judgement).join(" "),
  ].join("\n\n")}\n`;
}

function wrapped(text: string): readonly string[] {
  return text.match(/.{1,80}(?:\s|$)/g)?.map((line) => line.trimEnd()) ?? [];
}

/** A test case a metric: a regression fails, what is undecided is skipped. */
function renderJunit({ baseName, currentName, judgement }: Comparison): string {
  const { metrics } = judgement;
  const count = (verdict: ComparisonVerdict): number =>
    metrics.filter((compared) => compared.verdict === verdict).length;
  const cases = metrics.map((compared) => {
    const { metric, verdict, effect } = compared;
    const open = `    <testcase classname="prov.compare" name="${escapeHtml(metric.name)}"`;
    const message = escapeHtml(`${signed(effect, metric)}, interval ${interval(compared)}`);
    if (verdict === "regressed") {
      return `${open}>\n      <failure message="${message}"/>\n    </testcase>`;
    }
    return verdict === "undecided"
      ? `${open}>\n      <skipped message="${message}"/>\n    </testcase>`
      : `${open}/>`;
  });
  const counts = `tests="${metrics.length}" failures="${count("regressed")}" skipped="${count("undecided")}"`;
  return `${[
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${escapeHtml(`${currentName} against ${baseName}`)}" ${counts}>`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
  ].join("\n")}\n`;
}

function aboutSentences({ design, runs, alpha, notes }: Judgement): readonly string[] {
  const { base, current } = runs;
  const how =
    design === "pairs" ? `${base} pairs of runs` : `${base} runs of the base, ${current} current`;
  const level = Number((100 * alpha).toPrecision(3));
  return [
    `${how}; the figures are medians.`,
    `Of alike sides ${level} % at most are called different, over all metrics together.`,
    ...notes,
  ];
}

function value(median: number, { scale }: Metric): string {
  const shown = scale === "share" ? 100 * median : median;
  return shown >= 1000
    ? Math.round(shown).toLocaleString("en-US")
    : String(Number(shown.toPrecision(4)));
}

function signed(effect: number, { scale }: Metric): string {
  const shown = 100 * effect;
  const digits = scale === "share" ? 3 : 1;
  return `${shown < 0 ? "-" : "+"}${Math.abs(shown).toFixed(digits)}${scale === "share" ? " pt" : " %"}`;
}

function interval({ metric, effectLow, effectHigh }: MetricComparison): string {
  if (effectLow === null || effectHigh === null) return "unknown";
  return `${signed(effectLow, metric)} to ${signed(effectHigh, metric)}`;
}

function escapeCell(text: string): string {
  return escapeHtml(text).replaceAll("|", "\\|");
}
