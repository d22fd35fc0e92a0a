import type { CmtsThrottlePlan } from "../../scenarios/language/network-section.ts";
import type { Population } from "../../scenarios/population/population.ts";

type CmtsOfAddress = Pick<Population, "cmtsCount" | "cmtsOfAddress">;

/**
 * The CMTSs of a plant in one direction. Each has a queue, which forwards packets at a constant rate and drops
 * those it has no room for. A queue is stored as the time at which it will be empty.
 */
export class CmtsThrottle {
  readonly #plant: CmtsOfAddress;
  readonly #spacingMs: number;
  readonly #waitMsMax: number;
  readonly #emptyAtMs: Float64Array;

  /** `share`: this worker's part of each CMTS's rate and queue, as in `CmtsGate`. */
  constructor(plan: CmtsThrottlePlan, plant: CmtsOfAddress, share = 1) {
    const { packetsPerSecond, queuePackets } = plan;
    if (!(packetsPerSecond > 0 && queuePackets >= 1 && share > 0 && share <= 1)) {
      throw new RangeError(
        `a CMTS with ${packetsPerSecond} packets a second and a queue of ${queuePackets} forwards nothing`,
      );
    }
    this.#plant = plant;
    this.#spacingMs = 1000 / (packetsPerSecond * share);
    this.#waitMsMax = (queuePackets - 1) * (1000 / packetsPerSecond);
    this.#emptyAtMs = new Float64Array(plant.cmtsCount);
  }

  /**
   * When the CMTS of this address forwards a packet that comes at `atMs`: at once while its queue is empty,
   * never (infinity) while it is full. Addresses without a CMTS are not delayed.
   */
  forwardedAtMs(address: number, atMs: number): number {
    const cmts = this.#plant.cmtsOfAddress(address);
    if (cmts < 0) return atMs;
    const startMs = Math.max(atMs, this.#emptyAtMs[cmts]);
    if (startMs - atMs > this.#waitMsMax) return Number.POSITIVE_INFINITY;
    this.#emptyAtMs[cmts] = startMs + this.#spacingMs;
    return startMs;
  }
}
