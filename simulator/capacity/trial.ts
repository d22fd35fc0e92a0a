import type { LatencyHistogram } from "../../base/histogram.ts";
import type { PopulationPlan } from "../../scenarios/population/population.ts";
import type { StreamExchange } from "../device/exchange.ts";
import { judgeHealth, onlyWorsens, problemSentence } from "../measure/generator-health.ts";
import {
  type GeneratorLimits,
  type PhasePlan,
  type PortPlan,
  type RunPlan,
  runDefaults,
} from "../plan/run-plan.ts";
import type { ServerAddress } from "../relay/cmts.ts";
import type { PhaseOutcome, SimulationOutcome } from "../run/outcome.ts";
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
  /** For a closed loop, where nothing is late when other programs take the processor. */
  readonly starvedPercentMax: number;
}

/** The rules that the bench and `prov capacity` begin with. */
export const trialDefaults: TrialSettings = {
  warmUpMs: 800,
  warmUpShare: 0.4,
  measureMs: 2500,
  answerMsMax: 1000,
  unansweredShareMax: 0.025,
  slipMsP99Max: 20,
  cpuPercentMax: 98,
  starvedPercentMax: 10,
};

/**
 * Devices under way at any time in a cold start, the same for all servers: as many as ISC dhcpd's socket has
 * room for. With 128 it loses packets, and then we would measure the wait for a second try.
 */
export const coldOutstanding = 64;

/** The server of a trial, and the devices that ask it. */
export interface TrialTarget {
  readonly population: PopulationPlan;
  readonly server: ServerAddress;
  readonly ports: PortPlan;
  /** Decides transaction ids and the order of the devices. Each trial needs another one. */
  readonly seed: number;
}

/** One stream of a measured phase, in values that cross processes. */
export interface TrialResult {
  readonly exchange: StreamExchange;
  /** The rate asked for; in a closed loop, the rate reached. */
  readonly ratePerSecond: number;
  /** In a closed loop, the most transactions under way. Nothing is ever late there. */
  readonly outstanding?: number;
  readonly offered: number;
  readonly answered: number;
  readonly unansweredShare: number;
  readonly latencyMsP50: number;
  readonly latencyMsP99: number;
  readonly latencyMsP999: number;
  readonly latencyMsMax: number;
  readonly slipMsP99: number;
  readonly generatorCpuPercent: number;
  /** Part of the time in which the generator could have run, but other programs had its processor. */
  readonly generatorStarvedPercent: number;
  readonly verdict: TrialVerdict;
  /**
   * Where the generator was beyond its limits, one sentence each. A rate that was kept in spite of them is
   * kept, but its latencies are too high.
   */
  readonly problems: readonly string[];
}

export interface RunMeasurement {
  /** The streams of the measured phases, in their order. */
  readonly trials: readonly TrialResult[];
  readonly lastPhase: LastPhase;
  /** Violations that the simulator's safety checker found. */
  readonly violations: number;
  readonly decodeErrors: number;
}

interface LastPhase {
  /** Wall clock, ms since the epoch. */
  readonly startedAtMs: number;
  /** While arrivals were handed out. */
  readonly durationMs: number;
  /** Whether every device was bound in the end. */
  readonly isGoalReached: boolean;
  /** Transactions of its first stream, however long they took. */
  readonly completed: number;
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

/** Cold devices at `ratePerSecond` for ten seconds, of which the first and the tenth are measured. */
export function firstSecondPlan(
  target: TrialTarget,
  settings: TrialSettings,
  ratePerSecond: number,
): RunPlan {
  const measured = doraPhase(measuredName, ratePerSecond, 1000, settings);
  const between = doraPhase("between", ratePerSecond, 8000, settings);
  return runPlan(target, settings, [measured, between, measured]);
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
      ...doraPhase(measuredName, ratePerSecond, settings.measureMs, settings),
      streams: [{ kind: "rate", exchange: "renew", ratePerSecond }],
      powerCycle: false,
    }),
  );
  const bind = doraPhase("bind", renewals.bindRate, bindMs, settings);
  return runPlan(target, settings, [bind, ...rungs]);
}

/** Binds `devices`, then has others come on line and these renew, both at once, for `measureMs`. */
export function mixedPlan(target: TrialTarget, settings: TrialSettings, load: MixedLoad): RunPlan {
  const { devices, bindRate, discoverPerSecond, renewPerSecond, measureMs } = load;
  const bindMs = Math.ceil((devices * 1000) / bindRate);
  return runPlan(target, settings, [
    doraPhase("bind", bindRate, bindMs, settings),
    {
      ...doraPhase(measuredName, discoverPerSecond, measureMs, settings),
      streams: [
        { kind: "rate", exchange: "discover", ratePerSecond: discoverPerSecond },
        { kind: "rate", exchange: "renew", ratePerSecond: renewPerSecond },
      ],
    },
  ]);
}

interface MixedLoad {
  readonly devices: number;
  readonly bindRate: number;
  readonly discoverPerSecond: number;
  readonly renewPerSecond: number;
  readonly measureMs: number;
}

/**
 * A closed loop of cold devices, `outstanding` of them under way at any time. Without `measureMs` each
 * device comes once, until all hold a lease or `timeLimitMs` is over. Clients have the patience of real
 * ones: a device that gave up would never be bound.
 */
export function coldPlan(
  target: TrialTarget,
  settings: TrialSettings,
  loop: {
    readonly outstanding: number;
    readonly timeLimitMs: number;
    readonly measureMs?: number;
  },
): RunPlan {
  const { outstanding, measureMs, timeLimitMs } = loop;
  const phase: PhasePlan = {
    name: measuredName,
    streams: [{ kind: "outstanding", exchange: "discover", outstanding }],
    until: measureMs === undefined ? "all-bound" : { durationMs: measureMs },
    timeLimitMs,
    drainMs: drainMsOf(settings),
    powerCycle: measureMs !== undefined,
  };
  const plan = runPlan(target, settings, [phase]);
  return { ...plan, clients: { ...plan.clients, retransmit: runDefaults.clients.retransmit } };
}

/** Reads the measured phases of a run of one of the plans above. */
export function measurementOf(outcome: SimulationOutcome, settings: TrialSettings): RunMeasurement {
  const last = outcome.phases.at(-1);
  return {
    trials: outcome.phases
      .filter(({ name }) => name === measuredName)
      .flatMap((phase) => trialResultsOf(phase, settings)),
    lastPhase: {
      startedAtMs: outcome.startedAtMs + (last?.startedAtMs ?? 0),
      durationMs: last?.durationMs ?? 0,
      isGoalReached: last?.endedBy === "all-bound",
      completed: last?.streams[0]?.counters.completed ?? 0,
    },
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
    // A device whose turn comes round again starts over, so arrivals never run out of devices.
    powerCycle: true,
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
    clients: {
      // A lost message stays lost: we count the server's work, not the clients' patience.
      retransmit: {
        firstDelayMs: settings.answerMsMax,
        maxDelayMs: settings.answerMsMax,
        jitterMs: 0,
        transmissionsMax: 1,
        persistent: false,
        restartsMax: 0,
      },
      ownTimers: false,
    },
    phases,
    network: { lossPercent: 0 },
    generator: healthLimits(settings),
  };
}

function drainMsOf({ answerMsMax }: TrialSettings): number {
  return answerMsMax + 100;
}

function healthLimits(settings: TrialSettings): GeneratorLimits {
  const { slipMsP99Max, cpuPercentMax, starvedPercentMax } = settings;
  return { slipMsP99Max, cpuPercentMax, starvedPercentMax, socketDropsMax: 0 };
}

function trialResultsOf(phase: PhaseOutcome, settings: TrialSettings): readonly TrialResult[] {
  const health = judgeHealth(healthLimits(settings), [phase], phase.workers);
  const starvedPercent = Math.max(0, ...phase.workers.map((worker) => worker.starvedPercent ?? 0));
  const { problems } = health;
  return phase.streams.map((stream) => {
    const { exchange, outstanding, latency } = stream;
    const { offered } = stream.counters;
    const ratePerSecond = stream.ratePerSecond ?? stream.achievedPerSecond;
    const answered = countWithin(latency, settings.answerMsMax);
    const unansweredShare = offered === 0 ? 1 : (offered - answered) / offered;
    const isKept = unansweredShare <= settings.unansweredShareMax;
    // A kept rate stands if its server had it harder; the rate of a closed loop is what the generator made of it.
    const stands = isKept && outstanding === undefined && problems.every(onlyWorsens);
    return {
      ...{ exchange, ratePerSecond, offered, answered, unansweredShare },
      ...(outstanding === undefined ? {} : { outstanding }),
      latencyMsP50: latency.percentileMs(50),
      latencyMsP99: latency.percentileMs(99),
      latencyMsP999: latency.percentileMs(99.9),
      latencyMsMax: latency.maxMs(),
      slipMsP99: health.slipMsP99,
      generatorCpuPercent: health.cpuPercentMax,
      generatorStarvedPercent: starvedPercent,
      verdict: problems.length > 0 && !stands ? "generator-limited" : isKept ? "kept" : "missed",
      problems: problems.map(problemSentence),
    };
  });
}
