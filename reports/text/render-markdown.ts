import {
  failoverCells,
  failoverHead,
  failoverNotes,
  failoverWords,
} from "../failover/failover-words.ts";
import { bootTotalsOf, onlineAtEnd } from "../result/boot-totals.ts";
import type { PhaseResult, RunResult } from "../result/run-result.ts";
import { expectedWords, violationsOf } from "../result/safety.ts";
import { breakageLines } from "./breakage-lines.ts";
import { formatCount, formatMs, formatOffer, formatRate, formatSpan } from "./format.ts";
import { plantTablesOf } from "./plant-tables.ts";

const marks = { pass: "✅", fail: "❌", invalid: "⚠️" } as const;

/**
 * A summary in GitHub-flavoured Markdown, short enough for a pull request: the verdict first, then
 * thresholds, phases, safety, and what it all rests on. Text of the result cannot become markup.
 */
export function renderMarkdown(result: RunResult): string {
  const { scenario, verdict, reasons, environment, population, target, seed } = result;
  const server =
    target.kind === "bundled" ? "bundled server" : `server ${target.address}:${target.port}`;
  const facts = `${formatCount(population.devices)} devices on ${population.cmts} CMTSs, ${server}, durability **${plain(environment.durability)}**, ${formatSpan(result.durationMs)}, seed ${seed}.`;
  const blocks = [
    `## ${marks[verdict]} ${verdict.toUpperCase()}: ${plain(scenario.name)}`,
    ...(reasons.length === 0 ? [] : [reasons.map((reason) => `- ${plain(reason)}`).join("\n")]),
    facts,
    ...thresholdBlocks(result),
    ...phaseBlocks(result.phases),
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
  return [table([":--", ":--", "--:"], ["", "threshold", "actual"], rows)];
}

function phaseBlocks(phases: readonly PhaseResult[]): string[] {
  const rows = phases.flatMap(({ name, streams }) =>
    streams.map((stream) => [
      plain(name),
      plain(stream.name ?? stream.exchange),
      formatOffer(stream),
      formatRate(stream.achievedPerSecond),
      formatCount(stream.completed),
      formatCount(stream.timeouts),
      ...[stream.latencyMs.p50, stream.latencyMs.p99, stream.latencyMs.max].map((ms) =>
        stream.latencyMs.count === 0 ? "-" : formatMs(ms),
      ),
    ]),
  );
  if (rows.length === 0) return [];
  const head = ["phase", "exchange", "offered/s", "achieved/s", "completed", "time-outs"];
  const latency = ["p50 ms", "p99 ms", "max ms"];
  const align = [":--", ":--", ...[...head.slice(2), ...latency].map(() => "--:")];
  return [table(align, [...head, ...latency], rows)];
}

function failoverBlocks({ failover }: RunResult): string[] {
  if (failover === undefined || failover.events.length === 0) return [];
  const align = failoverHead.map((_, column) => (column === 0 ? ":--" : "--:"));
  const rows = failover.events.map((event) => {
    const [name, ...cells] = failoverCells(event);
    return [plain(name!), ...cells];
  });
  const words = failover.events.flatMap((event) => {
    const besides = [event.text, ...failoverWords(event)].map(plain).join("; ");
    return [`- **${plain(event.name)}:** ${besides}`];
  });
  return [
    table(align, failoverHead, rows),
    words.join("\n"),
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
      : `p50 ${formatSpan(spans.p50)}, p99 ${formatSpan(spans.p99)}, p99.9 ${formatSpan(spans.p999)}`;
  const { verified, files } = totals.downloads;
  return [
    `**Time to on line:** ${times}. ${formatCount(onlineAtEnd(result) ?? 0)} devices on line at the end, ${formatCount(totals.devicesGivenUp)} gave up; ${formatCount(verified)} of ${formatCount(files)} files verified.`,
  ];
}

function plantBlocks(result: RunResult): string[] {
  return plantTablesOf(result).map(({ title, head, rows }) => {
    const align = head.map((_, column) => (column === 0 ? ":--" : "--:"));
    const text = rows.map(([name, ...counts]) => [plain(name!), ...counts]);
    return `**${title}:**\n\n${table(align, head, text)}`;
  });
}

function safetyBlock({ safety }: RunResult): string {
  const seen = violationsOf(safety).filter(([, count]) => count > 0);
  const acks = `${formatCount(safety.acknowledged)} ACKs followed`;
  const expected = expectedWords(safety).map((words) => ` ${plain(words)}.`);
  if (seen.length === 0) {
    return `**Safety:** ${acks}, no violation; ${plain(safety.audit)}.${expected.join("")}`;
  }
  const rows = seen.map(([what, count]) => `- **${formatCount(count)}** ${plain(what)}`);
  return `**Safety:** ${acks}.\n\n${rows.join("\n")}`;
}

function generatorBlock({ generator }: RunResult): string {
  const lost = generator.socketDrops + generator.sendErrors;
  return `**Generator:** slip p99 ${formatMs(generator.slipMsP99)} ms, ${formatCount(lost)} lost packets, busiest worker ${Math.round(generator.cpuPercentMax)} % of a core.`;
}

function machineBlock({ environment, command }: RunResult): string {
  const machine = `${environment.cpu}, ${environment.cores} cores, Linux ${environment.kernel}, Node ${environment.node}, Provlab ${environment.provlab} (${environment.commit})`;
  const again = command === undefined ? "" : `\n\n${codeBlock(command)}`;
  return `${plain(machine)}.${again}\n\n[Report](report.html) · [result.json](result.json) · [time series](timeseries.csv)`;
}

function table(
  align: readonly string[],
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return [head, align, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** A fence longer than any row of backticks within. */
function codeBlock(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}sh\n${text}\n${fence}`;
}

/**
 * Text that stays text (CommonMark 2.4), readable in its source as well: punctuation is escaped where
 * it could begin something. GitHub's mentions, emoji and bare links take a reference, no backslash.
 */
function plain(text: string): string {
  return text
    .replace(/\s+/g, " ")
    .replace(/[\\`*_{}[\]<>#|~&]|^[-+=]|^\d+(?=[.)])/g, (found) =>
      /\d/.test(found) ? `&#${found.charCodeAt(0)};${found.slice(1)}` : `\\${found}`,
    )
    .replace(/@|:(?=[\w/])/g, (found) => `&#${found.charCodeAt(0)};`)
    .replace(/www\./gi, "www&#46;");
}
