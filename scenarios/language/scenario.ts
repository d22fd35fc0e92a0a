import { parseIpv4 } from "../../protocol/ipv4.ts";
import type { CapturedPersona } from "../population/captured-persona.ts";
import type { PersonaShare } from "../population/personas.ts";
import {
  type AddressBlock,
  type DocsisVersion,
  Population,
  type PopulationPlan,
} from "../population/population.ts";
import type { Mistake } from "../yaml/checked-yaml.ts";
import { eventsOf } from "./events-section.ts";
import { leaseWishOf } from "./lease-wish-section.ts";
import type { NetworkPlan } from "./network-conditions.ts";
import { networkOf } from "./network-section.ts";
import type { PairEvent } from "./pair-event.ts";
import { type PairPlan, pairOf } from "./pair-section.ts";
import { personasOf } from "./personas-section.ts";
import { bootOf } from "./scenario-boot.ts";
import { phasesOf } from "./scenario-phases.ts";
import type { ScenarioFile } from "./scenario-schema.ts";
import type { ScenarioStream } from "./scenario-streams.ts";
import type { Threshold } from "./threshold.ts";
import { thresholdsOf } from "./thresholds-section.ts";
import { topologyOf } from "./topology-section.ts";

export type { ScenarioExchange, ScenarioStream } from "./scenario-streams.ts";

/** A checked scenario: what to load, with what devices, and what must hold. Times in milliseconds. */
export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly seed: number;
  /** Undefined: as many as the machine has cores to spare. */
  readonly workers: number | undefined;
  readonly population: PopulationPlan;
  readonly clients: ScenarioClients;
  readonly server: {
    readonly leaseSeconds: number;
    /** Whether the server knows every device beforehand, by a host and a subclass. */
    readonly registered: boolean;
  };
  readonly boot: ScenarioBoot;
  readonly network: NetworkPlan;
  /** Devices that have something wrong with them; most scenarios have none. */
  readonly personas: readonly PersonaShare[];
  /** Two servers instead of one; undefined in most scenarios. */
  readonly pair: PairPlan | undefined;
  /** What is done to the pair, and when. */
  readonly events: readonly PairEvent[];
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

/** How devices come on line once they hold a lease. */
export interface ScenarioBoot {
  readonly tftp: {
    /** RFC 2348. */
    readonly blockBytes: number;
    /** RFC 7440; 1 is the lock step of RFC 1350. */
    readonly windowBlocks: number;
    /** RFC 2349: what the server is asked to wait before it repeats. Undefined: it is not asked. */
    readonly timeoutSeconds: number | undefined;
    /** How long the device waits for an answer, twice as long each time up to the most. */
    readonly firstRetryMs: number;
    readonly maxRetryMs: number;
    /** Transmissions of one packet to one server, the first included. */
    readonly triesMax: number;
    /** How often the list of servers is gone through in one boot. */
    readonly roundsMax: number;
  };
  /** Modems a second and CMTS; undefined: the CMTS is never the limit. */
  readonly cmts: {
    readonly rangingPerSecond: number | undefined;
    readonly registrationPerSecond: number | undefined;
  };
  /** After a boot that failed; a device gives up after `bootsMax` of them. */
  readonly reboot: {
    readonly firstDelayMs: number;
    readonly maxDelayMs: number;
    readonly bootsMax: number;
  };
  readonly files: { readonly meterImageBytes: number };
}

export interface ScenarioPhase {
  readonly name: string;
  readonly streams: readonly ScenarioStream[];
  /** `all-bound`: every device holds a lease; `all-online`: every device's boot is complete. */
  readonly until: "all-bound" | "all-online" | { readonly durationMs: number };
  readonly timeLimitMs: number;
  readonly drainMs: number;
  /** Devices of discover and boot streams lose power first, and with it their memory of a lease. */
  readonly powerCycle: boolean;
  /** Instead of the scenario's network while the phase runs. */
  readonly network?: NetworkPlan;
}

type Built =
  | { readonly kind: "ok"; readonly scenario: Scenario }
  | { readonly kind: "failed"; readonly problems: readonly Mistake[] };

/**
 * Turns the file's shape into a scenario; tells every contradiction the shape alone allows. `captured` has
 * the persona files that it names, by name.
 */
export function buildScenario(
  file: ScenarioFile,
  captured: ReadonlyMap<string, CapturedPersona>,
): Built {
  const problems: Mistake[] = [];
  const report: Report = (path, message, hint) => {
    problems.push({ path, message, hint });
  };

  const population = populationOf(file, report);
  const boot = bootOf(file.boot, report);
  const personas = personasOf(file.personas, captured, population, report);
  const phases = phasesOf(file.phases, report);
  const pair = pairOf(file.pair, scenarioBoots({ phases }), report);
  const events = eventsOf(file.events, pair, phases, report);
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
    boot,
    network: networkOf(file.network),
    personas,
    pair,
    events,
    generator: file.generator,
    phases,
    thresholds,
  };
  return { kind: "ok", scenario };
}

/** Tells something wrong with the value at a path. */
export type Report = (path: readonly (string | number)[], message: string, hint?: string) => void;

/** Whether devices go beyond DHCP: the run then needs the services of the boot chain and its files. */
export function scenarioBoots({ phases }: Pick<Scenario, "phases">): boolean {
  return phases.some(({ streams }) =>
    streams.some(({ exchange }) => exchange === "boot" || exchange === "download"),
  );
}

function populationOf(file: ScenarioFile, report: Report): PopulationPlan {
  const {
    docsisVersions,
    addressBlock: blockText,
    cmts,
    macPlan,
    leaseSeconds,
    ...counts
  } = file.population;
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
    ...topologyOf(cmts, macPlan, report),
    ...leaseWishOf(leaseSeconds, report),
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
