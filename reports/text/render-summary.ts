import type { PhaseResult, RunResult, StreamResult } from "../result/run-result.ts";
import { expectedWords, violationsOf } from "../result/safety.ts";
import { bootSummary } from "./boot-summary.ts";
import { failoverLines } from "./failover-lines.ts";
import {
  cut,
  formatCount,
  formatMs,
  formatSpan,
  formatTarget,
  hasClosedLoop,
  percentileWords,
  streamCells,
  streamHead,
} from "./format.ts";
import { generatorNotes } from "./generator-notes.ts";
import { goalLines } from "./goal-lines.ts";
import { machineLines } from "./machine-words.ts";
import { breakageLines, networkLines, personaLines } from "./plant-lines.ts";
import { tailLines } from "./tail-words.ts";
import { hanging, labelled, type Paint, plainText, row, textOf } from "./text-lines.ts";

const PHASE_WIDTH = 14;
const EXCHANGE_WIDTH = 9;
const WIDTHS = [-PHASE_WIDTH, -EXCHANGE_WIDTH, 9, 10, 9, 7, 7, 6];

const verdictPaint = { pass: "good", fail: "bad", invalid: "warn" } as const;

/**
 * The result in 80 columns of text: verdict, rates, latencies, and what was lost or used. Longer lines
 * are broken and indented. `paint` colours good and bad news on a terminal.
 */
export function renderSummary(
  result: RunResult,
  files: readonly string[],
  paint: Paint = plainText,
): string {
  const verdict = paint[verdictPaint[result.verdict]];
  const findings = [
    ...tailLines(result).flatMap((line) => labelled("slow end", line)),
    ...breakageLines(result).flatMap((line) => labelled("breakage", line)),
  ];
  const boots = bootSummary(result);
  const lines = [
    "",
    ...headingLines(result, verdict),
    "",
    row(["phase", ...streamHead.slice(0, 4), "p50 ms", "p99 ms", "t/out"], WIDTHS),
    ...result.phases.flatMap(phaseRows),
    ...(hasClosedLoop(result.phases) ? [CLOSED_LOOP_NOTE] : []),
    "",
    ...failoverLines(result.failover),
    ...findings,
    ...(findings.length > 0 && boots !== undefined ? [""] : []),
    ...(boots ?? labelled("time to bound", timeToBound(result))),
    ...labelled("thresholds", thresholds(result)),
    ...result.thresholds
      .filter((threshold) => !threshold.holds)
      .flatMap(({ text, actual }) =>
        labelled("", `FAILED ${text} (was ${actual ?? "not measured"})`),
      )
      .map(paint.bad),
    ...labelled("safety", safety(result)),
    ...result.safety.examples.flatMap((example) => labelled("", example)).map(paint.bad),
    ...labelled("generator", generator(result)),
    ...generatorNotes(result)
      .flatMap((note) => labelled("", note))
      .map(paint.warn),
    ...plantLines(result),
    ...machineLines(result, files).map(paint.warn),
  ];
  return textOf(lines, files);
}

function headingLines(result: RunResult, verdict: (text: string) => string): string[] {
  const { population, target, environment, seed, scenario, reasons } = result;
  const word = result.verdict.toUpperCase();
  const server =
    target.product === undefined ? formatTarget(target, "target ") : `pair of ${target.product}`;
  const devices = `${formatCount(population.devices)} devices`;
  const [first, ...more] = hanging(`${word}  ${scenario.name} · ${devices} · seed ${seed}`, 6);
  const about = `${formatSpan(result.durationMs)}, ${server}, durability ${environment.durability}`;
  return [
    verdict(word) + first!.slice(word.length),
    ...more,
    ...hanging(`      ${about}`, 6),
    ...goalLines(result).map((line) => `      ${line}`),
    ...reasons.flatMap((reason) => hanging(`      ${reason}`, 8)).map(verdict),
  ];
}

function phaseRows(phase: PhaseResult): string[] {
  return phase.streams.map((stream, index) =>
    row([index === 0 ? cut(phase.name, PHASE_WIDTH) : "", ...narrowCells(stream)], WIDTHS),
  );
}

/** The time-outs stand last. */
function narrowCells(stream: StreamResult): string[] {
  const [name, offered, achieved, completed, timeouts] = streamCells(stream);
  const latency = [latencyCell(stream.latencyMs.p50), latencyCell(stream.latencyMs.p99)];
  return [cut(name, EXCHANGE_WIDTH), offered, achieved, completed, ...latency, timeouts];
}

/** Without commas, a boot's long time fits the column. */
function latencyCell(ms: number): string {
  return ms < 1_000_000 ? formatMs(ms) : String(Math.round(ms));
}

const CLOSED_LOOP_NOTE = "loop N: N transactions under way; latency there is service time";

function timeToBound(result: RunResult): string {
  const all = result.timeToBoundMs["all"];
  if (all === undefined || all.count === 0) return "no device was bound";
  return percentileWords(all, ["p50", "p90", "p99", "p999"]).join(", ");
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

/** Only what the run had: loss on purpose, devices with something wrong, servers. */
function plantLines(result: RunResult): string[] {
  const { generator: own, server, answeredBy } = result;
  const loss = own.simulatedLoss;
  const facts: (readonly [label: string, text: string])[] = [
    ...personaLines(result).map(([name, words]) => ["persona", `${name}: ${words}`] as const),
    ...networkLines(result).map(([where, words]) => ["network", `${where}: ${words}`] as const),
  ];
  if (loss !== undefined) {
    const dropped = `${formatCount(loss.dropped)} dropped`;
    facts.unshift(["simulated loss", `${loss.percent} % of the datagrams: ${dropped}`]);
  }
  if (server !== undefined) {
    const memory = `${server.residentMiBMax.toFixed(0)} MiB`;
    facts.push(["server", `${server.cpuSeconds.toFixed(1)} s CPU, ${memory}`]);
  }
  if (answeredBy !== undefined) {
    const shares = answeredBy.map((each) => `${each.server}: ${formatCount(each.acknowledged)}`);
    facts.push(["ACKs from", shares.join(", ")]);
  }
  return facts.flatMap(([label, text]) => labelled(label, text));
}
