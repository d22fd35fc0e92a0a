import { formatIpv4 } from "../protocol/ipv4.ts";
import type { RateStage } from "../scenarios/language/rate-profile.ts";
import { type Scenario, scenarioBoots } from "../scenarios/language/scenario.ts";
import type { Threshold, ThresholdOperator } from "../scenarios/language/threshold.ts";
import type { LeaseWish } from "../scenarios/population/lease-wish.ts";
import { deviceKinds, Population } from "../scenarios/population/population.ts";
import { formatDurationMs } from "../scenarios/yaml/duration.ts";
import { needsLease, type PhasePlan, type StreamPlan } from "../simulator/plan/run-plan.ts";
import type { ExpectedPhase, ExpectedStream } from "./expected-load.ts";

const COLUMNS = 80;
const STAGES_SHOWN_MAX = 8;

/** The load of one server by the guide (PERF-3, PERF-4). */
const GUIDE_DISCOVERS_PER_SECOND = 300;
const GUIDE_RENEWS_PER_SECOND = 600;

/** The plan of a scenario in words, at most 80 columns wide. */
export function explainScenario(scenario: Scenario, phases: readonly ExpectedPhase[]): string {
  const lines = [
    `${scenario.name}: ${scenario.title === "" ? "without a title" : scenario.title}`,
    "",
    ...populationLines(scenario),
    ...phases.flatMap((phase, index) => ["", ...phaseLines(phase, index)]),
    "",
    ...thresholdLines(scenario.thresholds),
    ...needLines(scenario, phases),
    ...warningLines(scenario, phases),
  ];
  return `${lines.flatMap(wrapped).join("\n")}\n`;
}

function populationLines({ population: plan, seed }: Scenario): readonly string[] {
  const population = new Population(plan);
  const kinds = deviceKinds
    .map((kind, index) => [kind, population.countOf[index]] as const)
    .filter(([, devices]) => devices > 0)
    .map(([kind, devices]) => `${number(devices)} ${kind}`);
  const first = population.cmts(0);
  const last = population.cmts(population.cmtsCount - 1);
  return [
    `Population: ${number(population.size)} devices (seed ${seed}): ${kinds.join(", ")}.`,
    `  On ${number(population.cmtsCount)} CMTS, about ` +
      `${number(Math.round(population.size / population.cmtsCount))} devices each, with networks ` +
      `${formatIpv4(first.network)}/${first.prefixLength} to ` +
      `${formatIpv4(last.network)}/${last.prefixLength}; giaddr is the .1 of each.`,
    ...(plan.leaseSeconds === undefined ? [] : [`  ${leaseWishWords(plan.leaseSeconds)}`]),
  ];
}

function leaseWishWords(wish: LeaseWish): string {
  if (typeof wish === "number") return `Each asks for a lease of ${number(wish)} s.`;
  if ("min" in wish) {
    return `Each asks for a lease of its own time, ${number(wish.min)} to ${number(wish.max)} s.`;
  }
  const total = wish.reduce((sum, { weight }) => sum + weight, 0);
  const shares = wish.map(
    ({ seconds, weight }) => `${Math.round((100 * weight) / total)} % for ${number(seconds)} s`,
  );
  return `They ask for leases: ${shares.join(", ")}.`;
}

function phaseLines(phase: ExpectedPhase, index: number): readonly string[] {
  const { plan, streams, lengthMs, boundAfter } = phase;
  const end =
    typeof plan.until === "string"
      ? `until ${plan.until}, at least ${formatDurationMs(lengthMs)}, at most ${formatDurationMs(plan.timeLimitMs)}`
      : `for ${formatDurationMs(lengthMs)}`;
  const cut = plan.powerCycle ? " Devices of discover and boot streams lose power first." : "";
  return [
    `Phase ${index + 1}, ${plan.name}: ${end}, then up to ${formatDurationMs(plan.drainMs)} to finish.${cut}`,
    ...streams.map((stream) => `  - ${streamWords(stream)}`),
    `  ${number(boundAfter)} devices hold a lease afterwards.`,
  ];
}

function streamWords({ plan, devices, arrivals }: ExpectedStream): string {
  const count = arrivals === undefined ? "any number of" : number(arrivals);
  const name = plan.name === undefined ? plan.exchange : `${plan.name} (${plan.exchange})`;
  const load = `${name}: ${count} transactions among ${number(devices)} devices`;
  const place = [
    ...(plan.startAfterMs === undefined ? [] : [`from ${formatDurationMs(plan.startAfterMs)} on`]),
    ...(plan.forMs === undefined ? [] : [`for ${formatDurationMs(plan.forMs)}`]),
  ];
  return `${[load, paceWords(plan), ...place].join(", ")}${guideShare(plan)}.`;
}

/** How the arrivals of a stream come. */
function paceWords(plan: StreamPlan): string {
  const spacing = "arrivals" in plan && plan.arrivals === "poisson" ? " at random (Poisson)" : "";
  switch (plan.kind) {
    case "rate":
      return `${number(plan.ratePerSecond)} a second${spacing}`;
    case "profile":
      return `${stagesWords(plan.stages)}${spacing}${breakageWords(plan)}`;
    case "burst":
      return `${number(plan.size)} at once every ${formatDurationMs(plan.everyMs)}`;
    case "churn": {
      const range = [...new Set([plan.offForMs.min, plan.offForMs.max])].map(formatDurationMs);
      const leave = plan.leave === "release" ? "release their lease" : "lose power";
      return `${number(plan.perSecond)} a second${spacing} ${leave} and come back after ${range.join(" to ")}`;
    }
    case "all-within":
      return `each once within ${formatDurationMs(plan.allWithinMs)}`;
    case "outstanding":
      return `${number(plan.outstanding)} under way at a time`;
  }
}

/** Shortens a long list of stages to the first and the last ones. */
function stagesWords(stages: readonly RateStage[]): string {
  const words = stages.map(stageWords);
  if (words.length > STAGES_SHOWN_MAX) {
    words.splice(2, words.length - 3, `${number(words.length - 3)} more`);
  }
  return words.join(", then ");
}

function stageWords({ fromPerSecond, toPerSecond, durationMs }: RateStage): string {
  const rates = [...new Set([fromPerSecond, toPerSecond])].map(rounded);
  return `${rates.join(" to ")} a second for ${formatDurationMs(durationMs)}`;
}

function breakageWords({ missedPercentMax }: Extract<StreamPlan, { kind: "profile" }>): string {
  if (missedPercentMax === undefined) return "";
  return `, until more than ${missedPercentMax} % of a step are not complete within 1 s`;
}

/** A steady stream as a share of the guide's load for one server. */
function guideShare(plan: StreamPlan): string {
  if (plan.kind !== "rate" || plan.exchange === "download") return "";
  const isDiscover = !needsLease(plan.exchange);
  const guide = isDiscover ? GUIDE_DISCOVERS_PER_SECOND : GUIDE_RENEWS_PER_SECOND;
  const packets = isDiscover ? 4 : 2;
  const percent = Math.round((plan.ratePerSecond / guide) * 100);
  return ` (${number(plan.ratePerSecond * packets)} DHCP packets/s; ${percent} % of the guide's ${guide}/s)`;
}

const operatorWords: Readonly<Record<ThresholdOperator, string>> = {
  "<": "is below",
  "<=": "is at most",
  ">": "is above",
  ">=": "is at least",
  "==": "is exactly",
};

const statisticWords: Readonly<Record<string, string>> = {
  p50: "the median",
  p90: "the 90th percentile",
  p99: "the 99th percentile",
  p999: "the 99.9th percentile",
  max: "the largest",
  mean: "the mean",
};

function thresholdLines(thresholds: readonly Threshold[]): readonly string[] {
  if (thresholds.length === 0) return ["No thresholds: only safety and the generator decide."];
  return [
    "It passes when",
    ...thresholds.map(({ metric, operator, bound }) => {
      const statistic = statisticWords[metric.at(-1)!];
      const path = statistic === undefined ? metric : metric.slice(0, -1);
      const unit = path.at(-1)!.endsWith("Ms") || path[0].endsWith("Ms") ? " ms" : "";
      const subject = statistic === undefined ? "" : `${statistic} of `;
      return `  - ${subject}${path.join(" ")} ${operatorWords[operator]} ${number(bound)}${unit}`;
    }),
    "  - and nothing was unsafe, and the generator was not the limit.",
  ];
}

function needLines(scenario: Scenario, phases: readonly ExpectedPhase[]): readonly string[] {
  const acks = phases
    .flatMap(({ streams }) => streams)
    .filter(({ plan }) => plan.exchange !== "download")
    .reduce((sum, { arrivals, devices }) => sum + (arrivals ?? devices), 0);
  const lengthMs = phases.reduce((sum, phase) => sum + phase.lengthMs, 0);
  const services = scenarioBoots(scenario) ? "DHCP, TFTP, Time, NTP and Syslog" : "DHCP";
  return [
    "",
    `It needs a server of ${services} (bundled, or --target), takes at least ` +
      `${formatDurationMs(lengthMs)}, and has the server write about ${number(acks)} leases.`,
  ];
}

function warningLines(scenario: Scenario, phases: readonly ExpectedPhase[]): readonly string[] {
  const warnings = [...phases.flatMap(phaseWarnings), ...leaseWarnings(scenario, phases)];
  return warnings.length === 0 ? [] : ["", ...warnings.map((text) => `Warning: ${text}`)];
}

function phaseWarnings({ plan, streams, lengthMs }: ExpectedPhase): readonly string[] {
  const late =
    typeof plan.until === "string" && lengthMs > plan.timeLimitMs
      ? [
          `phase ${plan.name} cannot reach its goal: its arrivals take ` +
            `${formatDurationMs(lengthMs)}, its time limit is ${formatDurationMs(plan.timeLimitMs)}.`,
        ]
      : [];
  return [...late, ...streams.flatMap((stream) => streamWarnings(plan, stream))];
}

function streamWarnings(phase: PhasePlan, { plan, devices }: ExpectedStream): readonly string[] {
  const { exchange } = plan;
  if (devices === 0) {
    return [`${exchange} of phase ${phase.name} has nobody to ask: ${whyNobody(phase, exchange)}.`];
  }
  if (plan.kind !== "rate" || plan.ratePerSecond <= devices) return [];
  return [
    `${exchange} of phase ${phase.name} asks ${number(devices)} devices ${number(plan.ratePerSecond)} ` +
      "times a second: a device whose last turn is not over is counted as notEligible.",
  ];
}

function whyNobody({ powerCycle }: PhasePlan, exchange: StreamPlan["exchange"]): string {
  if (needsLease(exchange)) return "no device holds a lease that another stream does not take";
  if (!powerCycle) return "no device is without a lease (powerCycle: true takes their leases)";
  return "its part of the devices, by the number of arrivals of each stream, is less than one";
}

/** Leases that end, or devices that renew (T1 is half the lease), during the run. */
function leaseWarnings(
  { server, clients }: Scenario,
  phases: readonly ExpectedPhase[],
): readonly string[] {
  const lengthMs = phases.reduce((sum, phase) => sum + phase.lengthMs, 0);
  const leaseMs = server.leaseSeconds * 1000;
  if (!clients.ownTimers && lengthMs > leaseMs) {
    return [
      `leases last ${formatDurationMs(leaseMs)} and devices do not renew by themselves ` +
        "(clients.ownTimers): some of them end before the run does.",
    ];
  }
  if (!clients.ownTimers || lengthMs <= leaseMs / 2) return [];
  return [
    `leases last ${formatDurationMs(leaseMs)}, so devices also renew by themselves from ` +
      `${formatDurationMs(leaseMs / 2)} on, beside what the phases ask.`,
  ];
}

function rounded(value: number): string {
  return number(Math.round(value * 10) / 10);
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}

/** Breaks a line between words. Further lines are indented by two more columns. */
function wrapped(line: string): readonly string[] {
  const indent = `${/^ */.exec(line)![0]}  `;
  const lines: string[] = [];
  let current = "";
  for (const word of line.trimStart().split(" ")) {
    const start = lines.length === 0 ? indent.slice(2) : indent;
    if (current === "") current = start + word;
    else if (current.length + 1 + word.length <= COLUMNS) current += ` ${word}`;
    else {
      lines.push(current);
      current = indent + word;
    }
  }
  return [...lines, current];
}
