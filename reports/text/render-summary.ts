import { failoverLines } from "../failover/failover-lines.ts";
import type { PhaseResult, RunResult, StreamResult } from "../result/run-result.ts";
import { expectedWords, violationsOf } from "../result/safety.ts";
import { bootSummary } from "./boot-summary.ts";
import { breakageLines } from "./breakage-lines.ts";
import { cut, formatCount, formatMs, formatOffer, formatRate, formatSpan } from "./format.ts";
import { networkLines } from "./network-lines.ts";
import { personaLines } from "./persona-lines.ts";
import { hanging, type Paint, plainText, printable } from "./text-lines.ts";

const columns = [
  { title: "phase", width: 14, align: "left" },
  { title: "exchange", width: 9, align: "left" },
  { title: "offered/s", width: 9, align: "right" },
  { title: "achieved/s", width: 10, align: "right" },
  { title: "completed", width: 9, align: "right" },
  { title: "p50 ms", width: 7, align: "right" },
  { title: "p99 ms", width: 7, align: "right" },
  { title: "t/out", width: 6, align: "right" },
] as const;

const verdictPaint = { pass: "good", fail: "bad", invalid: "warn" } as const;

/**
 * The result in 80 columns of text: verdict, rates and latencies, and what they rest on. Longer lines
 * go on below themselves. `paint` colours what is good or bad, for a terminal.
 */
export function renderSummary(
  result: RunResult,
  files: readonly string[],
  paint: Paint = plainText,
): string {
  const { population, target, environment } = result;
  const heading = `${result.scenario.name} · ${formatCount(population.devices)} devices · seed ${result.seed}`;
  const bundled = target.kind === "bundled" ? "bundled server" : undefined;
  const pair = target.product === undefined ? undefined : `pair of ${target.product}`;
  const server = pair ?? bundled ?? `target ${target.address}:${target.port}`;
  const where = `${server}, durability ${environment.durability}`;
  const verdict = paint[verdictPaint[result.verdict]];
  const lines = [
    "",
    ...hanging(`${result.verdict.toUpperCase()}  ${heading}`, 6).map((line, index) =>
      index === 0 ? paintWord(line, result.verdict.toUpperCase(), verdict) : line,
    ),
    ...hanging(`      ${formatSpan(result.durationMs)}, ${where}`, 6),
    ...result.reasons.flatMap((reason) => hanging(`      ${reason}`, 8)).map(verdict),
    "",
    row(columns.map((column) => column.title)),
    ...result.phases.flatMap(phaseRows),
    ...(hasClosedLoop(result) ? [CLOSED_LOOP_NOTE] : []),
    "",
    ...failoverLines(result.failover),
    ...breakageLines(result).flatMap((line) => hanging(`breakage       ${line}`)),
    ...(bootSummary(result) ?? [`time to bound  ${timeToBound(result)}`]),
    `thresholds     ${thresholds(result)}`,
    ...result.thresholds
      .filter((threshold) => !threshold.holds)
      .flatMap(({ text, actual }) =>
        hanging(`               FAILED ${text} (was ${actual ?? "not measured"})`),
      )
      .map(paint.bad),
    ...hanging(`safety         ${safety(result)}`),
    ...result.safety.examples
      .flatMap((example) => hanging(`               ${example}`))
      .map(paint.bad),
    ...hanging(`generator      ${generator(result)}`),
  ];
  const { simulatedLoss } = result.generator;
  if (simulatedLoss !== undefined) {
    const { percent, dropped } = simulatedLoss;
    lines.push(`simulated loss ${percent} % of the datagrams: ${formatCount(dropped)} dropped`);
  }
  for (const [kind, words] of personaLines(result.personas ?? [])) {
    lines.push(...hanging(`persona        ${kind}: ${words}`));
  }
  for (const [direction, words] of result.network ? networkLines(result.network) : []) {
    lines.push(...hanging(`network        ${direction}: ${words}`));
  }
  if (result.server !== undefined) {
    const { cpuSeconds, residentMiBMax } = result.server;
    lines.push(`server         ${cpuSeconds.toFixed(1)} s CPU, ${residentMiBMax.toFixed(0)} MiB`);
  }
  if (result.answeredBy !== undefined) {
    const shares = result.answeredBy.map(
      ({ server, acknowledged }) => `${server}: ${formatCount(acknowledged)}`,
    );
    lines.push(...hanging(`ACKs from      ${shares.join(", ")}`));
  }
  if (files.length > 0) lines.push("", ...hanging(`wrote          ${files.join(" ")}`));
  return `${lines.map((line) => line.trimEnd()).join("\n")}\n`;
}

function paintWord(line: string, word: string, colour: (text: string) => string): string {
  return line.startsWith(word) ? colour(word) + line.slice(word.length) : line;
}

function row(cells: readonly string[]): string {
  const padded = columns.map(({ width, align }, index) =>
    align === "left" ? cells[index]!.padEnd(width) : cells[index]!.padStart(width),
  );
  return printable(padded.join(" "));
}

function phaseRows(phase: PhaseResult): string[] {
  return phase.streams.map((stream, index) =>
    row(streamCells(index === 0 ? cut(phase.name, columns[0].width) : "", stream)),
  );
}

const CLOSED_LOOP_NOTE = "loop N: N transactions under way; latency there is service time";

function hasClosedLoop({ phases }: RunResult): boolean {
  return phases.some(({ streams }) => streams.some(({ outstanding }) => outstanding !== undefined));
}

/** A boot may take longer than the column has room for with commas. */
function latencyCell(ms: number): string {
  return ms < 1_000_000 ? formatMs(ms) : String(Math.round(ms));
}

function streamCells(phaseName: string, stream: StreamResult): string[] {
  return [
    phaseName,
    cut(stream.name ?? stream.exchange, columns[1].width),
    formatOffer(stream),
    formatRate(stream.achievedPerSecond),
    formatCount(stream.completed),
    latencyCell(stream.latencyMs.p50),
    latencyCell(stream.latencyMs.p99),
    formatCount(stream.timeouts),
  ];
}

function timeToBound(result: RunResult): string {
  const all = result.timeToBoundMs["all"];
  if (all === undefined || all.count === 0) return "no device was bound";
  const spans = [all.p50, all.p90, all.p99, all.p999].map(formatSpan);
  return `p50 ${spans[0]}, p90 ${spans[1]}, p99 ${spans[2]}, p99.9 ${spans[3]}`;
}

function thresholds({ thresholds: all }: RunResult): string {
  const held = all.filter((threshold) => threshold.holds).length;
  return all.length === 0 ? "none set" : `${held} of ${all.length} hold`;
}

function safety({ safety: found }: RunResult): string {
  const acks = `${formatCount(found.acknowledged)} ACKs`;
  const violations = violationsOf(found).filter(([, count]) => count > 0);
  if (violations.length === 0) {
    return [`${acks}, no violation; ${found.audit}`, ...expectedWords(found)].join("; ");
  }
  return `${acks}: ${violations.map(([name, count]) => `${formatCount(count)} ${name}`).join(", ")}`;
}

function generator({ generator: own }: RunResult): string {
  const drops = own.socketDrops + own.sendErrors;
  return `slip p99 ${formatMs(own.slipMsP99)} ms, ${drops} lost packets, CPU ${Math.round(own.cpuPercentMax)} %, ${own.memoryMiB.toFixed(0)} MiB`;
}
