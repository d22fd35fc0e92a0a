import type { Population } from "../../scenarios/population/population.ts";
import { clearBit, hasBit, setBit } from "../plan/device-bits.ts";
import { type RunPlan, takesBound } from "../plan/run-plan.ts";
import { PhaseStreams } from "./streams.ts";

/**
 * Which devices hold a lease after a phase, if every arrival succeeds. Every process gets the same answer,
 * so processes that hear nothing of each other still divide the devices alike. A closed loop without a goal
 * has no known end, so its devices count as bound.
 */
export function expectedBound(
  plan: RunPlan,
  population: Population,
  phaseIndex: number,
  before: Uint8Array,
): Uint8Array {
  const phase = plan.phases[phaseIndex];
  const { shares, counts } = new PhaseStreams({
    phase,
    phaseIndex,
    seed: plan.seed,
    population,
    holdsLease: (device) => hasBit(before, device),
    owns: () => false,
    worker: { index: 0, count: 1 },
    inFlight: () => Number.POSITIVE_INFINITY,
  });
  const after = before.slice();
  for (const [index, stream] of phase.streams.entries()) {
    const share = shares[index];
    const turns = Math.min(share.length, counts[index] ?? share.length);
    if (takesBound(stream)) {
      if (stream.exchange !== "release") continue;
      for (const device of share.subarray(0, turns)) clearBit(after, device);
      continue;
    }
    if (phase.powerCycle) for (const device of share) clearBit(after, device);
    for (const device of share.subarray(0, turns)) setBit(after, device);
  }
  return after;
}
