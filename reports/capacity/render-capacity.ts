import { formatCount, formatMs, formatSpan } from "../text/format.ts";
import { hanging, type Paint, plainText } from "../text/text-lines.ts";
import type {
  CapacityEnd,
  CapacityLatency,
  CapacityResult,
  CapacityTrial,
} from "./capacity-result.ts";

/** One trial on one line, for whoever watches. */
export function trialLine(trial: CapacityTrial): string {
  const cells = cellsOf(trial);
  return `${cells.rate}/s: ${cells.unanswered} unanswered, p50 ${cells.p50} ms, p99 ${cells.p99} ms, generator ${cells.generator}: ${trial.verdict}`;
}

/** The result in 80 columns: the answer, how each search came to it, and the trials. */
export function renderCapacityText(
  result: CapacityResult,
  files: readonly string[],
  paint: Paint = plainText,
): string {
  const { target, environment } = result;
  const colour = { found: paint.good, bound: paint.warn, none: paint.bad, unsafe: paint.bad };
  const where = target.kind === "bundled" ? "bundled server" : `${target.address}:${target.port}`;
  const lines = [
    "",
    ...hanging(answerOf(result), 2).map(colour[result.verdict]),
    ...result.reasons.flatMap((reason) => hanging(`  ${reason}`, 4)).map(paint.warn),
    ...hanging(
      `  ${formatCount(result.devices)} devices of ${result.scenario.name}, ${where}, durability ${environment.durability}, ${formatSpan(result.durationMs)}`,
      2,
    ),
    ...hanging(`  ${ruleOf(result)}`, 2),
    "",
    row(trialHead),
    ...result.repeats.flatMap(({ trials }, index) =>
      trials.map((trial) => row([String(index + 1), ...trialCells(trial)])),
    ),
    ...result.latency.map(({ sharePercent, trial }) =>
      row([`${sharePercent} %`, ...trialCells(trial)]),
    ),
    "",
    ...result.repeats.flatMap((repeat, index) =>
      hanging(`search ${index + 1}       ${searchWords(repeat)}`),
    ),
    ...(files.length > 0 ? ["", ...hanging(`wrote          ${files.join(" ")}`)] : []),
  ];
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
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

/** What "kept" means. */
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

/** What one search came to. */
export function searchWords({
  end,
  keptPerSecond,
  missedPerSecond,
  devicesBound,
  trials,
}: CapacityResult["repeats"][number]): string {
  const rate = (value: number | null): string =>
    value === null ? "nothing" : `${formatCount(value)}/s`;
  return `${formatCount(devicesBound)} devices bound; kept ${rate(keptPerSecond)}, did not keep ${rate(missedPerSecond)}, ${trials.length} trials: ${ends[end]}`;
}

/** GitHub-flavoured Markdown, with the trials to unfold. */
export function renderCapacityMarkdown(result: CapacityResult): string {
  const { target, environment, command } = result;
  const where = target.kind === "bundled" ? "bundled server" : `${target.address}:${target.port}`;
  const trials = result.repeats.flatMap(({ trials: played }, index) =>
    played.map((trial) => [String(index + 1), ...trialCells(trial)]),
  );
  return `${[
    `## ${{ found: "✅", bound: "⚠️", none: "❌", unsafe: "❌" }[result.verdict]} Capacity: ${answerOf(result)}`,
    ...(result.reasons.length === 0
      ? []
      : [result.reasons.map((reason) => `- ${reason}`).join("\n")]),
    `${formatCount(result.devices)} devices of \`${result.scenario.name}\`, ${where}, durability **${environment.durability}**, ${environment.cores} cores, ${formatSpan(result.durationMs)}. ${ruleOf(result)}`,
    ...(result.latency.length === 0 ? [] : [latencyTable(result.latency)]),
    result.repeats
      .map((repeat, index) => `- Search ${index + 1}: ${searchWords(repeat)}.`)
      .join("\n"),
    `<details><summary>${trials.length} trials</summary>\n\n${markdownTable(trialHead, trials)}\n\n</details>`,
    `\`${command.replaceAll("`", "'")}\``,
  ].join("\n\n")}\n`;
}

function latencyTable(latency: readonly CapacityLatency[]): string {
  const rows = latency.map(({ sharePercent, trial }) => [
    `${sharePercent} %`,
    ...trialCells(trial),
  ]);
  return markdownTable(["of the maximum", ...trialHead.slice(1)], rows);
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const align = head.map((_, index) => (index === 0 ? ":--" : "--:"));
  return [head, align, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
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
] as const;
const widths = [6, 9, 10, 8, 8, 7, 5, 17] as const;

/** In the order of `trialHead`, without its first. */
export function trialCells(trial: CapacityTrial): readonly string[] {
  const cells = cellsOf(trial);
  const { rate, unanswered, p50, p99, slip, generator } = cells;
  return [rate, unanswered, p50, p99, slip, generator, trial.verdict];
}

function cellsOf(trial: CapacityTrial) {
  return {
    rate: formatCount(trial.ratePerSecond),
    unanswered: `${(100 * trial.unansweredShare).toFixed(2)} %`,
    p50: formatMs(trial.latencyMsP50),
    p99: formatMs(trial.latencyMsP99),
    slip: formatMs(trial.slipMsP99),
    generator: `${trial.generatorCpuPercent.toFixed(0)} %`,
  };
}

function row(cells: readonly string[]): string {
  return cells.map((cell, index) => cell.padStart(widths[index]!)).join(" ");
}
