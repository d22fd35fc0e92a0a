import { parseThreshold } from "../../scenarios/language/threshold.ts";
import { bootsAtEnd, bootTotalsOf } from "../result/boot-totals.ts";
import type { RunResult } from "../result/run-result.ts";
import { violationsOf } from "../result/safety.ts";
import {
  formatCount,
  formatMs,
  formatSpan,
  percentileName,
  percentileWords,
} from "../text/format.ts";
import { goalsOf } from "../text/goal-lines.ts";
import { escapeHtml } from "./html.ts";

/** The cards at the head of the page: time to on line if devices boot, else leases and latency. */
export function figures(result: RunResult): string {
  const cards = [
    ...failoverCards(result),
    ...(bootCards(result) ?? leaseCards(result)),
    slipCard(result),
  ];
  return `<div class="figures">${cards.join("")}</div>`;
}

/** The label is HTML. */
function card(value: string, label: string, style?: "headline" | "alarm" | false): string {
  return `<div class="figure${style ? ` ${style}` : ""}"><b>${escapeHtml(value)}</b><span>${label}</span></div>`;
}

/** The longest interruption. One without an end is longer than any other. */
function failoverCards({ failover }: RunResult): string[] {
  const [worst] = (failover?.events ?? [])
    .flatMap(({ name, interruption }) => (interruption === null ? [] : [{ name, ...interruption }]))
    .toSorted((a, b) => (b.rtoMs ?? Number.MAX_VALUE) - (a.rtoMs ?? Number.MAX_VALUE));
  if (worst === undefined) return [];
  const label = `without an ACK, at most: ${escapeHtml(worst.name)}`;
  return [
    worst.rtoMs === null ? card("not back", label, "alarm") : card(formatSpan(worst.rtoMs), label),
  ];
}

function leaseCards(result: RunResult): string[] {
  const { phases, timeToBoundMs, safety } = result;
  const p99s = phases.flatMap(({ streams }) => streams.map(({ latencyMs }) => latencyMs.p99));
  const slowest = p99s.length === 0 ? "-" : `${formatMs(Math.max(...p99s))} ms`;
  const all = timeToBoundMs["all"];
  const isBound = all !== undefined && all.count > 0;
  const longest = isBound ? formatSpan(all.max) : "-";
  const bound = judgedSpan(result, ([root]) => root === "timeToBoundMs");
  return [
    card(formatCount(safety.acknowledged), "acknowledged leases followed"),
    card(formatCount(violationCount(safety)), "safety violations"),
    latencyCard(result) ?? card(slowest, "p99 latency, slowest stream"),
    bound === undefined
      ? card(longest, "time to bound, longest")
      : card(formatSpan(bound.actual), `time to bound, ${bound.statistic}${ofKind(bound)}`),
  ];
}

function bootCards(result: RunResult): string[] | undefined {
  const totals = bootTotalsOf(result);
  if (totals === undefined) return undefined;
  const { safety } = result;
  const { devicesGivenUp, downloads } = totals;
  const violations = violationCount(safety);
  const latency = latencyCard(result);
  return [
    onlineCard(result),
    onlineCountCard(result, devicesGivenUp),
    ...(latency === undefined ? [] : [latency]),
    card(
      formatCount(downloads.verified),
      `of ${formatCount(downloads.files)} files verified by length and hash`,
    ),
    card(
      formatCount(violations),
      `safety violations in ${formatCount(safety.acknowledged)} ACKs`,
      violations > 0 && "alarm",
    ),
  ];
}

function onlineCountCard(result: RunResult, givenUp: number): string {
  const atEnd = bootsAtEnd(result);
  const label = [
    atEnd && `on line at the end, of ${formatCount(atEnd.booted)} devices that booted`,
    atEnd && atEnd.off > 0 ? `${formatCount(atEnd.off)} did not boot` : undefined,
    `${givenUp === 0 ? "none" : formatCount(givenUp)} gave up`,
  ];
  const online = atEnd === undefined ? "-" : formatCount(atEnd.online);
  return card(
    online,
    label.filter((part) => part !== undefined).join("; "),
    givenUp > 0 && "alarm",
  );
}

/** The percentile that a threshold is about, or else the time until all were on line, or else the median. */
function onlineCard(result: RunResult): string {
  const spans = result.timeToOnlineMs?.["all"];
  if (spans === undefined || spans.count === 0) {
    return card("-", "time to on line: no device came on line", "headline");
  }
  const others = percentileWords(spans, ["p50", "p99", "max"]).join(" · ");
  const headline = (ms: number, ...lines: readonly string[]): string =>
    card(formatSpan(ms), lines.join("<br>"), "headline");
  const judged = judgedSpan(result, (path) => path[0] === "timeToOnlineMs");
  if (judged !== undefined) {
    const { actual, statistic } = judged;
    return headline(actual, `time to on line${ofKind(judged)}, ${statistic}`, `all: ${others}`);
  }
  const rest = `time to on line: ${others}`;
  const after = judgedSpan(result, (path) => path[1] === "onlineAfterMs");
  if (after !== undefined) {
    const start = `from the start of ${escapeHtml(after.path[0]!)} to on line`;
    return headline(after.actual, `${start}, ${after.statistic}`, rest);
  }
  const [goal] = goalsOf(result);
  if (goal !== undefined) return headline(goal.durationMs, `until ${goal.what}`, rest);
  return headline(spans.p50, "time to on line, p50", others);
}

/** Of the latencies with a threshold, the one that is nearest to it. */
function latencyCard(result: RunResult): string | undefined {
  const judged = judgedSpans(result, (path) => path[2] === "latencyMs").toSorted(
    (a, b) => b.actual / b.bound - a.actual / a.bound,
  )[0];
  if (judged === undefined) return undefined;
  const stream = judged.path.slice(0, 2).map(escapeHtml).join(", ");
  return card(`${formatMs(judged.actual)} ms`, `${judged.statistic} latency of ${stream}`);
}

/** A statistic that a threshold bounds from above, with its value in ms. */
interface JudgedSpan {
  /** The metric without its statistic. */
  readonly path: readonly string[];
  readonly statistic: string;
  readonly actual: number;
  readonly bound: number;
}

function judgedSpans(
  { thresholds }: RunResult,
  isMeant: (path: readonly string[]) => boolean,
): JudgedSpan[] {
  return thresholds.flatMap(({ text, actual }) => {
    const threshold = parseThreshold(text);
    if (threshold === undefined || actual === null) return [];
    const { metric, operator, bound } = threshold;
    const path = metric.slice(0, -1);
    if (!operator.startsWith("<") || !isMeant(path)) return [];
    return [{ path, statistic: escapeHtml(percentileName(metric.at(-1)!)), actual, bound }];
  });
}

function judgedSpan(...args: Parameters<typeof judgedSpans>): JudgedSpan | undefined {
  return judgedSpans(...args)[0];
}

function ofKind({ path: [, kind] }: JudgedSpan): string {
  return kind === undefined || kind === "all" ? "" : ` of each ${escapeHtml(kind)}`;
}

function slipCard({ generator }: RunResult): string {
  return card(`${formatMs(generator.slipMsP99)} ms`, "p99 schedule slip of the generator");
}

function violationCount(safety: RunResult["safety"]): number {
  return violationsOf(safety).reduce((sum, [, count]) => sum + count, 0);
}
