import { bootTotalsOf, onlineAtEnd } from "../result/boot-totals.ts";
import type { Distribution, RunResult, StreamResult } from "../result/run-result.ts";
import { violationsOf } from "../result/safety.ts";
import { formatCount, formatMs, formatSpan } from "../text/format.ts";
import { escapeHtml } from "./html.ts";

/** One card at the head of the page. */
interface Figure {
  readonly value: string;
  readonly label: string;
  readonly style?: "headline" | "alarm";
}

/** What a reader wants to know first: time to on line where devices boot, else leases and latency. */
export function figures(result: RunResult): string {
  const cards = [
    ...failoverFigure(result),
    ...(bootFigures(result) ?? leaseFigures(result)),
    durabilityFigure(result),
  ];
  return `<div class="figures">${cards.map(card).join("")}</div>`;
}

function card({ value, label, style }: Figure): string {
  const name = style === undefined ? "figure" : `figure ${style}`;
  return `<div class="${name}"><b>${escapeHtml(value)}</b><span>${label}</span></div>`;
}

/** Of several interruptions the longest one; one without an end is longer than any other. */
function failoverFigure({ failover }: RunResult): Figure[] {
  const [worst] = (failover?.events ?? [])
    .flatMap(({ name, interruption }) => (interruption === null ? [] : [{ name, ...interruption }]))
    .toSorted((a, b) => (b.rtoMs ?? Number.MAX_VALUE) - (a.rtoMs ?? Number.MAX_VALUE));
  if (worst === undefined) return [];
  const label = `without an ACK, at most: ${escapeHtml(worst.name)}`;
  return worst.rtoMs === null
    ? [{ value: "not back", label, style: "alarm" }]
    : [{ value: formatSpan(worst.rtoMs), label }];
}

function leaseFigures({ phases, timeToBoundMs, safety, generator }: RunResult): Figure[] {
  const busiest = phases.flatMap(({ streams }) => streams).toSorted(byLatency)[0];
  const all = timeToBoundMs["all"];
  return [
    { value: formatCount(safety.acknowledged), label: "acknowledged leases followed" },
    { value: formatCount(violationCount(safety)), label: "safety violations" },
    {
      value: busiest === undefined ? "-" : `${formatMs(busiest.latencyMs.p99)} ms`,
      label: "p99 latency, slowest stream",
    },
    {
      value: all === undefined || all.count === 0 ? "-" : formatSpan(all.p999),
      label: "99.9 % of devices bound within",
    },
    slipFigure(generator),
  ];
}

function bootFigures(result: RunResult): Figure[] | undefined {
  const totals = bootTotalsOf(result);
  if (totals === undefined) return undefined;
  const { safety, generator, population, timeToOnlineMs } = result;
  const { files, verified } = totals.downloads;
  const online = onlineAtEnd(result);
  const violations = violationCount(safety);
  return [
    onlineFigure(timeToOnlineMs?.["all"]),
    {
      value: online === undefined ? "-" : formatCount(online),
      label: `of ${formatCount(population.devices)} devices on line at the end; ${givenUp(totals.devicesGivenUp)}`,
      ...(totals.devicesGivenUp === 0 ? {} : { style: "alarm" }),
    },
    {
      value: formatCount(verified),
      label: `of ${formatCount(files)} files verified by length and hash`,
    },
    {
      value: formatCount(violations),
      label: `safety violations in ${formatCount(safety.acknowledged)} ACKs`,
      ...(violations === 0 ? {} : { style: "alarm" }),
    },
    slipFigure(generator),
  ];
}

function onlineFigure(spans: Distribution | undefined): Figure {
  if (spans === undefined || spans.count === 0) {
    return { value: "-", label: "time to on line: no device came on line", style: "headline" };
  }
  const others = [
    `p50 ${formatSpan(spans.p50)}`,
    `p99 ${formatSpan(spans.p99)}`,
    `max ${formatSpan(spans.max)}`,
  ];
  return {
    value: formatSpan(spans.p999),
    label: `time to on line, p99.9<br>${others.join(" · ")}`,
    style: "headline",
  };
}

function durabilityFigure({ environment, target }: RunResult): Figure {
  const whose = target.kind === "bundled" ? "the bundled server" : "the target";
  return { value: environment.durability, label: `durability of an ACK of ${whose}` };
}

function givenUp(devices: number): string {
  return devices === 0 ? "none gave up" : `${formatCount(devices)} gave up`;
}

function slipFigure({ slipMsP99 }: RunResult["generator"]): Figure {
  return { value: `${formatMs(slipMsP99)} ms`, label: "p99 schedule slip of the generator" };
}

function violationCount(safety: RunResult["safety"]): number {
  return violationsOf(safety).reduce((sum, [, count]) => sum + count, 0);
}

function byLatency(a: StreamResult, b: StreamResult): number {
  return b.latencyMs.p99 - a.latencyMs.p99;
}
