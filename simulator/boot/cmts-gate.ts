import { checkStepRetry, type StepRetry } from "./step.ts";

/** How much of one kind of work a CMTS does, and what a modem does when it is not heard. */
export interface GatePolicy {
  /** Modems that each CMTS serves in a second; infinity when the CMTS is never the limit. */
  readonly perSecond: number;
  /** How long the work itself takes for one modem. */
  readonly serviceMs: number;
  /** A modem that would have to queue for longer is not heard at all. */
  readonly waitMsMax: number;
  /** What a modem that was not heard does. */
  readonly retry: StepRetry;
}

export const NOT_HEARD = -1;

/**
 * An appointment book for each CMTS. It serves an avalanche of modems at its own rate and in their order,
 * and its queue has an end.
 */
export class CmtsGate {
  readonly #spacingMs: number;
  readonly #policy: GatePolicy;
  /** By CMTS: when its next free appointment is. */
  readonly #freeAtMs: Float64Array;

  /**
   * `share`: this worker's part of each CMTS's rate, where several workers play its modems. Throws
   * RangeError for a policy that cannot work.
   */
  constructor(name: string, cmtsCount: number, policy: GatePolicy, share = 1) {
    checkStepRetry(`${name} retry`, policy.retry);
    const { perSecond, serviceMs, waitMsMax } = policy;
    if (!(perSecond > 0 && serviceMs >= 0 && serviceMs < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`${name}: ${perSecond} a second in ${serviceMs} ms; give perSecond > 0`);
    }
    if (!(waitMsMax >= 0)) throw new RangeError(`${name}: waitMsMax ${waitMsMax} is negative`);
    if (!(share > 0 && share <= 1)) throw new RangeError(`${name}: a share of ${share}`);
    this.#spacingMs = 1000 / (perSecond * share);
    this.#policy = policy;
    this.#freeAtMs = new Float64Array(cmtsCount);
  }

  /** When the CMTS is done with a modem that asks now, or NOT_HEARD. */
  doneAtMs(cmts: number, nowMs: number): number {
    const startMs = Math.max(nowMs, this.#freeAtMs[cmts]);
    if (startMs - nowMs > this.#policy.waitMsMax) return NOT_HEARD;
    this.#freeAtMs[cmts] = startMs + this.#spacingMs;
    return startMs + this.#policy.serviceMs;
  }
}

/** A worker's part of each CMTS that it plays modems of; `period` is the population's `cmtsPeriod`. */
export function gateShare(period: number, workerCount: number): number {
  return greatestCommonDivisor(period, workerCount) / workerCount;
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}
