import { formatIpv4, parseIpv4 } from "../../../protocol/ipv4.ts";
import { formatMac } from "../../../protocol/mac.ts";
import type { PairHistory } from "../../../reports/failover/history.ts";
import { distributionOf } from "../../../reports/result/distribution.ts";
import {
  type AnsweredBy,
  type Environment,
  type GeneratorResult,
  type PersonaResult,
  type PhaseResult,
  RESULT_SCHEMA,
  type RunResult,
  type SafetyResult,
  type ServerUsage,
  type Target,
  type TimeSeriesRow,
} from "../../../reports/result/run-result.ts";
import { evaluateThresholds } from "../../../reports/result/thresholds.ts";
import { isFair } from "../../../scenarios/language/network-conditions.ts";
import type { Scenario } from "../../../scenarios/language/scenario.ts";
import { deviceKinds, type Population } from "../../../scenarios/population/population.ts";
import { problemSentence } from "../../../simulator/measure/generator-health.ts";
import type { Violation, ViolationKind } from "../../../simulator/measure/safety-checker.ts";
import type { SimulatedSecond } from "../../../simulator/measure/time-series.ts";
import type { PhaseOutcome, SimulationOutcome } from "../../../simulator/run/edge/coordinator.ts";
import type { PersonaOutcome } from "../../../simulator/run/outcome.ts";
import { timeToOnlineMsOf } from "./boot-result-of.ts";
import { exchangeColumnsOf } from "./exchange-columns.ts";
import { failoverOf } from "./failover-of.ts";
import type { LeaseAudit } from "./lease-audit.ts";
import { measuredOf, rounded } from "./stream-result-of.ts";
import { type PhaseStages, tailOf } from "./tail-of.ts";
import { verdictOf } from "./verdict-of.ts";

export interface RunFacts {
  readonly scenario: Scenario;
  /** Hash of the scenario file and of what replaced parts of it. */
  readonly sha256: string;
  readonly population: Population;
  readonly environment: Environment;
  readonly target: Target;
  readonly outcome: SimulationOutcome;
  /** Undefined for a foreign server, whose lease file is out of reach. */
  readonly audit: LeaseAudit | undefined;
  readonly server: ServerUsage | undefined;
  readonly memoryMiB: number;
  /** By phase, what the bundled server measured of its answers. */
  readonly stages?: readonly (PhaseStages | undefined)[];
  /** The pair that the run itself drove through a drill. */
  readonly pair?: PairHistory;
}

// The guide does not define a transaction (GAP-4), so every result does.
const transactions = {
  discover: "Discover, Offer, Request, Ack",
  renew: "Request, Ack (unicast, RENEWING)",
  rebind: "Request, Ack (through the relay, REBINDING)",
  reboot: "Request, Ack (through the relay, INIT-REBOOT)",
  release: "one Release, which nobody answers",
  boot: "power on to on line, all steps of the device's kind",
  download: "the device's file by TFTP, checked",
} as const;

/** Makes the result of a run from what it measured, with the verdict. */
export function runResultOf(facts: RunFacts): RunResult {
  const { scenario, outcome, population, server } = facts;
  const phases = outcome.phases.map((phase, index) => ({
    ...phaseResultOf(phase),
    ...tailOf(phase, population, facts.stages?.[index]),
  }));
  const timeToBoundMs = Object.fromEntries(
    Object.entries(outcome.timeToBound).map(([kind, spans]) => [kind, distributionOf(spans)]),
  );
  const timeToOnlineMs = phases.some(({ boot }) => boot !== undefined)
    ? timeToOnlineMsOf(outcome.phases.map(({ boot }) => boot))
    : undefined;
  const timeSeries = exchangeColumnsOf(outcome.timeSeries).map((columns, index) => ({
    ...rowOf(outcome.timeSeries[index]),
    ...columns,
  }));
  const { failover, safety: ofPair } = failoverOf(facts, timeSeries);
  const measured = {
    ...{ phases, timeToBoundMs },
    ...(timeToOnlineMs && { timeToOnlineMs }),
    ...(failover && { failover }),
  };
  const thresholds = evaluateThresholds(scenario.thresholds, measured);
  const safety = { ...safetyResultOf(facts), ...ofPair };
  const networksOfPhases = scenario.phases.flatMap(({ network }) => network ?? []);
  const { verdict, reasons, problems } = verdictOf(facts, thresholds, safety);
  const exchanges = new Set(phases.flatMap(({ streams }) => streams.map((each) => each.exchange)));
  return {
    schema: RESULT_SCHEMA,
    scenario: { name: scenario.name, title: scenario.title, sha256: facts.sha256 },
    seed: scenario.seed,
    startedAt: new Date(outcome.startedAtMs).toISOString(),
    durationMs: Math.round(outcome.endedAtMs - outcome.startedAtMs),
    verdict,
    reasons,
    environment: facts.environment,
    target: facts.target,
    population: {
      devices: population.size,
      byKind: Object.fromEntries(
        deviceKinds.map((kind, index) => [kind, population.countOf[index]]),
      ),
      cmts: population.cmtsCount,
    },
    transactions: Object.fromEntries(
      Object.entries(transactions).filter(([exchange]) => exchanges.has(exchange)),
    ),
    phases,
    timeToBoundMs,
    ...(timeToOnlineMs && { timeToOnlineMs }),
    thresholds,
    safety,
    generator: {
      slipMsP99: outcome.health.slipMsP99,
      socketDrops: outcome.health.socketDrops,
      sendErrors: outcome.health.sendErrors,
      cpuPercentMax: outcome.health.cpuPercentMax,
      ...starvedOf(outcome),
      memoryMiB: facts.memoryMiB,
      problems: problems.map(problemSentence),
      ...(scenario.network.lossPercent === 0
        ? {}
        : {
            simulatedLoss: {
              percent: scenario.network.lossPercent,
              dropped: outcome.network.toServer.lost + outcome.network.toDevices.lost,
            },
          }),
    },
    ...(server && {
      server: { cpuSeconds: server.cpuSeconds, residentMiBMax: server.residentMiBMax },
    }),
    ...([scenario.network, ...networksOfPhases].every(isFair) ? {} : { network: outcome.network }),
    ...(outcome.personas.length === 0 ? {} : { personas: outcome.personas.map(personaResultOf) }),
    ...(facts.target.others === undefined ? {} : { answeredBy: answeredBy(facts) }),
    ...(failover && { failover }),
    timeSeries,
  };
}

/** ACKs of each target in order, 0 for a silent one, then of all other servers that answered. */
function answeredBy({ target, outcome }: RunFacts): readonly AnsweredBy[] {
  const counts = new Map<number, number>(
    [target.address, ...(target.others ?? [])].map((address) => [parseIpv4(address)!, 0]),
  );
  for (const { server, acknowledged } of outcome.answers) counts.set(server, acknowledged);
  return [...counts].map(([server, acknowledged]) => ({
    ...{ server: formatIpv4(server), acknowledged },
  }));
}

/** The worst phase's value; absent where the kernel does not say. */
function starvedOf({ phases }: SimulationOutcome): Pick<GeneratorResult, "starvedPercentMax"> {
  const shares = phases.flatMap(({ workers }) =>
    workers.flatMap(({ starvedPercent }) => starvedPercent ?? []),
  );
  return shares.length === 0 ? {} : { starvedPercentMax: rounded(Math.max(...shares), 10) };
}

function phaseResultOf(phase: PhaseOutcome): PhaseResult {
  return {
    name: phase.name,
    startedAtMs: Math.round(phase.startedAtMs),
    durationMs: Math.round(phase.durationMs),
    endedBy: phase.endedBy,
    ...measuredOf(phase),
  };
}

function personaResultOf({ of, captured, count: _, ...persona }: PersonaOutcome): PersonaResult {
  return { ...(of && { of }), ...(captured && { name: captured.name }), ...persona };
}

function safetyResultOf({ outcome, audit, population }: RunFacts): SafetyResult {
  const { counters, acknowledged, violations } = outcome.safety;
  const expected = Object.fromEntries(
    Object.entries(outcome.safety.expected).filter(([, count]) => count > 0),
  );
  return {
    acknowledged,
    doubleAllocations: counters.doubleAllocations,
    acknowledgedLeasesLost: counters.acknowledgedLeasesLost + (audit?.lost ?? 0),
    addressesChangedOnRenewal: counters.addressesChangedOnRenewal,
    addressesNeverOffered: counters.neverOffered,
    addressesOutsideNetwork: counters.addressesOutsideNetwork,
    malformedReplies: counters.malformedReplies,
    ...(Object.keys(expected).length === 0 ? {} : { expected }),
    examples: [
      ...violations.map((violation) => describeViolation(violation, population)),
      ...(audit?.examples ?? []),
    ].slice(0, EXAMPLES_MAX),
    audit: audit?.summary ?? "lease file out of reach",
  };
}

const EXAMPLES_MAX = 10;

const violationWords: Readonly<Record<ViolationKind, string>> = {
  doubleAllocations: "was acknowledged while another device held it",
  acknowledgedLeasesLost: "was refused although its lease was still running",
  addressesChangedOnRenewal: "was acknowledged to a device that renewed another address",
  neverOffered: "was acknowledged without having been offered",
  addressesOutsideNetwork: "is outside the network of the device's CMTS",
  malformedReplies: "came in a reply that lacks what a client needs",
};

function describeViolation(violation: Violation, population: Population): string {
  const { kind, device, address, holder } = violation;
  const who = `${population.kindOf(device)} ${formatMac(population.macOf(device))}`;
  const other = holder === undefined ? "" : ` (${formatMac(population.macOf(holder))})`;
  return `${formatIpv4(address)} for ${who}: it ${violationWords[kind]}${other}.`;
}

/** One second of the time series. */
export function rowOf(row: SimulatedSecond): TimeSeriesRow {
  const exchanges = Object.values(row.exchanges);
  const { discover, renew, boot, download } = row.exchanges;
  return {
    second: row.second,
    phase: row.phase,
    discoverSent: discover?.sent ?? 0,
    discoverCompleted: discover?.completed ?? 0,
    renewSent: renew?.sent ?? 0,
    renewCompleted: renew?.completed ?? 0,
    timeouts: exchanges.reduce((sum, { timeouts }) => sum + timeouts, 0),
    retransmissions: exchanges.reduce((sum, { retransmissions }) => sum + retransmissions, 0),
    latencyMsP50: microseconds(row.latencyMsP50),
    latencyMsP99: microseconds(row.latencyMsP99),
    latencyMsMax: microseconds(row.latencyMsMax),
    bound: row.bound,
    devices: row.states,
    ...(row.boots && {
      online: row.boots.online,
      bootStates: row.boots.states,
      bootsCompleted: boot?.completed ?? 0,
      downloadsCompleted: download?.completed ?? 0,
    }),
  };
}

function microseconds(milliseconds: number | null): number | null {
  return milliseconds === null ? null : rounded(milliseconds, 1000);
}
