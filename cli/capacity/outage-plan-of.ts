import { conditionsOf, networkDirections } from "../../scenarios/language/network-conditions.ts";
import type { NetworkDelay, NetworkPlan } from "../../scenarios/language/network-section.ts";
import type { PhasePlan } from "../../scenarios/language/phase-plan.ts";
import type { Scenario } from "../../scenarios/language/scenario.ts";
import { Population } from "../../scenarios/population/population.ts";
import type { BootFile } from "../../scenarios/servers/boot-files.ts";
import { bootFileNames } from "../../scenarios/servers/boot-files.ts";
import type { OutagePlan } from "../../simulator/capacity/outage-prediction.ts";
import { UsageError } from "../options/usage-error.ts";
import { bootPolicyOf } from "../run/plan/boot-plan-of.ts";

/** One cell of the grid: the assumed limits of the servers and the plant. */
export interface OutageLimits {
  readonly tftpSessionsMax: number;
  /** Modems a second on each CMTS; infinity for no limit. */
  readonly rangingPerSecond: number;
}

/** The length of our TFTP server's queue of requests. */
const TFTP_QUEUE_MAX = 8192;
/** A CMTS registers faster than it ranges, so that no ranged modem must start again. */
const REGISTRATION_FACTOR = 1.5;

/** The scenario with the limits of the cell. A given `roundTripMs` replaces its network. */
export function outageScenario(
  scenario: Scenario,
  { rangingPerSecond }: OutageLimits,
  roundTripMs: number | undefined,
): Scenario {
  const { registrationPerSecond } = scenario.boot.cmts;
  const isLimited = rangingPerSecond !== Number.POSITIVE_INFINITY;
  const registration =
    registrationPerSecond === undefined
      ? undefined
      : Math.max(registrationPerSecond, REGISTRATION_FACTOR * rangingPerSecond);
  const cmts = {
    rangingPerSecond: isLimited ? rangingPerSecond : undefined,
    registrationPerSecond: isLimited ? registration : undefined,
  };
  const delay = { fixedMs: (roundTripMs ?? 0) / 2 };
  return {
    ...scenario,
    boot: { ...scenario.boot, cmts },
    network: roundTripMs === undefined ? scenario.network : { ...fairNetwork, delay },
  };
}

const fairNetwork: NetworkPlan = { lossPercent: 0 };

/** The first phase in which power comes back. Throws UsageError when there is none. */
export function outagePhase({ phases }: Pick<Scenario, "phases">): {
  readonly phase: PhasePlan;
  readonly withinMs: number;
} {
  for (const phase of phases) {
    for (const stream of phase.streams) {
      if (stream.exchange === "boot" && stream.kind === "all-within") {
        return { phase, withinMs: stream.allWithinMs };
      }
    }
  }
  throw new UsageError(
    "no phase has power come back: give one a stream { exchange: boot, allWithin: 10 s }, as scenarios/power-restoration.yaml does",
  );
}

/** The mean round-trip time of a datagram, in ms. */
export function roundTripMsOf(network: NetworkPlan): number {
  const delays = networkDirections.map((direction) => conditionsOf(network, direction).delay);
  return delays.reduce((sum, delay) => sum + (delay === undefined ? 0 : meanMs(delay)), 0);
}

function meanMs(delay: NetworkDelay): number {
  if ("fixedMs" in delay) return delay.fixedMs;
  return "minMs" in delay ? (delay.minMs + delay.maxMs) / 2 : delay.meanMs;
}

/** The input of the prediction, from a scenario that `outageScenario` made. */
export function outagePlanOf(
  scenario: Scenario,
  files: readonly BootFile[],
  { tftpSessionsMax }: OutageLimits,
  timeLimitMs: number,
): OutagePlan {
  const population = new Population(scenario.population);
  const { blockBytes, windowBlocks } = scenario.boot.tftp;
  const { ranging, registration, download } = bootPolicyOf(scenario);
  const windowsOf = (name: string): number => {
    const bytes = files.find((file) => file.name === name)!.bytes.length;
    return Math.ceil((Math.floor(bytes / blockBytes) + 1) / windowBlocks);
  };
  return {
    modemsOfCmts: modemsOfCmts(population),
    mtas: population.countOf[1],
    cpes: population.countOf[2],
    smartMeters: population.countOf[3],
    withinMs: outagePhase(scenario).withinMs,
    roundTripMs: roundTripMsOf(scenario.network),
    ranging,
    registration,
    tftp: {
      sessionsMax: tftpSessionsMax,
      queueMax: TFTP_QUEUE_MAX,
      retry: download.retry,
      windowsOf: {
        modem: Math.max(...Object.values(bootFileNames.modem).map(windowsOf)),
        mta: windowsOf(bootFileNames.mta),
        meter: windowsOf(bootFileNames.meter),
      },
    },
    timeLimitMs,
  };
}

function modemsOfCmts(population: Population): readonly number[] {
  const counts = Array.from({ length: population.cmtsCount }, () => 0);
  for (let modem = 0; modem < population.countOf[0]; modem += 1) {
    counts[population.cmtsOf(modem)] += 1;
  }
  return counts.filter((count) => count > 0);
}
