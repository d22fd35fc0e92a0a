import type { NetworkPlan } from "../../scenarios/language/network-section.ts";
import type { PhasePlan } from "../../scenarios/language/phase-plan.ts";
import type { Scenario } from "../../scenarios/language/scenario.ts";
import { PersonaRoll, type PersonaShare } from "../../scenarios/population/personas.ts";
import type { Population, PopulationPlan } from "../../scenarios/population/population.ts";
import type { BootPolicy } from "../boot/boot-policy.ts";
import type { CapturePlan } from "../capture/pcap-recorder.ts";
import { type RetryPolicy, rfc2131Retry } from "../device/retry-policy.ts";
import type { ServerAddress } from "../relay/cmts.ts";
import type { Segment } from "./segment.ts";

export {
  goalOf,
  hasEachOnce,
  needsLease,
  type PhaseGoal,
  type PhasePlan,
  phaseGoals,
  phaseMsMax,
  profileOf,
  rateOf,
  type StreamPlan,
  takesBound,
  windowOf,
} from "../../scenarios/language/phase-plan.ts";

/** Tells servers apart that share a server identifier, because an address moves between them. */
export interface SharedIdentifier {
  /** Option 54 of all servers. */
  readonly identifier: number;
  /** The sname of each of the plan's servers (RFC 2131, section 2), in their order. */
  readonly serverNames: readonly string[];
}

/**
 * Everything a run depends on: the same plan gives the same devices and the same schedule. It has the
 * simulator's part of a scenario, in the scenario's words, and the servers under test.
 */
export interface RunPlan {
  readonly population: PopulationPlan;
  readonly seed: number;
  /** Worker threads of this process; the portable socket (`dgram`) always runs on one. */
  readonly workers: number;
  /** Which part of the run this process plays; all of it when left out. */
  readonly segment?: Segment;
  /** Whether every arrival is kept (PhaseDone.history). */
  readonly history?: boolean;
  /** Whether the run keeps who acknowledged when and which devices waited (SimulationOutcome.outages). */
  readonly outages?: boolean;
  /** One or several servers; every relay forwards to each of them. */
  readonly servers: readonly ServerAddress[];
  /** For servers that share option 54; otherwise option 54 identifies the server. */
  readonly sharedIdentifier?: SharedIdentifier | undefined;
  readonly ports: PortPlan;
  /**
   * Whether to hand the kernel many datagrams at a time (UdpSocketOptions.segmentation). Only for servers that
   * receive by plain UDP sockets; no effect on an impaired network.
   */
  readonly segmentation?: boolean;
  readonly clients: ClientsPlan;
  /** Needed by streams that boot or download; without it devices do DHCP and no more. */
  readonly boot?: BootPlan;
  readonly network: NetworkPlan;
  /** The devices with a persona; none when left out. */
  readonly personas?: readonly PersonaShare[];
  /** File of the network namespace of the devices and their relays; our own when left out. */
  readonly networkNamespace?: string;
  /** The packets to record; none when left out. */
  readonly capture?: CapturePlan;
  readonly phases: readonly PhasePlan[];
  readonly generator: GeneratorLimits;
}

export interface PortPlan {
  /** Where the emulated relays listen (on all their addresses): the servers' port, as with dhcpd. */
  readonly relay: number;
  /** Where devices with an address listen: the servers' port + 1, as with dhcpd's `-p`. */
  readonly client: number;
}

/** How devices behave as DHCP clients (RFC 2131, sections 4.1 and 4.4). */
interface ClientsPlan {
  readonly retransmit: RetryPolicy;
  /** True: devices act on their own timers (T1, T2, expiry); false: only when a stream says so. */
  readonly ownTimers: boolean;
}

/** How devices come on line, and their right files. */
export interface BootPlan {
  readonly policy: BootPolicy;
  /** By name. Of other files, only the form and signatures are checked. */
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** The key of the CMTS MIC; undefined: it is not checked. */
  readonly sharedSecret: Uint8Array | undefined;
}

/** Beyond these limits the generator may have been the bottleneck. */
export type GeneratorLimits = Scenario["generator"];

/** Defaults of a plan where the scenario gives no value. */
export const runDefaults = {
  // Persistent: if a device gave up for good, an all-bound phase would never reach its goal.
  clients: { retransmit: { ...rfc2131Retry, persistent: true }, ownTimers: true },
  generator: { slipMsP99Max: 5, socketDropsMax: 0, cpuPercentMax: 95, starvedPercentMax: 10 },
  phase: { timeLimitMs: 600_000, drainMs: 5000, powerCycle: false },
  network: { lossPercent: 0 },
} as const;

/** Which device has which persona; undefined when none has one. */
export function personasOf(
  { personas, seed }: Pick<RunPlan, "personas" | "seed">,
  population: Population,
): PersonaRoll | undefined {
  if (personas === undefined || personas.length === 0) return undefined;
  return new PersonaRoll(personas, population, seed);
}
