import type { SendingSocket } from "../../base/net/udp-socket.ts";
import type { Population } from "../../scenarios/population/population.ts";
import type { Shard } from "../../scenarios/population/shard.ts";
import type { BootPolicy } from "./boot-policy.ts";
import type { BootService, BootSink } from "./boot-step.ts";
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
  /** What the devices' clocks show: Unix time in milliseconds at `nowMs` 0. */
  readonly unixMsAtZero: number;
  /** The devices send on these; what arrives there is for `services.receive` of the chain. */
  readonly sockets: Readonly<Record<BootService, SendingSocket>>;
  readonly sink: BootSink;
  /** The device with an address; -1 when none has it. */
  holderOf(address: number): number;
}
