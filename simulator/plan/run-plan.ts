import type { NetworkPlan } from "../../scenarios/language/network-conditions.ts";
import { constantRate, RateProfile } from "../../scenarios/language/rate-profile.ts";
import type {
  BurstStream,
  ChurnStream,
  OutstandingStream,
  ProfileStream,
  RateStream,
  StreamPlace,
} from "../../scenarios/language/scenario-streams.ts";
import { PersonaRoll, type PersonaShare } from "../../scenarios/population/personas.ts";
import type { Population, PopulationPlan } from "../../scenarios/population/population.ts";
import type { BootPolicy } from "../boot/boot-policy.ts";
import type { CapturePlan } from "../capture/pcap-recorder.ts";
import type { StreamExchange } from "../device/exchange.ts";
import type { RetryPolicy } from "../device/retry-policy.ts";
import { rfc2131Retry } from "../device/retry-policy.ts";
import type { ServerAddress } from "../relay/cmts.ts";
import type { SharedIdentifier } from "./answerers.ts";
import type { Segment } from "./segment.ts";

/** Everything a run depends on: the same plan gives the same devices and the same schedule. */
export interface RunPlan {
  readonly population: PopulationPlan;
  readonly seed: number;
  /** Worker threads of this process; the portable socket (`dgram`) always runs on one. */
  readonly workers: number;
  /** Which part of the run this process plays; all of it when left out. */
  readonly segment?: Segment;
  /** Whether every arrival is kept (PhaseDone.history). */
  readonly history?: boolean;
  /** Whether it is kept who acknowledged when, and which devices waited (SimulationOutcome.outages). */
  readonly outages?: boolean;
  /** One or several servers; every relay forwards to each of them. */
  readonly servers: readonly ServerAddress[];
  /** Of servers that all have the same option 54; left out: by option 54 it is known who answered. */
  readonly sharedIdentifier?: SharedIdentifier | undefined;
  readonly ports: PortPlan;
  /**
   * Hand the kernel datagrams many at a time (UdpSocketOptions.segmentation): for servers known to receive
   * by plain UDP sockets. Without effect on an impaired network.
   */
  readonly segmentation?: boolean;
  readonly client: ClientPlan;
  /** Needed by streams that boot or download; without it devices do DHCP and no more. */
  readonly boot?: BootPlan;
  readonly network: NetworkPlan;
  /** Who has something wrong with it; nobody when left out. */
  readonly personas?: readonly PersonaShare[];
  /** The file of the network namespace that the devices and their relays are in; our own when left out. */
  readonly networkNamespace?: string;
  /** What is recorded of the run's packets; nothing when left out. */
  readonly capture?: CapturePlan;
  readonly phases: readonly PhasePlan[];
  readonly health: HealthLimits;
}

export interface PortPlan {
  /** Where the emulated relays listen (on all their addresses): the servers' port, as with dhcpd. */
  readonly relay: number;
  /** Where devices with an address listen: the servers' port + 1, as with dhcpd's `-p`. */
  readonly client: number;
}

/** How a device behaves as a client (RFC 2131, sections 4.1 and 4.4). */
export interface ClientPlan {
  readonly retry: RetryPolicy;
  /** True: devices act on their own timers (T1, T2, expiry); false: only when a stream says so. */
  readonly autonomous: boolean;
}

/** How devices get on line, and what their files must be. */
export interface BootPlan {
  readonly policy: BootPolicy;
  /** By name; a file that is none of these is checked as far as it can be without knowing it. */
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** Of the CMTS MIC; undefined: that signature cannot be checked. */
  readonly sharedSecret: Uint8Array | undefined;
}

/**
 * Phases run one after the other. A phase hands out its arrivals until it ends, then waits up to
 * `drainMs` for the transactions that are still on their way.
 */
export interface PhasePlan {
  readonly name: string;
  /** Run at the same time, on disjoint shares of the devices. */
  readonly streams: readonly StreamPlan[];
  readonly until: PhaseGoal | { readonly durationMs: number };
  /** Ends a phase with a goal at the latest; no meaning otherwise. */
  readonly timeLimitMs: number;
  readonly drainMs: number;
  /**
   * A power cut before the phase: the devices that its `discover` and `boot` streams need forget
   * their leases without a word to the server, and a device whose turn comes round again does so
   * again. Without it those streams have only the devices that hold no lease.
   */
  readonly reset: boolean;
  /** Whether the coordinator is told every second what has been measured so far. */
  readonly isWatched?: boolean;
  /** Instead of the run's network while the phase runs. */
  readonly network?: NetworkPlan;
}

/**
 * Every device holds a lease, or every device is on line. Devices that have given up their boot are not
 * waited for.
 */
export type PhaseGoal = "all-bound" | "all-online";

export type StreamPlan =
  | RateStream
  | ProfileStream
  | BurstStream
  | ChurnStream
  | AllAtOnceStreamPlan
  | OutstandingStreamPlan;

/**
 * Closed loop: as soon as one transaction is over the next one begins, so that `outstanding` of them are
 * under way. There is no schedule to be late for: latency is service time, and the rate is a result.
 * There are not fewer of them than there are workers.
 */
export type OutstandingStreamPlan = OutstandingStream;

/** Power comes back: every device once, each after its own random wait. */
export interface AllAtOnceStreamPlan extends StreamPlace {
  readonly kind: "all-at-once";
  /** The wait is uniform in 0..desyncMsMax (RFC 2131, section 4.4.1: 1 to 10 s). */
  readonly desyncMsMax: number;
}

/** Beyond these the generator was the limit, and the run says nothing about the server. */
export interface HealthLimits {
  /** 99th percentile of actual minus intended send time, of every stream that has a rate. */
  readonly slipMsP99Max: number;
  /** Datagrams lost in the generator's own receive buffers. */
  readonly socketDropsMax: number;
  /** Of one core, by one worker, over a whole phase. */
  readonly cpuPercentMax: number;
}

/** What a plan has unless the scenario says otherwise; times and limits of a normal run. */
export const runDefaults = {
  // Persistent, because a device that gave up for good would keep an all-bound phase from its end.
  client: { retry: { ...rfc2131Retry, persistent: true }, autonomous: true },
  health: { slipMsP99Max: 5, socketDropsMax: 0, cpuPercentMax: 95 },
  phase: { timeLimitMs: 600_000, drainMs: 5000, reset: false },
  network: { lossPercent: 0 },
} as const;

/** The goal that ends a phase; undefined for one that lasts for a time. */
export function goalOf(phase: PhasePlan): PhaseGoal | undefined {
  return typeof phase.until === "string" ? phase.until : undefined;
}

/** How long the phase hands out arrivals at most. */
export function phaseMsMax(phase: PhasePlan): number {
  return typeof phase.until === "string" ? phase.timeLimitMs : phase.until.durationMs;
}

/** Transactions a second that a stream asks for all the time; undefined when it has no such rate. */
export function rateOf(stream: StreamPlan): number | undefined {
  return stream.kind === "rate" || stream.kind === "churn" ? stream.ratePerSecond : undefined;
}

/** A discover and a boot begin without a lease; everything else is done with one. */
export function needsLease(exchange: StreamExchange): boolean {
  return exchange !== "discover" && exchange !== "boot";
}

/** Whether a stream has devices that hold a lease when the phase begins. */
export function takesBound({ kind, exchange }: StreamPlan): boolean {
  return kind === "churn" || needsLease(exchange);
}

/** Whether the stream has each device once: a phase with a goal is over when everybody is there. */
export function hasEachOnce(phase: PhasePlan, stream: StreamPlan): boolean {
  return goalOf(phase) !== undefined && !takesBound(stream);
}

/** The rate of a stream over time, counted from the start of the stream; undefined when it has none. */
export function profileOf(stream: StreamPlan): RateProfile | undefined {
  if (stream.kind === "profile") return new RateProfile(stream.stages);
  const ratePerSecond = rateOf(stream);
  return ratePerSecond === undefined ? undefined : constantRate(ratePerSecond);
}

/**
 * When a stream hands out arrivals, in ms since the start of its phase: from `startMs` until before
 * `endMs`, should the phase go on that long.
 */
export function windowOf(
  phase: PhasePlan,
  stream: StreamPlan,
): { readonly startMs: number; readonly endMs: number } {
  const phaseEndMs = phaseMsMax(phase);
  const startMs = Math.min(stream.startAfterMs ?? 0, phaseEndMs);
  const lengthMs = Math.min(stream.forMs ?? Number.POSITIVE_INFINITY, lengthOf(stream));
  return { startMs, endMs: Math.min(phaseEndMs, startMs + lengthMs) };
}

function lengthOf(stream: StreamPlan): number {
  if (stream.kind === "profile") return new RateProfile(stream.stages).durationMs;
  return stream.kind === "burst" ? stream.everyMs * stream.burstsMax : Number.POSITIVE_INFINITY;
}

/** Which device has which persona; undefined when nobody has one. */
export function personasOf(
  { personas, seed }: Pick<RunPlan, "personas" | "seed">,
  population: Population,
): PersonaRoll | undefined {
  if (personas === undefined || personas.length === 0) return undefined;
  return new PersonaRoll(personas, population, seed);
}
