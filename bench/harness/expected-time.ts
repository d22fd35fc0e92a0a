import type { Contender } from "../contenders/contender.ts";
import type { DhcpContender } from "../contenders/dhcp-contender.ts";
import type { BenchPlan, SearchSteps } from "./bench-plan.ts";
import type { Suite } from "./suite.ts";
import { roundsOf } from "./suite-run.ts";

// What the plan does not say. Only the forecast depends on these.
/** To write a configuration, start a server, and end it again. */
export const START_MS = 3000;
/** To start the simulator's worker before a trial, and to wait for late answers after it. */
const TRIAL_EXTRA_MS = 600;
/** To write a lease into a file and to read it. */
const LEASE_MS = 0.012;

export function trialMs({ trial }: BenchPlan): number {
  return trial.warmUpMs + trial.measureMs + TRIAL_EXTRA_MS;
}

/** A search of a rate, with the trial before it that does not count. */
export function searchMs(plan: BenchPlan, steps: SearchSteps = plan.laterSearch): number {
  return (steps.trialsMax + 1) * trialMs(plan);
}

/** Devices that are bound one after the other, by the guess that searches begin with. */
export function bindMs(devices: number, { firstRate }: DhcpContender): number {
  return (1000 * devices) / firstRate;
}

/** The guide's devices, before its load. */
export function guideBindMs({ guide }: BenchPlan): number {
  return (1000 * guide.devices) / guide.bindRate;
}

/** A server that starts with so many leases in its file. */
export function startWithLeasesMs(leases: number): number {
  return START_MS + LEASE_MS * leases;
}

/** A forecast of the minutes that a suite takes. */
export function expectedMinutes<Member extends Contender>(
  plan: BenchPlan,
  suite: Pick<Suite<Member>, "turnMs" | "takesOneRound">,
  contenders: readonly Member[],
): number {
  const wholeMs = contenders.reduce(
    (sum, contender) => sum + roundsOf(plan, suite, contender) * suite.turnMs(plan, contender),
    0,
  );
  return Math.min(wholeMs, plan.suiteMsMax) / 60_000;
}
