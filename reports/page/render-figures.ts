import { bootTotalsOf, onlineAtEnd } from "../result/boot-totals.ts";
import type { Distribution } from "../result/distribution.ts";
import type { RunResult } from "../result/run-result.ts";
import { violationsOf } from "../result/safety.ts";
import { formatCount, formatMs, formatSpan, percentileWords } from "../text/format.ts";
import { escapeHtml } from "./html.ts";

/** The cards at the head of the page: time to on line if devices boot, else leases and latency. */
export function figures(result: RunResult): string {
  const cards = [
    ...failoverCards(result),
    ...(bootCards(result) ?? leaseCards(result)),
    slipCard(result),
    durabilityCard(result),
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

function leaseCards({ phases, timeToBoundMs, safety }: RunResult): string[] {
  const p99s = phases.flatMap(({ streams }) => streams.map(({ latencyMs }) => latencyMs.p99));
  const slowest = p99s.length === 0 ? "-" : `${formatMs(Math.max(...p99s))} ms`;
  const all = timeToBoundMs["all"];
  const bound = all === undefined || all.count === 0 ? "-" : formatSpan(all.p999);
  return [
    card(formatCount(safety.acknowledged), "acknowledged leases followed"),
    card(formatCount(violationCount(safety)), "safety violations"),
    card(slowest, "p99 latency, slowest stream"),
    card(bound, "99.9 % of devices bound within"),
  ];
}

function bootCards(result: RunResult): string[] | undefined {
  const totals = bootTotalsOf(result);
  if (totals === undefined) return undefined;
  const { safety, population, timeToOnlineMs } = result;
  const { devicesGivenUp, downloads } = totals;
  const online = onlineAtEnd(result);
  const violations = violationCount(safety);
  const givenUp = devicesGivenUp === 0 ? "none" : formatCount(devicesGivenUp);
  return [
    onlineCard(timeToOnlineMs?.["all"]),
    card(
      online === undefined ? "-" : formatCount(online),
      `of ${formatCount(population.devices)} devices on line at the end; ${givenUp} gave up`,
      devicesGivenUp > 0 && "alarm",
    ),
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

function onlineCard(spans: Distribution | undefined): string {
  if (spans === undefined || spans.count === 0) {
    return card("-", "time to on line: no device came on line", "headline");
  }
  const others = percentileWords(spans, ["p50", "p99", "max"]).join(" · ");
  return card(formatSpan(spans.p999), `time to on line, p99.9<br>${others}`, "headline");
}

function slipCard({ generator }: RunResult): string {
  return card(`${formatMs(generator.slipMsP99)} ms`, "p99 schedule slip of the generator");
}

function durabilityCard({ environment, target }: RunResult): string {
  const owner = target.kind === "bundled" ? "the bundled server" : "the target";
  return card(environment.durability, `durability of an ACK of ${owner}`);
}

function violationCount(safety: RunResult["safety"]): number {
  return violationsOf(safety).reduce((sum, [, count]) => sum + count, 0);
}
