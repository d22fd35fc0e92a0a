import { parseIpv4 } from "../protocol/ipv4.ts";
import type { Mistake } from "./checked-yaml.ts";
import { didYouMean } from "./did-you-mean.ts";
import {
  type AddressBlock,
  type DocsisVersion,
  Population,
  type PopulationPlan,
} from "./population.ts";
import type { PhaseFile, ScenarioFile } from "./scenario-schema.ts";
import { metricProblem, parseThreshold, type Threshold } from "./threshold.ts";

export type ScenarioExchange = "discover" | "renew" | "rebind" | "reboot";

/** A checked scenario: what to load, with what devices, and what must hold. Times in milliseconds. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly seed: number;
  /** Undefined: as many as the machine has cores to spare. */
  readonly workers: number | undefined;
  readonly population: PopulationPlan;
  readonly clients: ScenarioClients;
  readonly server: { readonly leaseSeconds: number };
  readonly generator: {
    readonly slipMsP99Max: number;
    readonly socketDropsMax: number;
    readonly cpuPercentMax: number;
  };
  readonly phases: readonly ScenarioPhase[];
  readonly thresholds: readonly Threshold[];
}

export interface ScenarioClients {
  readonly retransmit: {
    readonly delayMsFirst: number;
    readonly delayMsMax: number;
    /** Each delay is drawn from plus or minus this much. */
    readonly jitterMs: number;
    /** Transmissions of one message, the first included. */
    readonly transmissionsMax: number;
    /** A device that found no answer starts over instead of giving up. */
    readonly persistent: boolean;
  };
  /** Bound devices renew by themselves at T1 and T2. */
  readonly ownTimers: boolean;
}

export interface ScenarioPhase {
  readonly name: string;
  readonly streams: readonly ScenarioStream[];
  readonly until: "all-bound" | { readonly durationMs: number };
  readonly timeLimitMs: number;
  readonly drainMs: number;
  /** Devices of discover streams lose power first, and with it their memory of a lease. */
  readonly powerCycle: boolean;
}

export type ScenarioStream =
  | { readonly kind: "rate"; readonly exchange: ScenarioExchange; readonly ratePerSecond: number }
  | {
      readonly kind: "all-at-once";
      readonly exchange: ScenarioExchange;
      readonly withinMs: number;
    };

type Built =
  | { readonly kind: "ok"; readonly scenario: Scenario }
  | { readonly kind: "failed"; readonly problems: readonly Mistake[] };

/** Turns the file's shape into a scenario; tells every contradiction the shape alone allows. */
export function buildScenario(file: ScenarioFile): Built {
  const problems: Mistake[] = [];
  const report = (path: (string | number)[], message: string, hint?: string): void => {
    problems.push({ path, message, hint });
  };

  const population = populationOf(file, report);
  const phases = file.phases.map((phase, index) => phaseOf(phase, ["phases", index], report));
  const seen = new Set<string>();
  for (const [index, { name }] of phases.entries()) {
    if (seen.has(name)) report(["phases", index, "name"], `"${name}" is taken by an earlier phase`);
    seen.add(name);
  }
  const thresholds = thresholdsOf(file.thresholds, phases, report);
  if (problems.length > 0) return { kind: "failed", problems };

  const { retransmit, ownTimers } = file.clients;
  const scenario: Scenario = {
    name: file.name,
    title: file.title,
    seed: file.seed,
    workers: file.workers,
    population,
    clients: {
      retransmit: {
        delayMsFirst: retransmit.firstDelay,
        delayMsMax: retransmit.maxDelay,
        jitterMs: retransmit.jitter,
        transmissionsMax: retransmit.transmissionsMax,
        persistent: retransmit.persistent,
      },
      ownTimers,
    },
    server: file.server,
    generator: file.generator,
    phases,
    thresholds,
  };
  return { kind: "ok", scenario };
}

type Report = (path: (string | number)[], message: string, hint?: string) => void;

function populationOf(file: ScenarioFile, report: Report): PopulationPlan {
  const { docsisVersions, addressBlock: blockText, ...counts } = file.population;
  const addressBlock = parseBlock(blockText);
  if (addressBlock === undefined) {
    report(
      ["population", "addressBlock"],
      `is "${blockText}": write a network and its prefix length`,
      "127.64.0.0/10 needs no set-up: all of 127/8 is local",
    );
  }
  const plan: PopulationPlan = {
    ...counts,
    ...(addressBlock === undefined ? {} : { addressBlock }),
    ...(docsisVersions === undefined ? {} : { docsisVersions: withoutUndefined(docsisVersions) }),
    seed: file.seed,
  };
  try {
    new Population(plan);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    report(["population"], `cannot be built: ${error.message}`);
  }
  return plan;
}

function withoutUndefined(
  weights: Readonly<Partial<Record<DocsisVersion, number | undefined>>>,
): Partial<Record<DocsisVersion, number>> {
  const entries = Object.entries(weights).filter(([, weight]) => weight !== undefined);
  return Object.fromEntries(entries) as Partial<Record<DocsisVersion, number>>;
}

/** `A.B.C.D/N` without host bits; undefined for anything else. */
export function parseBlock(text: string): AddressBlock | undefined {
  const match = /^([\d.]+)\/(\d{1,2})$/.exec(text);
  const network = match === null ? undefined : parseIpv4(match[1]!);
  const prefixLength = Number(match?.[2]);
  if (network === undefined || prefixLength < 1 || prefixLength > 24) return undefined;
  return network % 2 ** (32 - prefixLength) === 0 ? { network, prefixLength } : undefined;
}

function phaseOf(phase: PhaseFile, path: (string | number)[], report: Report): ScenarioPhase {
  if ((phase.duration === undefined) === (phase.until === undefined)) {
    report(path, "needs exactly one of `duration: 20 s` and `until: all-bound`");
  }
  const streams = phase.streams.map((stream, index): ScenarioStream => {
    const { exchange, ratePerSecond, allWithin } = stream;
    if ((ratePerSecond === undefined) === (allWithin === undefined)) {
      report(
        [...path, "streams", index],
        "needs exactly one of `ratePerSecond: 300` and `allWithin: 10 s`",
      );
    }
    if (ratePerSecond !== undefined) return { kind: "rate", exchange, ratePerSecond };
    return { kind: "all-at-once", exchange, withinMs: allWithin ?? 0 };
  });
  const exchanges = streams.map(({ exchange }) => exchange);
  for (const [index, exchange] of exchanges.entries()) {
    if (exchanges.indexOf(exchange) === index) continue;
    report([...path, "streams", index], `is the phase's second ${exchange} stream: join the two`);
  }
  return {
    name: phase.name,
    streams,
    until: phase.duration === undefined ? "all-bound" : { durationMs: phase.duration },
    timeLimitMs: phase.timeLimit,
    drainMs: phase.drain,
    powerCycle: phase.powerCycle,
  };
}

function thresholdsOf(
  texts: readonly string[],
  phases: readonly ScenarioPhase[],
  report: Report,
): Threshold[] {
  const streams = new Map(
    phases.map((phase) => [phase.name, phase.streams.map(({ exchange }) => exchange)]),
  );
  return texts.flatMap((text, index) => {
    const path = ["thresholds", index];
    const threshold = parseThreshold(text);
    if (threshold === undefined) {
      report(
        path,
        `is "${text}": write METRIC OPERATOR NUMBER`,
        "connect.discover.latencyMs.p99 < 10",
      );
      return [];
    }
    const problem = metricProblem(threshold.metric, streams);
    if (problem !== undefined) {
      const guess = didYouMean(threshold.metric[0]!, [...streams.keys(), "timeToBoundMs"]);
      const isGuess = guess !== undefined && guess !== threshold.metric[0];
      report(path, `is "${text}": ${problem}`, isGuess ? `did you mean ${guess}?` : undefined);
    }
    return [threshold];
  });
}
