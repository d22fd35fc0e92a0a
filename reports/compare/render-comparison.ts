import { escapeHtml } from "../page/html.ts";
import { markdownDetails } from "../text/markdown.ts";
import { hanging, row } from "../text/text-lines.ts";
import {
  type ComparisonVerdict,
  type Judgement,
  type Metric,
  type MetricComparison,
  shortPercent,
} from "./judge.ts";

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

const NAME_WIDTH = 34;
const WIDTHS = [-NAME_WIDTH, 9, 9, 9, 11];

function renderText({ baseName, currentName, judgement }: Comparison): string {
  const rows = judgement.metrics.flatMap((compared) => {
    const { metric, verdict } = compared;
    const label = `${metric.name}, ${metric.unit}`;
    const figures = [...figuresOf(compared), verdict];
    return label.length <= NAME_WIDTH
      ? [row([label, ...figures], WIDTHS)]
      : [label, row(["", ...figures], WIDTHS)];
  });
  const lines = [
    `${judgement.verdict.toUpperCase()}: ${currentName} against ${baseName}`,
    "",
    row(["metric", "base", "current", "effect", "verdict"], WIDTHS),
    ...rows,
    "",
    ...hanging(aboutSentences(judgement).join(" "), 0),
  ];
  return `${lines.join("\n")}\n`;
}

const signs: Readonly<Record<ComparisonVerdict, string>> = {
  improved: "🟢 improved",
  same: "⚪ same",
  regressed: "🔴 **regressed**",
  undecided: "🟡 undecided",
};

/** A reader of a pull request wants the changes first; the rest is there to unfold. */
function renderMarkdown({ baseName, currentName, judgement }: Comparison): string {
  const { metrics, verdict } = judgement;
  const isChange = (compared: MetricComparison): boolean =>
    compared.verdict === "regressed" || compared.verdict === "improved";
  const changes = metrics.filter(isChange);
  const rest = metrics.filter((compared) => !isChange(compared));
  const title = `${rest.length} metrics without a change that counts`;
  return `${[
    `### Performance: ${signs[verdict]}`,
    `\`${currentName}\` against \`${baseName}\``,
    ...(changes.length > 0 ? [tableOf(changes)] : []),
    ...(rest.length > 0 ? [markdownDetails(title, tableOf(rest))] : []),
    aboutSentences(judgement).join(" "),
  ].join("\n\n")}\n`;
}

function tableOf(metrics: readonly MetricComparison[]): string {
  const rows = metrics.map((compared) => {
    const { metric, verdict } = compared;
    const name = `${escapeCell(metric.name)}, ${metric.unit}`;
    const cells = [name, ...figuresOf(compared), interval(compared), signs[verdict]];
    return `| ${cells.join(" | ")} |`;
  });
  const head = "| metric | base | current | effect | interval | verdict |";
  return [head, "|---|--:|--:|--:|--:|---|", ...rows].join("\n");
}

function figuresOf({ metric, baseMean, currentMean, effect }: MetricComparison): string[] {
  return [value(baseMean, metric), value(currentMean, metric), signed(effect, metric)];
}

const elements: Readonly<Partial<Record<ComparisonVerdict, string>>> = {
  regressed: "failure",
  undecided: "skipped",
};

/** A test case a metric: a regressed one fails, an undecided one is skipped. */
function renderJunit({ baseName, currentName, judgement }: Comparison): string {
  const { metrics } = judgement;
  const count = (verdict: ComparisonVerdict): number =>
    metrics.filter((compared) => compared.verdict === verdict).length;
  const cases = metrics.map((compared) => {
    const { metric, verdict, effect } = compared;
    const open = `    <testcase classname="prov.compare" name="${escapeHtml(metric.name)}"`;
    const element = elements[verdict];
    if (element === undefined) return `${open}/>`;
    const message = escapeHtml(`${signed(effect, metric)}, interval ${interval(compared)}`);
    return `${open}>\n      <${element} message="${message}"/>\n    </testcase>`;
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
  return [
    `${how}; the figures are geometric means (of time-outs plain ones), and the effect is their difference.`,
    `Of alike sides ${shortPercent(alpha)} at most are called different, over all metrics together.`,
    ...notes,
  ];
}

function value(mean: number, { scale }: Metric): string {
  const shown = scale === "share" ? 100 * mean : mean;
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
