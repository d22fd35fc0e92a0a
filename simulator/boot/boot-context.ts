import type { Population } from "../../scenarios/population/population.ts";
import type { Shard } from "../../scenarios/population/shard.ts";
import type { BootPolicy } from "./boot-policy.ts";
import type { BootTable } from "./boot-table.ts";
import type { StepRandom, StepTimers } from "./step.ts";

/** What all parts of a boot chain work on: the devices of a shard, one row of the table each. */
export interface BootContext {
  readonly population: Population;
  readonly shard: Shard;
  readonly policy: BootPolicy;
  readonly table: BootTable;
  readonly timers: StepTimers;
  readonly random: StepRandom;
}
