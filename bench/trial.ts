import type { LatencyHistogram } from "../base/histogram.ts";
import type { PopulationPlan } from "../scenarios/population.ts";
import { judgeHealth } from "../simulator/generator-health.ts";
import type { PhaseOutcome, SimulationOutcome } from "../simulator/outcome.ts";
import type { ServerAddress } from "../simulator/relay/cmts.ts";
import type { HealthLimits, PhasePlan, PortPlan, RunPlan } from "../simulator/run-plan.ts";
import type { TrialVerdict } from "./rate-search.ts";

/** The rules of one trial. A rate is kept when nearly all transactions are answered in time. */
export interface TrialSettings {
  /** Before the measured part, at `warmUpShare` of its rate: compilers and caches warm up. */
  readonly warmUpMs: number;
  readonly warmUpShare: number;
  readonly measureMs: number;
  /** A transaction that is not complete this long after its intended start is unanswered. */
  readonly answerMsMax: number;
  readonly unansweredShareMax: number;
  /** Beyond these the generator was the limit. */
  readonly slipMsP99Max: number;
  readonly cpuPercentMax: number;
}

/** What a trial is aimed at and played by. */
export interface TrialTarget {
  readonly population: PopulationPlan;
  readonly server: ServerAddress;
  readonly ports: PortPlan;
  /** Decides transaction ids and the order of the devices: another one for every trial. */
  readonly seed: number;
}

/** One measured rate, in values that cross processes. */
export interface TrialResult {
  readonly ratePerSecond: number;
  readonly offered: number;
  readonly answered: number;
  readonly unansweredShare: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  readonly slipMsP99: number;
  readonly generatorCpuPercent: number;
  /** How much of the time the generator could have run, but other programs had its processor. */
  readonly generatorStarvedPercent: number;
  readonly verdict: TrialVerdict;
  /** Why the generator was the limit, one sentence each. */
  readonly problems: readonly string[];
}

export interface RunMeasurement {
  readonly trials: readonly TrialResult[];
  /** Acknowledgements that no correct server gives; see the simulator's safety checker. */
  readonly violations: number;
  readonly decodeErrors: number;
}

/** Cold devices at `ratePerSecond`: Discover, Offer, Request, Ack each. One measured phase. */
export function doraPlan(
  target: TrialTarget,
  settings: TrialSettings,
  ratePerSecond: number,
): RunPlan {
  const warmUpRate = Math.max(1, Math.round(ratePerSecond * settings.warmUpShare));
  return runPlan(target, settings, [
    doraPhase("warm-up", warmUpRate, settings.warmUpMs, settings),
    doraPhase(measuredName, ratePerSecond, settings.measureMs, settings),
  ]);
}

/** Binds `devices` at `bindRate`, then has them renew at each of the rates, lowest first. */
export function renewalPlan(
  target: TrialTarget,
  settings: TrialSettings,
  renewals: {
    readonly devices: number;
    readonly bindRate: number;
    readonly rates: readonly number[];
  },
): RunPlan {
  const bindMs = Math.ceil((renewals.devices * 1000) / renewals.bindRate);
  const rungs = renewals.rates.map(
    (ratePerSecond): PhasePlan => ({
      name: measuredName,
      streams: [{ kind: "rate", exchange: "renew", ratePerSecond }],
      until: { durationMs: settings.measureMs },
      timeLimitMs: settings.measureMs,
      drainMs: drainMsOf(settings),
      reset: false,
    }),
  );
  return runPlan(target, settings, [
    doraPhase("bind", renewals.bindRate, bindMs, settings),
    ...rungs,
  ]);
}

/** Reads the measured phases of a run that `doraPlan` or `renewalPlan` described. */
export function measurementOf(outcome: SimulationOutcome, settings: TrialSettings): RunMeasurement {
  return {
    trials: outcome.phases
      .filter(({ name }) => name === measuredName)
      .map((phase) => trialResultOf(phase, settings)),
    violations: Object.values(outcome.safety.counters).reduce((sum, count) => sum + count, 0),
    decodeErrors: outcome.decodeErrors,
  };
}

/** How many of the recorded latencies are at most `ms`, to the histogram's precision. */
export function countWithin(latency: LatencyHistogram, ms: number): number {
  if (latency.count === 0 || latency.minMs() > ms) return 0;
  if (latency.maxMs() <= ms) return latency.count;
  let inside = 0;
  let outside = latency.count;
  while (outside - inside > 1) {
    const rank = Math.floor((inside + outside) / 2);
    if (latency.percentileMs((100 * rank) / latency.count) <= ms) inside = rank;
    else outside = rank;
  }
  return inside;
}

const measuredName = "measured";

function doraPhase(
  name: string,
  ratePerSecond: number,
  durationMs: number,
  settings: TrialSettings,
): PhasePlan {
  return {
    name,
    streams: [{ kind: "rate", exchange: "discover", ratePerSecond }],
    until: { durationMs },
    timeLimitMs: durationMs,
    drainMs: drainMsOf(settings),
    // A device whose turn comes round again begins anew, however many arrivals there are.
    reset: true,
  };
}

function runPlan(
  target: TrialTarget,
  settings: TrialSettings,
  phases: readonly PhasePlan[],
): RunPlan {
  return {
    population: target.population,
    seed: target.seed,
    workers: 1,
    servers: [target.server],
    ports: target.ports,
    client: {
      // A lost message stays lost: what is counted is the server's work, not the clients' patience.
      retry: {
        delayMsFirst: settings.answerMsMax,
        delayMsMax: settings.answerMsMax,
        jitterMs: 0,
        transmissionsMax: 1,
        persistent: false,
        restartsMax: 0,
      },
      autonomous: false,
    },
    phases,
    network: { lossPercent: 0 },
    health: healthLimits(settings),
  };
}

function drainMsOf({ answerMsMax }: TrialSettings): number {
  return answerMsMax + 100;
}

function healthLimits({ slipMsP99Max, cpuPercentMax }: TrialSettings): HealthLimits {
  return { slipMsP99Max, cpuPercentMax, socketDropsMax: 0 };
}

function trialResultOf(phase: PhaseOutcome, settings: TrialSettings): TrialResult {
  const stream = phase.streams[0]!;
  const health = judgeHealth(healthLimits(settings), [phase], phase.workers);
  const { offered } = stream.counters;
  const answered = countWithin(stream.latency, settings.answerMsMax);
  const unansweredShare = offered === 0 ? 1 : (offered - answered) / offered;
  return {
    ratePerSecond: stream.ratePerSecond ?? 0,
    offered,
    answered,
    unansweredShare,
    latencyMsP50: stream.latency.percentileMs(50),
    latencyMsP99: stream.latency.percentileMs(99),
    slipMsP99: health.slipMsP99,
    generatorCpuPercent: health.cpuPercentMax,
    generatorStarvedPercent: Math.max(
      0,
      ...phase.workers.map(({ starvedPercent }) => starvedPercent ?? 0),
    ),
    verdict: verdictOf(health.invalid, unansweredShare, settings),
    problems: health.problems,
  };
}

function verdictOf(
  isInvalid: boolean,
  unansweredShare: number,
  settings: TrialSettings,
): TrialVerdict {
  if (isInvalid) return "generator-limited";
  return unansweredShare <= settings.unansweredShareMax ? "kept" : "missed";
}
