import { hash32, Prng } from "../../base/prng.ts";
import type { DirectionConditions } from "../../scenarios/language/network-conditions.ts";
import type { NetworkDelay } from "../../scenarios/language/network-section.ts";
import type { CmtsThrottle } from "./cmts-throttle.ts";
import { newDirectionCounters } from "./network-counters.ts";

/** Number of paths; each keeps the order of its datagrams. */
const PATHS = 4096;
const PATH_STREAM = 0x7061_7468;
/** Each effect has its own random numbers, so a delay does not change which datagrams are lost. */
const Stream = { duplicate: 1, reorder: 2, delay: 3 } as const;
/** Draws stay within this many standard deviations, so that every wait has an end. */
const DEVIATIONS_MAX = 8;

/**
 * Decides for each datagram of one direction whether and when it arrives. Datagrams of one path (one device,
 * one direction) keep their order whatever their delays, unless they are reordered on purpose.
 */
export class DatagramFates {
  readonly counters = newDirectionCounters();
  /** When the datagram of the last `decide` arrives, in ms; meaningless if no copy arrives. */
  arrivesAtMs = 0;
  readonly #loss: Prng;
  readonly #duplicate: Prng;
  readonly #reorder: Prng;
  readonly #delay: Prng;
  // By path: when the latest of its datagrams arrives. Two paths may share a place and then wait
  // for each other, which costs a little time and no memory.
  readonly #latestMs = new Float64Array(PATHS);
  #conditions: DirectionConditions;
  #throttle: CmtsThrottle | undefined;

  /** Throws RangeError for conditions that no network has. */
  constructor(
    conditions: DirectionConditions,
    throttle: CmtsThrottle | undefined,
    seed: number,
    stream: number,
  ) {
    checkConditions(conditions);
    this.#conditions = conditions;
    this.#throttle = throttle;
    this.#loss = new Prng(seed, stream);
    this.#duplicate = new Prng(seed, stream + Stream.duplicate);
    this.#reorder = new Prng(seed, stream + Stream.reorder);
    this.#delay = new Prng(seed, stream + Stream.delay);
  }

  /** New conditions from now on. Datagrams under way keep their times. */
  change(conditions: DirectionConditions, throttle: CmtsThrottle | undefined): void {
    checkConditions(conditions);
    this.#conditions = conditions;
    this.#throttle = throttle;
  }

  /**
   * How many copies of a datagram sent at `atMs` arrive: 0, 1 or 2, all at `arrivesAtMs`. `path` and `address`,
   * the address of the device or relay, together identify the path.
   */
  decide(path: number, address: number, atMs: number): number {
    const { counters } = this;
    const { lossPercent, duplicatePercent, reorderPercent, reorderByMs, delay } = this.#conditions;
    if (isDrawn(this.#loss, lossPercent)) {
      counters.lost += 1;
      return 0;
    }
    const forwardedAtMs = this.#throttle?.forwardedAtMs(address, atMs) ?? atMs;
    if (forwardedAtMs === Number.POSITIVE_INFINITY) {
      counters.dropped += 1;
      return 0;
    }
    if (forwardedAtMs > atMs) counters.throttled += 1;
    const drawnAtMs = forwardedAtMs + (delay === undefined ? 0 : delayMs(delay, this.#delay));
    const place = hash32(path, address, PATH_STREAM) % PATHS;
    let arrivesAtMs = Math.max(drawnAtMs, this.#latestMs[place]);
    if (reorderPercent > 0 && isDrawn(this.#reorder, reorderPercent)) {
      counters.reordered += 1;
      arrivesAtMs += reorderByMs;
    } else {
      this.#latestMs[place] = arrivesAtMs;
    }
    if (arrivesAtMs > atMs) counters.delayed += 1;
    this.arrivesAtMs = arrivesAtMs;
    if (duplicatePercent === 0 || !isDrawn(this.#duplicate, duplicatePercent)) return 1;
    counters.duplicated += 1;
    return 2;
  }
}

/** A drawn delay, in ms, never below 0. */
export function delayMs(delay: NetworkDelay, random: Prng): number {
  if ("fixedMs" in delay) return delay.fixedMs;
  if ("minMs" in delay) return delay.minMs + (delay.maxMs - delay.minMs) * random.nextFloat();
  const deviations =
    delay.distribution === "normal"
      ? standardNormal(random)
      : Math.min(DEVIATIONS_MAX, -Math.log(1 - random.nextFloat())) - 1;
  return Math.max(0, delay.meanMs + delay.jitterMs * deviations);
}

/** Box and Muller (1958): a normal number from two uniform ones. */
function standardNormal(random: Prng): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.nextFloat()));
  const value = radius * Math.cos(2 * Math.PI * random.nextFloat());
  return Math.max(-DEVIATIONS_MAX, Math.min(DEVIATIONS_MAX, value));
}

function isDrawn(random: Prng, percent: number): boolean {
  return random.nextFloat() < percent / 100;
}

function checkConditions(conditions: DirectionConditions): void {
  for (const name of ["lossPercent", "duplicatePercent", "reorderPercent"] as const) {
    const percent = conditions[name];
    if (!(percent >= 0 && percent <= 100)) {
      throw new RangeError(`${name} is ${percent}; give 0 to 100`);
    }
  }
}
