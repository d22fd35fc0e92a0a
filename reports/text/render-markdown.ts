import { bootsAtEnd, bootTotalsOf } from "../result/boot-totals.ts";
import type { PhaseResult, RunResult } from "../result/run-result.ts";
import { expectedWords, violationsOf } from "../result/safety.ts";
import { failoverCells, failoverHead, failoverNotes, failoverWords } from "./failover-words.ts";
import {
  formatCount,
  formatMs,
  formatSpan,
  formatTarget,
  percentileCells,
  percentileWords,
  streamCells,
  streamHead,
} from "./format.ts";
import { generatorNotes } from "./generator-notes.ts";
import { goalLines } from "./goal-lines.ts";
import { codeBlock, markdownList, markdownTable, plain } from "./markdown.ts";
import { breakageLines } from "./plant-lines.ts";
import { plantTablesOf } from "./plant-tables.ts";
import { slowStepLines } from "./slow-step-lines.ts";
import { tailLines } from "./tail-words.ts";

const marks = { pass: "✅", fail: "❌", invalid: "⚠️" } as const;

/**
 * A summary in GitHub-flavoured Markdown, short enough for a pull request: the verdict first, then
 * thresholds, phases, safety, and the machine. Text of the result cannot become markup.
 */
export function renderMarkdown(result: RunResult): string {
  const { scenario, verdict, reasons, environment, population, target, seed } = result;
  const facts = [
    `${formatCount(population.devices)} devices on ${population.cmts} CMTSs`,
    formatTarget(target, "server "),
    `durability **${plain(environment.durability)}**`,
    formatSpan(result.durationMs),
    `seed ${seed}.`,
  ];
  const blocks = [
    `## ${marks[verdict]} ${verdict.toUpperCase()}: ${plain(scenario.name)}`,
    ...markdownList(reasons.map(plain)),
    facts.join(", "),
    ...goalLines(result).map((line) => `**${line}.**`),
    ...thresholdBlocks(result),
    ...phaseBlocks(result.phases),
    ...tailLines(result).map((line) => `**Slow end:** ${plain(line)}.`),
    ...failoverBlocks(result),
    ...breakageLines(result).map((line) => `**Breakage:** ${plain(line)}.`),
    ...bootBlocks(result),
    ...plantBlocks(result),
    safetyBlock(result),
    generatorBlock(result),
    machineBlock(result),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function thresholdBlocks({ thresholds, verdict }: RunResult): string[] {
  if (thresholds.length === 0) return [];
  const rows = thresholds.map(({ text, actual, holds }) => [
    verdict === "invalid" ? "⚠️ says nothing" : holds ? "✅ holds" : "❌ failed",
    plain(text),
    actual === null ? "not measured" : formatMs(actual),
  ]);
  return [markdownTable(["", "threshold", "actual"], rows, 2)];
}

function phaseBlocks(phases: readonly PhaseResult[]): string[] {
  const rows = phases.flatMap(({ name, streams }) =>
    streams.map((stream) => [
      plain(name),
      ...withPlainName(streamCells(stream)),
      ...percentileCells(stream.latencyMs, ["p50", "p99", "max"], formatMs),
    ]),
  );
  if (rows.length === 0) return [];
  const head = ["phase", ...streamHead, "p50 ms", "p99 ms", "max ms"];
  return [markdownTable(head, rows, 2)];
}

function failoverBlocks({ failover }: RunResult): string[] {
  if (failover === undefined || failover.events.length === 0) return [];
  const rows = failover.events.map((event) => withPlainName(failoverCells(event)));
  const words = failover.events.map((event) => {
    const besides = [event.text, ...failoverWords(event)].map(plain).join("; ");
    return `**${plain(event.name)}:** ${besides}`;
  });
  return [
    markdownTable(failoverHead, rows),
    ...markdownList(words),
    ...failoverNotes(failover).map(plain),
  ];
}

function bootBlocks(result: RunResult): string[] {
  const totals = bootTotalsOf(result);
  if (totals === undefined) return [];
  const spans = result.timeToOnlineMs?.["all"];
  const times =
    spans === undefined || spans.count === 0
      ? "no device came on line"
      : percentileWords(spans, ["p50", "p99", "p999"]).join(", ");
  const { verified, files } = totals.downloads;
  const atEnd = bootsAtEnd(result) ?? { online: 0, booted: 0 };
  return [
    `**Time to on line:** ${times}. ${formatCount(atEnd.online)} of ${formatCount(atEnd.booted)} devices that booted were on line at the end, ${formatCount(totals.devicesGivenUp)} gave up; ${formatCount(verified)} of ${formatCount(files)} files verified.`,
    ...slowStepLines(result).map((line) => `**Slowest step:** ${plain(line)}.`),
  ];
}

function plantBlocks(result: RunResult): string[] {
  return plantTablesOf(result).map(
    ({ title, head, rows }) => `**${title}:**\n\n${markdownTable(head, rows.map(withPlainName))}`,
  );
}

/** The other cells are figures. */
function withPlainName([name, ...figures]: readonly string[]): string[] {
  return [plain(name!), ...figures];
}

function safetyBlock({ safety }: RunResult): string {
  const seen = violationsOf(safety).filter(([, count]) => count > 0);
  const acks = `${formatCount(safety.acknowledged)} ACKs followed`;
  if (seen.length === 0) {
    const expected = expectedWords(safety).map((words) => ` ${plain(words)}.`);
    return `**Safety:** ${acks}, no violation; ${plain(safety.audit)}.${expected.join("")}`;
  }
  const found = seen.map(([what, count]) => `**${formatCount(count)}** ${plain(what)}`);
  return [`**Safety:** ${acks}.`, ...markdownList(found)].join("\n\n");
}

function generatorBlock(result: RunResult): string {
  const { generator } = result;
  const lost = generator.socketDrops + generator.sendErrors;
  const facts = `**Generator:** slip p99 ${formatMs(generator.slipMsP99)} ms, ${formatCount(lost)} lost packets, busiest worker ${Math.round(generator.cpuPercentMax)} % of a core.`;
  const notes = generatorNotes(result).map((note) => `⚠️ ${plain(note)}`);
  return [facts, ...markdownList(notes)].join("\n\n");
}

function machineBlock({ environment, command }: RunResult): string {
  const machine = `${environment.cpu}, ${environment.cores} cores, Linux ${environment.kernel}, Node ${environment.node}, Provlab ${environment.provlab} (${environment.commit})`;
  return [
    `${plain(machine)}.`,
    ...(command === undefined ? [] : [codeBlock(command)]),
    "[Report](report.html) · [result.json](result.json) · [time series](timeseries.csv)",
  ].join("\n\n");
}
