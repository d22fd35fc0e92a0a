import { hash32 } from "../../base/prng.ts";
import type { Shard } from "../../scenarios/population/shard.ts";
import { type DeviceTable, ROW_WORDS } from "./device-table.ts";

/** The next unsigned 32-bit number of a device. */
export type DeviceRandom = (local: number) => number;

/** What a device draws depends on its own past only, not on its worker. */
export function deviceRandom(seed: number, shard: Shard, { draws }: DeviceTable): DeviceRandom {
  return (local) => {
    const counter = draws[local * ROW_WORDS];
    draws[local * ROW_WORDS] = counter + 1;
    return hash32(seed, shard.deviceOf(local), counter);
  };
}
