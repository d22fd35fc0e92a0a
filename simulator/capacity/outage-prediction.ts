import type { GatePolicy } from "../boot/cmts-gate.ts";
import type { StepRetry } from "../boot/step.ts";
import { FluidGate } from "./fluid-gate.ts";

/** A power cut as the prediction sees it. All devices of a kind are alike. */
export interface OutagePlan {
  /** Modems by CMTS; meters need none. */
  readonly modemsOfCmts: readonly number[];
  readonly mtas: number;
  readonly cpes: number;
  readonly smartMeters: number;
  /** Power comes back to all devices within this time, evenly spread. */
  readonly withinMs: number;
  /** One round trip. */
  readonly roundTripMs: number;
  readonly ranging: OutageGate;
  readonly registration: OutageGate;
  readonly tftp: {
    /** Transfers at once. */
    readonly sessionsMax: number;
    readonly queueMax: number;
    readonly retry: StepRetry;
    /** Packets of a window that each kind's file takes: a round trip each. */
    readonly windowsOf: Readonly<Record<"modem" | "mta" | "meter", number>>;
  };
  /** The prediction ends here. */
  readonly timeLimitMs: number;
}

/** What a CMTS does in a second, and what its modems do when it does not hear them. */
type OutageGate = Pick<GatePolicy, "perSecond" | "waitMsMax" | "retry">;

/** When a share of all devices was on line, in ms since the power came back; undefined: not in time. */
export interface OutagePrediction {
  readonly onlineMs: Readonly<Record<OutageShare, number | undefined>>;
}

export const outageShares = [50, 90, 99] as const;
type OutageShare = (typeof outageShares)[number];

/** DHCP is four messages, Time and NTP are two. */
const roundTrips = { modem: 3, mta: 2, cpe: 2, meter: 3 } as const;
const kinds = ["modem", "mta", "cpe", "meter"] as const;
const MODEM = 0;
const MTA = 1;
const CPE = 2;
const METER = 3;

const STEP_MS_MIN = 50;
const STEPS_MAX = 40_000;

/**
 * How an avalanche of devices comes on line. Devices are an amount that flows, in steps of at least 50 ms,
 * through the ranging of their CMTS, a fixed time for DHCP and Time or NTP, the TFTP server's queue and
 * transfers, and the registration. MTAs and CPEs start when their modem is on line. The prediction assumes
 * that servers keep up except in the number of transfers, that all datagrams arrive and that no device
 * gives up. It leaves out that a registration slower than the ranging sends modems back to the start.
 */
export function predictOutage(plan: OutagePlan): OutagePrediction {
  const stepMs = Math.max(STEP_MS_MIN, plan.timeLimitMs / STEPS_MAX);
  const steps = Math.ceil(plan.timeLimitMs / stepMs);
  const modems = plan.modemsOfCmts.reduce((sum, count) => sum + count, 0);
  const devices = modems + plan.mtas + plan.cpes + plan.smartMeters;
  const ranged = rangedPerStep(plan, stepMs, steps);
  const powerSteps = Math.max(1, Math.round(plan.withinMs / stepMs));
  const delaySteps = (ms: number): number => Math.round(ms / stepMs);

  const { sessionsMax, queueMax, retry, windowsOf } = plan.tftp;
  // The answer to the request takes a round trip too. A transfer keeps its session for all of them.
  const transferMs = (windows: number): number => (1 + windows) * plan.roundTripMs;
  const transfers = [
    ...[transferMs(windowsOf.modem), transferMs(windowsOf.mta), 0, transferMs(windowsOf.meter)],
  ];
  const tftp = new FluidGate({
    ...{ workPerStep: sessionsMax * stepMs, workOf: transfers, queueMax, retry, stepMs, steps },
  });
  const registration = gateOf(plan.registration, plan.modemsOfCmts.length, stepMs, steps);
  const beforeTftp = kinds.map((kind) => delaySteps(roundTrips[kind] * plan.roundTripMs));
  const inTftp = transfers.map(delaySteps);

  // By kind and step: the devices that come to TFTP, and those that have their file.
  const toTftp = kinds.map(() => new Float64Array(steps + 1));
  const fetched = kinds.map(() => new Float64Array(steps + 1));
  const later = (column: Float64Array, at: number, amount: number): void => {
    column[Math.min(steps, at)] += amount;
  };
  for (let now = 0; now < steps; now += 1) {
    later(toTftp[MODEM], now + beforeTftp[MODEM], ranged[now]);
    if (now < powerSteps) {
      later(toTftp[METER], now + beforeTftp[METER], plan.smartMeters / powerSteps);
    }
  }

  const started = kinds.map(() => 0);
  const registered = [0];
  const reached: Partial<Record<OutageShare, number>> = {};
  let online = 0;
  for (let now = 0; now < steps; now += 1) {
    const arrivals = toTftp.map((column) => column[now]);
    tftp.step(now, arrivals, started);
    started.forEach((amount, kind) => {
      later(fetched[kind], now + inTftp[kind], amount);
    });
    registration.step(now, [fetched[MODEM][now]], registered);
    const [modemsOnline] = registered as [number];
    if (modems > 0) {
      later(toTftp[MTA], now + 1 + beforeTftp[MTA], (modemsOnline * plan.mtas) / modems);
      later(toTftp[CPE], now + 1 + beforeTftp[CPE], (modemsOnline * plan.cpes) / modems);
    }
    online += modemsOnline + fetched[MTA][now] + fetched[CPE][now] + fetched[METER][now];
    for (const share of outageShares) {
      if (reached[share] === undefined && online >= (share / 100) * devices) {
        reached[share] = (now + 1) * stepMs;
      }
    }
    if (reached[99] !== undefined) break;
  }
  return { onlineMs: { 50: reached[50], 90: reached[90], 99: reached[99] } };
}

function rangedPerStep(plan: OutagePlan, stepMs: number, steps: number): Float64Array {
  const ranged = new Float64Array(steps);
  const powerSteps = Math.max(1, Math.round(plan.withinMs / stepMs));
  const byCount = new Map<number, number>();
  for (const count of plan.modemsOfCmts) byCount.set(count, (byCount.get(count) ?? 0) + 1);
  const done = [0];
  // CMTSs with the same number of modems behave the same.
  for (const [modems, cmtsCount] of byCount) {
    const gate = gateOf(plan.ranging, 1, stepMs, steps);
    for (let now = 0; now < steps; now += 1) {
      gate.step(now, [now < powerSteps ? modems / powerSteps : 0], done);
      ranged[now] += done[0] * cmtsCount;
    }
  }
  return ranged;
}

function gateOf(
  { perSecond, waitMsMax, retry }: OutageGate,
  cmtsCount: number,
  stepMs: number,
  steps: number,
): FluidGate {
  const rate = perSecond * cmtsCount;
  return new FluidGate({
    workPerStep: (rate * stepMs) / 1000,
    workOf: [rate === Number.POSITIVE_INFINITY ? 0 : 1],
    queueMax: (rate * waitMsMax) / 1000,
    ...{ retry, stepMs, steps },
  });
}
