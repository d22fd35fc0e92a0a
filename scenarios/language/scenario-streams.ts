import type { RateStage } from "./rate-profile.ts";

/**
 * `boot` is the whole chain of a device's kind, from power-on to on line; `download` is a device that
 * is on line and fetches its file once more.
 */
export type ScenarioExchange =
  | "discover"
  | "renew"
  | "rebind"
  | "reboot"
  | "release"
  | "boot"
  | "download";

/** What streams of every kind have. Times count from the start of the phase. */
export interface StreamPlace {
  readonly exchange: ScenarioExchange;
  /** Undefined: it is called by its exchange. */
  readonly name?: string;
  /** When it begins; undefined: with the phase. */
  readonly startAfterMs?: number;
  /** How long it hands out arrivals; undefined: until the phase ends. */
  readonly forMs?: number;
}

/** `even`: as evenly as the rate is; `poisson`: a Poisson process of that rate. Undefined: even. */
export type ArrivalSpacing = "even" | "poisson";

/** Open loop: arrival k is intended at start + k / rate, whatever became of the ones before. */
export interface RateStream extends StreamPlace {
  readonly kind: "rate";
  /** Over all workers together. */
  readonly ratePerSecond: number;
  readonly arrivals?: ArrivalSpacing;
}

/** Open loop at a rate that changes: straight lines one after the other. */
export interface ProfileStream extends StreamPlace {
  readonly kind: "profile";
  readonly stages: readonly RateStage[];
  readonly arrivals?: ArrivalSpacing;
  /** The phase ends once more than this share of a stage's arrivals has missed its second. */
  readonly missedPercentMax?: number;
}

/** `size` arrivals at once, again and again. */
export interface BurstStream extends StreamPlace {
  readonly kind: "burst";
  readonly size: number;
  readonly everyMs: number;
  /** Infinity: until the phase ends. */
  readonly burstsMax: number;
}

/**
 * Devices that hold a lease leave at a rate, and come back after a time that the seed draws uniformly
 * from offMsMin..offMsMax, by the stream's exchange. What is measured is the coming back.
 */
export interface ChurnStream extends StreamPlace {
  readonly kind: "churn";
  readonly exchange: "discover" | "boot";
  readonly ratePerSecond: number;
  readonly arrivals?: ArrivalSpacing;
  readonly offMsMin: number;
  readonly offMsMax: number;
  /** `silently`: the power goes; `release`: a RELEASE is sent before it does. */
  readonly leave: "silently" | "release";
}

/** Power comes back: every device once, each after its own random wait. */
export interface AllAtOnceStream extends StreamPlace {
  readonly kind: "all-at-once";
  readonly withinMs: number;
}

/** Closed loop. */
export interface OutstandingStream extends StreamPlace {
  readonly kind: "outstanding";
  /** Transactions under way at any time, over all workers. */
  readonly outstanding: number;
}

export type ScenarioStream =
  | RateStream
  | ProfileStream
  | BurstStream
  | ChurnStream
  | AllAtOnceStream
  | OutstandingStream;

/** What a stream is called in results and thresholds. */
export function streamNameOf({ name, exchange }: Pick<StreamPlace, "name" | "exchange">): string {
  return name ?? exchange;
}

/** How long the stream lasts by itself, from the start of the phase; undefined: as long as the phase. */
export function ownEndMs(stream: ScenarioStream): number | undefined {
  const startMs = stream.startAfterMs ?? 0;
  const lengthMs = Math.min(stream.forMs ?? Number.POSITIVE_INFINITY, ownLengthMs(stream));
  return lengthMs === Number.POSITIVE_INFINITY ? undefined : startMs + lengthMs;
}

function ownLengthMs(stream: ScenarioStream): number {
  switch (stream.kind) {
    case "profile":
      return stream.stages.reduce((sum, { durationMs }) => sum + durationMs, 0);
    case "burst":
      return stream.burstsMax * stream.everyMs;
    case "rate":
    case "churn":
    case "all-at-once":
    case "outstanding":
      return Number.POSITIVE_INFINITY;
  }
}
