import type { NetworkPlan } from "./network-section.ts";
import { constantRate, RateProfile, type RateStage } from "./rate-profile.ts";

/**
 * The exchanges of a DHCP client. A *discover* is Discover-Offer-Request-Ack; a *renew*, *rebind* or
 * *reboot* is Request-Ack (RENEWING, REBINDING, INIT-REBOOT); a *release* is one message.
 */
export const dhcpExchanges = ["discover", "renew", "rebind", "reboot", "release"] as const;
export type DhcpExchange = (typeof dhcpExchanges)[number];

/**
 * What a stream can have devices do. A *boot* is the whole way of a device's kind from power-on to on
 * line; a *download* fetches the file of a device that is on line once more.
 */
export const streamExchanges = [...dhcpExchanges, "boot", "download"] as const;
export type StreamExchange = (typeof streamExchanges)[number];

/** Results and thresholds call a stream by its name, or by its exchange if it has none. */
export interface NamedStream {
  readonly exchange: string;
  readonly name?: string | undefined;
}

/** What streams of every kind have. Times count from the start of the phase. */
export interface StreamPlace extends NamedStream {
  readonly exchange: StreamExchange;
  /** When it begins; undefined: with the phase. */
  readonly startAfterMs?: number | undefined;
  /** How long it hands out arrivals; undefined: until the phase ends. */
  readonly forMs?: number | undefined;
}

/** `even`: as evenly as the rate is; `poisson`: a Poisson process of that rate. Undefined: even. */
export type ArrivalSpacing = "even" | "poisson";

interface SpacedStream extends StreamPlace {
  readonly arrivals?: ArrivalSpacing | undefined;
}

/** Open loop: arrival k is intended at start + k / rate, even if earlier ones are not complete. */
export interface RateStream extends SpacedStream {
  readonly kind: "rate";
  /** Over all workers together. */
  readonly ratePerSecond: number;
}

/** Open loop at a rate that changes: straight lines one after the other. */
export interface ProfileStream extends SpacedStream {
  readonly kind: "profile";
  readonly stages: readonly RateStage[];
  /** The phase ends once more than this share of a stage's arrivals has missed its second. */
  readonly missedPercentMax?: number | undefined;
}

/** `size` arrivals at once, again and again. */
export interface BurstStream extends StreamPlace {
  readonly kind: "burst";
  readonly size: number;
  readonly everyMs: number;
  /** Bursts; Infinity: until the phase ends. */
  readonly count: number;
}

/**
 * Devices that hold a lease leave at a rate, and come back by the stream's exchange after a time that
 * the seed draws uniformly from `offForMs`. What is measured is the coming back.
 */
export interface ChurnStream extends SpacedStream {
  readonly kind: "churn";
  readonly exchange: "discover" | "boot";
  readonly perSecond: number;
  readonly offForMs: { readonly min: number; readonly max: number };
  /** `silently`: the power goes; `release`: a RELEASE is sent before it does. */
  readonly leave: "silently" | "release";
}

/** Power comes back: every device once, each after its own random wait. */
export interface AllWithinStream extends StreamPlace {
  readonly kind: "all-within";
  /** The wait is uniform in 0..allWithinMs (RFC 2131, section 4.4.1: 1 to 10 s). */
  readonly allWithinMs: number;
}

/**
 * Closed loop: as soon as one transaction is over the next one begins. There is no schedule to be late
 * for: latency is service time, and the rate is a result.
 */
export interface OutstandingStream extends StreamPlace {
  readonly kind: "outstanding";
  /** Transactions under way at any time, over all workers; not fewer than there are workers. */
  readonly outstanding: number;
}

export type StreamPlan =
  | RateStream
  | ProfileStream
  | BurstStream
  | ChurnStream
  | AllWithinStream
  | OutstandingStream;

/**
 * Every device holds a lease, or every device is on line. Devices that have given up their boot are not
 * waited for.
 */
export const phaseGoals = ["all-bound", "all-online"] as const;
export type PhaseGoal = (typeof phaseGoals)[number];

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
  readonly powerCycle: boolean;
  /** Whether the coordinator is told every second what has been measured so far. */
  readonly isWatched?: boolean;
  /** Instead of the run's network while the phase runs. */
  readonly network?: NetworkPlan | undefined;
}

export function streamNameOf({ name, exchange }: NamedStream): string {
  return name ?? exchange;
}

/** How long the stream hands out arrivals of its own accord, from its start; Infinity: to the end of the phase. */
export function ownLengthMs(stream: StreamPlan): number {
  const forMs = stream.forMs ?? Number.POSITIVE_INFINITY;
  if (stream.kind === "burst") return Math.min(forMs, stream.count * stream.everyMs);
  if (stream.kind !== "profile") return forMs;
  return Math.min(
    forMs,
    stream.stages.reduce((sum, { durationMs }) => sum + durationMs, 0),
  );
}

/** The goal that ends a phase; undefined for a phase of fixed length. */
export function goalOf(phase: PhasePlan): PhaseGoal | undefined {
  return typeof phase.until === "string" ? phase.until : undefined;
}

/** The longest time for which the phase hands out arrivals. */
export function phaseMsMax(phase: PhasePlan): number {
  return typeof phase.until === "string" ? phase.timeLimitMs : phase.until.durationMs;
}

/** The constant rate of a stream, in transactions a second; undefined when it has none. */
export function rateOf(stream: StreamPlan): number | undefined {
  if (stream.kind === "churn") return stream.perSecond;
  return stream.kind === "rate" ? stream.ratePerSecond : undefined;
}

/** A discover and a boot begin without a lease; every other exchange needs one. */
export function needsLease(exchange: StreamExchange): boolean {
  return exchange !== "discover" && exchange !== "boot";
}

/** Whether a stream takes devices that hold a lease when the phase begins. */
export function takesBound({ kind, exchange }: StreamPlan): boolean {
  return kind === "churn" || needsLease(exchange);
}

/** Whether the stream has each device once, because its phase is over when all have reached the goal. */
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
  return { startMs, endMs: Math.min(phaseEndMs, startMs + ownLengthMs(stream)) };
}
