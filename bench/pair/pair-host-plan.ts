import type { PopulationPlan } from "../../scenarios/population/population.ts";

/** The JSON file that a pair host reads. */
export interface PairHostPlan {
  /** Everything is written below it. */
  readonly folder: string;
  /** The DHCP port. */
  readonly port: number;
  /** Where the first node serves; everything else is on the loopback. */
  readonly serverAddress: number;
  readonly population: PopulationPlan;
  readonly registered: boolean;
  readonly leaseSeconds: number;
}

/** Printed when the first node serves and the second one could. */
export const readyText = "the pair serves";
