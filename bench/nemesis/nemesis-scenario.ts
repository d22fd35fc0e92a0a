import { stringify } from "yaml";
import type { StreamExchange } from "../../scenarios/language/phase-plan.ts";
import { FAULTS_MS, type Fault } from "./fault-schedule.ts";

export interface RoundPlan {
  readonly round: number;
  /** The seed of the devices and their load. */
  readonly seed: number;
  readonly faults: readonly Fault[];
  readonly network: "namespaces" | "loopback";
}

/** From the end of the last fault until the pair has to have recovered completely. */
const REST_MS = 8000;
const CALM_MS = 4000;
/** Time in which every device has to get a lease. */
const SETTLE_LIMIT = "20 s";

/** The phases, by what they are for. */
export const phaseNames = {
  connect: "connect",
  faults: "faults",
  rest: "rest",
  settle: "settle",
  calm: "calm",
} as const;

const stream = (exchange: StreamExchange, ratePerSecond: number) => ({ exchange, ratePerSecond });
const everything = [
  ...[stream("discover", 40), stream("renew", 20), stream("rebind", 20), stream("reboot", 20)],
  stream("release", 5),
];
/**
 * So few that most devices still have the lease of the faults at the end, where it is looked for. No renew: that
 * goes to the server of the lease alone, which may be the node that does not serve now.
 */
const few = [stream("discover", 8), stream("rebind", 8)];
const inMs = (ms: number): string => `${ms} ms`;

/** The name of the event at this place in the schedule: `kill-1`. */
export function eventName({ verb }: Fault, index: number): string {
  const words = verb.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `${words}-${index + 1}`;
}

/**
 * A round as a scenario file that needs nothing else: `prov run FILE` plays it again. Devices come on line
 * and live on while the faults happen; then all get a lease, and every request is served at once.
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
    // A device without an answer is noticed before the last phase is over.
    clients: {
      retransmit: {
        ...{ firstDelay: "500 ms", maxDelay: "1 s", jitter: "200 ms", transmissionsMax: 4 },
        persistent: true,
      },
    },
    // A late generator sees what must not happen just as well.
    generator: { slipMsP99Max: 5000, socketDropsMax: 1_000_000, cpuPercentMax: 100 },
    phases: [
      // Half of the devices: the other half has its first lease while the faults happen.
      { name: connect, streams: [stream("discover", 100)], duration: "1500 ms" },
      { ...phase(during, FAULTS_MS), streams: everything },
      { ...phase(rest, REST_MS), streams: few },
      // Devices with a lease do not ask again.
      {
        ...{ name: settle, streams: [stream("discover", 100)] },
        ...{ until: "all-bound", timeLimit: SETTLE_LIMIT },
      },
      { ...phase(calm, CALM_MS), streams: few, drain: "5 s" },
    ],
    events: faults.map((fault, index) => ({
      ...{ phase: during, after: inMs(fault.atMs), name: eventName(fault, index) },
      [fault.verb]: fault.value,
      ...(fault.forMs === undefined ? {} : { for: inMs(fault.forMs) }),
    })),
    thresholds: few.map(({ exchange }) => `${calm}.${exchange}.timeouts == 0`),
  });
}

function phase(name: string, durationMs: number) {
  return { name, powerCycle: true, duration: inMs(durationMs), drain: "0 s" };
}
