import { formatCount, formatMs, formatSpan, formatTarget } from "../text/format.ts";
import { markdownCommand, markdownDetails, markdownList, markdownTable } from "../text/markdown.ts";
import { hanging, labelled, type Paint, plainText, row, textOf } from "../text/text-lines.ts";
import type { CapacityEnd, CapacityResult, CapacityTrial } from "./capacity-result.ts";

/** One trial on one line, while the search goes on. */
export function trialLine(trial: CapacityTrial): string {
  const [rate, unanswered, p50, p99, , cpu, verdict] = trialCells(trial);
  return `${rate}/s: ${unanswered} unanswered, p50 ${p50} ms, p99 ${p99} ms, generator ${cpu}: ${verdict}`;
}

const signs = {
  found: { paint: "good", mark: "✅" },
  bound: { paint: "warn", mark: "⚠️" },
  none: { paint: "bad", mark: "❌" },
  unsafe: { paint: "bad", mark: "❌" },
} as const;
const WIDTHS = [6, 9, 10, 8, 8, 7, 5, 17];

/** The result in 80 columns: the answer, how each search came to it, and the trials. */
export function renderCapacityText(
  result: CapacityResult,
  files: readonly string[],
  paint: Paint = plainText,
): string {
  const lines = [
    "",
    ...hanging(answerOf(result), 2).map(paint[signs[result.verdict].paint]),
    ...result.reasons.flatMap((reason) => hanging(`  ${reason}`, 4)).map(paint.warn),
    ...hanging(`  ${aboutOf(result)}`, 2),
    ...hanging(`  ${ruleOf(result)}`, 2),
    "",
    ...[trialHead, ...searchRows(result), ...shareRows(result)].map((cells) => row(cells, WIDTHS)),
    "",
    ...result.repeats.flatMap((repeat, index) =>
      labelled(`search ${index + 1}`, searchWords(repeat)),
    ),
  ];
  return textOf(lines, files);
}

/** Devices, server and time, for the text and for the page. */
export function aboutOf({
  devices,
  scenario,
  target,
  environment,
  durationMs,
}: CapacityResult): string {
  return `${formatCount(devices)} devices of ${scenario.name}, ${formatTarget(target)}, durability ${environment.durability}, ${formatSpan(durationMs)}`;
}

/** In the order of `trialHead`: a row for each trial of a search. */
export function searchRows({ repeats }: CapacityResult): string[][] {
  return repeats.flatMap(({ trials }, index) =>
    trials.map((trial) => [String(index + 1), ...trialCells(trial)]),
  );
}

/** The same columns for trials at shares of the maximum. */
export function shareRows({ latency }: CapacityResult): string[][] {
  return latency.map(({ sharePercent, trial }) => [`${sharePercent} %`, ...trialCells(trial)]);
}

/** The answer in a sentence. */
export function answerOf(result: CapacityResult): string {
  const { maximumPerSecond, exchange, verdict } = result;
  if (maximumPerSecond === null) return `No rate was kept (${exchange}).`;
  const sign = verdict === "bound" ? ">= " : "";
  return `${sign}${formatCount(maximumPerSecond)} ${exchange}/s${intervalOf(result)}`;
}

function intervalOf({ lowPerSecond, highPerSecond, repeats }: CapacityResult): string {
  if (lowPerSecond === null) return ", of one search";
  const high = highPerSecond === null ? "unknown" : formatCount(highPerSecond);
  return `, 95 % interval ${formatCount(lowPerSecond)} to ${high}, of ${repeats.length} searches`;
}

/** Explains "kept". */
export function ruleOf({ rule }: CapacityResult): string {
  const { unansweredPercentMax, withinMs, trialMs, precisionPercent } = rule;
  const short = (value: number): number => Number(value.toPrecision(3));
  return `Kept: at most ${short(unansweredPercentMax)} % not complete within ${formatSpan(withinMs)} of the intended start, in ${formatSpan(trialMs)} a trial; searched to ${short(precisionPercent)} %.`;
}

const ends: Readonly<Record<CapacityEnd, string>> = {
  found: "the server was the limit",
  generator: "the generator was the limit",
  "rate-max": "the highest rate was kept",
  "rate-min": "the lowest rate was missed",
  trials: "no trials left",
  "time-limit": "no time left",
};

/** The outcome of one search. */
export function searchWords({
  end,
  keptPerSecond,
  missedPerSecond,
  devicesBound,
  trials,
}: CapacityResult["repeats"][number]): string {
  const kept = keptPerSecond === null ? "kept no rate" : `kept ${formatCount(keptPerSecond)}/s`;
  const missed = missedPerSecond === null ? "" : `, missed ${formatCount(missedPerSecond)}/s`;
  return `${formatCount(devicesBound)} devices bound; ${kept}${missed}, ${trials.length} trials: ${ends[end]}`;
}

/** GitHub-flavoured Markdown, with the trials to unfold. */
export function renderCapacityMarkdown(result: CapacityResult): string {
  const { target, environment, command, scenario, repeats } = result;
  const trials = searchRows(result);
  const shares = shareRows(result);
  const searches = repeats.map((each, index) => `Search ${index + 1}: ${searchWords(each)}.`);
  return `${[
    `## ${signs[result.verdict].mark} Capacity: ${answerOf(result)}`,
    ...markdownList(result.reasons),
    `${formatCount(result.devices)} devices of \`${scenario.name}\`, ${formatTarget(target)}, durability **${environment.durability}**, ${environment.cores} cores, ${formatSpan(result.durationMs)}. ${ruleOf(result)}`,
    ...(shares.length === 0 ? [] : [markdownTable(shareHead, shares)]),
    ...markdownList(searches),
    markdownDetails(`${trials.length} trials`, markdownTable(trialHead, trials)),
    markdownCommand(command),
  ].join("\n\n")}\n`;
}

export const trialHead = [
  "search",
  "offered/s",
  "unanswered",
  "p50 ms",
  "p99 ms",
  "slip ms",
  "CPU",
  "verdict",
];
export const shareHead = ["of the maximum", ...trialHead.slice(1)];

function trialCells(trial: CapacityTrial): string[] {
  const isLate = trial.verdict === "kept" && trial.problems.length > 0;
  return [
    formatCount(trial.ratePerSecond),
    `${(100 * trial.unansweredShare).toFixed(2)} %`,
    formatMs(trial.latencyMsP50),
    formatMs(trial.latencyMsP99),
    formatMs(trial.slipMsP99),
    `${trial.generatorCpuPercent.toFixed(0)} %`,
    isLate ? "kept, late" : trial.verdict,
  ];
}
