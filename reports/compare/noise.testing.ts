import type { Prng } from "../../base/prng.ts";

/** A machine's noise, added to the logarithm of each run's figure. */
export interface NoiseModel {
  readonly name: string;
  /** Noise of successive runs: about 2 % of spread each, and a part that they share. */
  readonly draw: (runs: number, prng: Prng) => readonly number[];
}

const SPREAD = 0.02;

export function normal(prng: Prng): number {
  const radius = Math.sqrt(-2 * Math.log(1 - prng.nextFloat()));
  return radius * Math.cos(2 * Math.PI * prng.nextFloat());
}

const each = (runs: number, draw: (run: number) => number): readonly number[] =>
  Array.from({ length: runs }, (_, run) => draw(run));

/** Machines met in practice. Each draw is one series of runs in time order. */
export const noiseModels: readonly NoiseModel[] = [
  { name: "normal", draw: (runs, prng) => each(runs, () => SPREAD * normal(prng)) },
  {
    name: "log-normal, with a long tail upwards",
    draw: (runs, prng) => each(runs, () => SPREAD * Math.exp(normal(prng))),
  },
  {
    name: "drifting by a third over the series",
    draw: (runs, prng) => each(runs, (run) => (0.33 * run) / runs + SPREAD * normal(prng)),
  },
  {
    name: "bimodal: a quarter of the runs 15 % slower",
    draw: (runs, prng) =>
      each(runs, () => (prng.nextFloat() < 0.25 ? 0.15 : 0) + SPREAD * normal(prng)),
  },
  {
    name: "autocorrelated: neighbours disturbed alike",
    draw: (runs, prng) => {
      let common = 0;
      return each(runs, () => {
        common = 0.8 * common + 0.04 * normal(prng);
        return common + SPREAD * normal(prng);
      });
    },
  },
];

/**
 * Runs of two sides in turns A B B A on one machine. Values are around 100; those of the current side
 * are higher by `slowdown`.
 */
export function takeTurns(
  model: NoiseModel,
  pairs: number,
  slowdown: number,
  prng: Prng,
): { readonly base: readonly number[]; readonly current: readonly number[] } {
  const noise = model.draw(2 * pairs, prng);
  const at = (pair: number, isCurrent: boolean): number => {
    const isSwapped = pair % 2 === 1;
    return noise[2 * pair + (isCurrent === isSwapped ? 0 : 1)];
  };
  return {
    base: each(pairs, (pair) => 100 * Math.exp(at(pair, false))),
    current: each(pairs, (pair) => 100 * (1 + slowdown) * Math.exp(at(pair, true))),
  };
}
