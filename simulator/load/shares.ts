import { Permutation } from "../../base/permutation.ts";

/** The devices that a stream wants. */
export interface ShareDemand {
  /** True: devices that hold a lease; false: devices that hold none. */
  readonly needsLease: boolean;
  /** How many arrivals the stream has; Infinity: as many devices as there are. */
  readonly arrivals: number;
  /** Its part, relative to other streams, of devices that several streams could have. */
  readonly weight: number;
}

interface ShareInput {
  /** Devices of the whole population, numbered from 0. */
  readonly size: number;
  readonly seed: number;
  readonly holdsLease: (device: number) => boolean;
  /** Streams that need devices without a lease may have some that hold one: they are reset. */
  readonly powerCycle: boolean;
  readonly demands: readonly ShareDemand[];
}

/**
 * Divides the devices among the streams of a phase into disjoint shares, each in the seeded order of its
 * devices' turns. The result depends on the arguments alone, so every worker finds the same shares.
 *
 * Every device without a lease goes to a stream that needs devices without one, and every device with a lease
 * to a stream that needs a lease. With `powerCycle`, the first kind of stream also takes devices with a
 * lease: as many as it has arrivals for, but no more than its part by weight.
 */
export function divideDevices(input: ShareInput): readonly Uint32Array[] {
  const { demands } = input;
  const { unbound, bound } = inOrder(input);
  const takers = demands.map((demand) => (demand.needsLease ? 0 : demand.weight));
  const holders = demands.map((demand) => (demand.needsLease ? demand.weight : 0));

  const taken = input.powerCycle ? devicesToReset(demands, unbound.length, bound.length) : 0;
  const parts = [
    divide(unbound, takers),
    divide(bound.subarray(0, taken), takers),
    divide(bound.subarray(taken), holders),
  ];
  return demands.map((_, stream) => concatenate(parts.map((part) => part[stream])));
}

function inOrder(input: ShareInput): { unbound: Uint32Array; bound: Uint32Array } {
  const order = new Permutation(input.size, input.seed);
  const devices = new Uint32Array(input.size);
  let unboundCount = 0;
  let boundCount = 0;
  // One array filled from both ends; the back half is turned round at the end.
  for (let i = 0; i < input.size; i += 1) {
    const device = order.at(i);
    if (input.holdsLease(device)) {
      boundCount += 1;
      devices[input.size - boundCount] = device;
    } else {
      devices[unboundCount] = device;
      unboundCount += 1;
    }
  }
  return {
    unbound: devices.subarray(0, unboundCount),
    bound: devices.subarray(unboundCount).reverse(),
  };
}

function devicesToReset(
  demands: readonly ShareDemand[],
  unboundCount: number,
  boundCount: number,
): number {
  let arrivals = 0;
  let takersWeight = 0;
  let holdersWeight = 0;
  for (const demand of demands) {
    if (demand.needsLease) holdersWeight += demand.weight;
    else {
      takersWeight += demand.weight;
      arrivals += demand.arrivals;
    }
  }
  if (takersWeight === 0) return 0;
  const part = Math.floor((boundCount * takersWeight) / (takersWeight + holdersWeight));
  return Math.min(Math.max(0, arrivals - unboundCount), part);
}

/** Cuts the devices into pieces by weight; pieces add up to the whole whatever the rounding. */
function divide(devices: Uint32Array, weights: readonly number[]): readonly Uint32Array[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let weightSoFar = 0;
  let start = 0;
  return weights.map((weight) => {
    weightSoFar += weight;
    const end = total === 0 ? 0 : Math.round((devices.length * weightSoFar) / total);
    const piece = devices.subarray(start, end);
    start = end;
    return piece;
  });
}

function concatenate(pieces: readonly Uint32Array[]): Uint32Array {
  const whole = new Uint32Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}
