import { configurationOf } from "./configuration.testing.ts";
import { Dice } from "./dice.testing.ts";
import { leasesOf, movesOf } from "./moves.testing.ts";
import type { Pair } from "./pair.testing.ts";

/** The pair of a seed: always the same one. */
export function pairOf(seed: number): Pair {
  const plan = configurationOf(new Dice(seed, 0));
  const dice = new Dice(seed, 1);
  return {
    seed,
    configuration: plan.configuration,
    leases: leasesOf(dice, plan),
    moves: movesOf(dice, plan),
  };
}
