import type { PairSide } from "../../scenarios/language/pair-event.ts";
import type { PopulationPlan } from "../../scenarios/population/population.ts";
import type { Workload } from "../contenders/dhcp-contender.ts";

/** The JSON file that a pair host reads. */
export interface PairHostPlan {
  /** Everything is written below it. */
  readonly folder: string;
  /** The DHCP port. */
  readonly port: number;
  /** The node that is measured: the first one serves from the start, the second one has taken over. */
  readonly measured: PairSide;
  /** Where that node serves; everything else is on the loopback. */
  readonly serverAddress: number;
  readonly population: PopulationPlan;
  readonly workload: Workload;
  readonly leaseSeconds: number;
}

/** Printed when the measured node serves: the first one once the second one could, too. */
export const readyText = "the pair serves";
