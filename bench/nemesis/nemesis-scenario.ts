import { stringify } from "yaml";
import { FAULTS_MS, type Fault } from "./fault-schedule.ts";

export interface RoundPlan {
  readonly round: number;
  /** Of the devices and their load. */
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly network: "namespaces" | "loopback";
}

/** Between the last fault's end and the moment from which the pair has to be as if nothing had been. */
const REST_MS = 8000;
const CALM_MS = 4000;
/** Of the answer to the last one that still waits for it, on top of the rest. */
const SETTLE_LIMIT = "20 s";

/** The phases, by what they are for. */
export const phaseNames = {
  connect: "connect",
  faults: "faults",
  rest: "rest",
  settle: "settle",
  calm: "calm",
} as const;

const discoverAt = (ratePerSecond: number) => ({ exchange: "discover", ratePerSecond });
const renewAt = (ratePerSecond: number) => ({ exchange: "renew", ratePerSecond });
const mixed = [discoverAt(40), renewAt(40)];
const inMs = (ms: number): string => `${ms} ms`;

/** What an event of this place in the schedule is called: `kill-1`. */
export function eventName({ verb }: Fault, index: number): string {
  const words = verb.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `${words}-${index + 1}`;
}

/**
 * A round as a scenario file that needs nothing else: `prov run FILE` plays it again. Devices come on line, live on while the
 * faults happen, get what they have missed, and are then all served at once.
 */
export function nemesisScenario({ round, seed, faults, network }: RoundPlan): string {
  const { connect, faults: during, rest, settle, calm } = phaseNames;
  return stringify({
    schema: "provlab/scenario@1",
    name: `nemesis-${round}`,
    title: `Round ${round} of the nemesis: ${faults.map(({ verb }) => verb).join(", ")}`,
    seed,
    population: { cableModems: 240, mtas: 60, cmtsCount: 4 },
    pair: { profile: "fast", network },
    // Devices that are soon there again ask more often, and wait for less.
    clients: {
      retransmit: {
        ...{ firstDelay: "1 s", maxDelay: "2 s", jitter: "500 ms", transmissionsMax: 5 },
        persistent: true,
      },
    },
    // A late generator is no worse a witness of what must not happen.
    generator: { slipMsP99Max: 5000, socketDropsMax: 1_000_000, cpuPercentMax: 100 },
    phases: [
      ...[{ name: connect, streams: [discoverAt(200)], until: "all-bound", timeLimit: "60 s" }],
      phase(during, FAULTS_MS),
      phase(rest, REST_MS),
      { name: settle, streams: [discoverAt(40)], until: "all-bound", timeLimit: SETTLE_LIMIT },
      { ...phase(calm, CALM_MS), drain: "3 s" },
    ],
    events: faults.map((fault, index) => ({
      ...{ phase: during, after: inMs(fault.atMs), name: eventName(fault, index) },
      [fault.verb]: fault.value,
      ...(fault.forMs === undefined ? {} : { for: inMs(fault.forMs) }),
    })),
    thresholds: [
      ...[`${calm}.discover.timeouts == 0`, `${calm}.renew.timeouts == 0`],
      "failover.devicesUnserved == 0",
    ],
  });
}

function phase(name: string, durationMs: number) {
  return { name, powerCycle: true, streams: mixed, duration: inMs(durationMs), drain: "0 s" };
}
