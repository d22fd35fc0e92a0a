import { stringify } from "yaml";
import { Prng } from "../../base/prng.ts";

export interface SoakPlan {
  readonly minutes: number;
  readonly seed: number;
  /** Of the guide's load: of its devices, and of their transactions a second. */
  readonly percent: number;
}

export const runNames = ["pair", "services"] as const;
export type RunName = (typeof runNames)[number];

/** The phase that is measured. */
export const SOAK_PHASE = "soak";

/** PERF-1, PERF-3 and PERF-4: what one server is sized for. */
const guide = { cableModems: 62_000, mtas: 13_000, smartMeters: 5000, cmtsCount: 16 };
const DISCOVERS_A_SECOND = 300;
const RENEWS_A_SECOND = 600;

/** The other server has fewer devices: each boots through all services. */
const booting = { cableModems: 15_000, mtas: 3000, smartMeters: 2000, cmtsCount: 8 };
const BOOTS_A_SECOND = 50;
const DOWNLOADS_A_SECOND = 50;
const BOOT_RENEWS_A_SECOND = 200;

const DEVICES_AT_ONCE = 64;
const offFor = { min: "5 s", max: "40 s" };

/** Faults of devices that a server lives with for ever: none of them takes addresses that do not come back. */
const personas = [
  "malformed-options",
  "giant-packets",
  "request-storm",
  "impatient",
  "foreign-address",
  "wrong-relay-port",
].map((kind) => ({ kind, percent: 1 }));

/** A soak is about what grows: a generator that is late now and then sees that just as well. */
const generator = { slipMsP99Max: 5000, socketDropsMax: 1_000_000, cpuPercentMax: 100 };

/** The devices of the other server. */
export function bootingPopulation(plan: SoakPlan): typeof booting & { readonly cpes: number } {
  return { ...share(booting, plan), cpes: 0 };
}

/** A pair at the guide's load, with devices that come and go, restarts and fail-overs all the time. */
export function pairScenario(plan: SoakPlan): string {
  const rate = rateOf(plan);
  return stringify({
    ...headOf(plan, "pair", "Restarts and fail-overs at the guide's load"),
    population: share(guide, plan),
    pair: { profile: "fast" },
    phases: [
      connectPhase("discover", "all-bound"),
      soakPhase(plan, [
        { exchange: "discover", churn: { perSecond: rate(DISCOVERS_A_SECOND), offFor } },
        { exchange: "renew", ratePerSecond: rate(RENEWS_A_SECOND), arrivals: "poisson" },
      ]),
    ],
    events: pairEvents(plan),
  });
}

/** A single server with all of its services: devices boot, download, renew, and leave. */
export function servicesScenario(plan: SoakPlan): string {
  const rate = rateOf(plan);
  return stringify({
    ...headOf(
      plan,
      "services",
      "DHCP, TFTP, Time, NTP and Syslog under floods and malformed packets",
    ),
    population: share(booting, plan),
    phases: [
      connectPhase("boot", "all-online"),
      soakPhase(plan, [
        { exchange: "boot", churn: { perSecond: rate(BOOTS_A_SECOND), offFor } },
        { exchange: "download", ratePerSecond: rate(DOWNLOADS_A_SECOND), arrivals: "poisson" },
        { exchange: "renew", ratePerSecond: rate(BOOT_RENEWS_A_SECOND), arrivals: "poisson" },
      ]),
    ],
  });
}

function headOf({ seed }: SoakPlan, name: string, title: string) {
  return { schema: "provlab/scenario@1", name: `soak-${name}`, title, seed, personas, generator };
}

function connectPhase(exchange: "discover" | "boot", until: "all-bound" | "all-online") {
  const streams = [{ exchange, outstanding: DEVICES_AT_ONCE }];
  return { name: "connect", streams, until, timeLimit: "10 min" };
}

function soakPhase({ minutes }: SoakPlan, streams: readonly object[]) {
  return { name: SOAK_PHASE, streams, duration: `${minutes} min`, drain: "5 s" };
}

const rateOf =
  ({ percent }: SoakPlan) =>
  (perSecond: number): number =>
    (perSecond * percent) / 100;

function share(population: typeof guide, { percent }: SoakPlan): typeof guide {
  const { cmtsCount, ...counts } = population;
  const shares = Object.entries(counts).map(([kind, count]) => [
    kind,
    Math.ceil((count * percent) / 100),
  ]);
  return { ...(Object.fromEntries(shares) as typeof counts), cmtsCount };
}

/** From one fault to the next, at least: the fault, the way back, and the time to be in order again. */
const ACT_SECONDS_MIN = 45;
const ACTS_MAX = 90;
/** A soak that is no longer lets node a be: it would warm up anew. */
const SHORT_ACTS_MAX = 10;
const FAILBACK_AFTER_SECONDS = 25;
/** After the last fault, so that the run ends in order. */
const QUIET_SECONDS = 20;
const STREAM = 0x6163_7473;

interface Act {
  /** Besides the verb itself. */
  readonly forSeconds: number;
  readonly movesService: boolean;
  readonly fault: Readonly<Record<string, string | number>>;
}

const killActive: Act = { forSeconds: 8, movesService: true, fault: { kill: "a" } };

/** Only node b and member 3 end after the first act: the others grow old, as they do at an operator's. */
const acts: readonly Act[] = [
  { forSeconds: 4, movesService: true, fault: { pause: "a" } },
  { forSeconds: 5, movesService: false, fault: { kill: "b" } },
  { forSeconds: 5, movesService: false, fault: { stop: "b" } },
  { forSeconds: 10, movesService: false, fault: { killStore: 3 } },
  { forSeconds: 3, movesService: false, fault: { pauseStore: 2 } },
];

/** The faults and the fail-backs after them, in an order that the seed chooses: each once before one comes again. */
export function pairEvents({ minutes, seed }: SoakPlan): readonly object[] {
  const seconds = minutes * 60 - QUIET_SECONDS;
  const everySeconds = Math.max(ACT_SECONDS_MIN, Math.ceil(seconds / ACTS_MAX));
  const count = Math.floor(seconds / everySeconds);
  const prng = new Prng(seed, STREAM);
  const drawn: Act[] = [];
  while (drawn.length < count) drawn.push(...shuffled(acts, prng));
  return [...(count > SHORT_ACTS_MAX ? [killActive] : []), ...drawn]
    .slice(0, count)
    .flatMap((act, index) => {
      const atSeconds = 10 + index * everySeconds;
      const [verb] = Object.keys(act.fault);
      const number = index + 1;
      const name = `${verb!.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}-${number}`;
      const at = (after: number) => ({ phase: SOAK_PHASE, after: `${after} s` });
      const fault = { ...at(atSeconds), name, ...act.fault, for: `${act.forSeconds} s` };
      if (!act.movesService) return [fault];
      const back = at(atSeconds + FAILBACK_AFTER_SECONDS);
      return [fault, { ...back, name: `failback-${number}`, failback: true }];
    });
}

function shuffled<Value>(values: readonly Value[], prng: Prng): readonly Value[] {
  const left = [...values];
  return values.map(() => left.splice(prng.nextBelow(left.length), 1)[0]);
}

/** The scenario file of each run; the runs go on side by side. */
export const scenarioOf: Readonly<Record<RunName, (plan: SoakPlan) => string>> = {
  pair: pairScenario,
  services: servicesScenario,
};
