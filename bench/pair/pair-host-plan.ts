import type { PopulationPlan } from "../../scenarios/population/population.ts";

/** What a pair-host reads; JSON. */
export interface PairHostPlan {
  /** Everything is written below it. */
  readonly folder: string;
  /** Of DHCP. */
  readonly port: number;
  /** Where the first node serves; everything else is on the loopback. */
  readonly serverAddress: number;
  readonly population: PopulationPlan;
  readonly registered: boolean;
  readonly leaseSeconds: number;
}

/** Printed when the first node serves and the second one could. */
export const readyText = "the pair serves";
