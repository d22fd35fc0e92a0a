import { hash32 } from "../../base/prng.ts";
import type { Shard } from "../../scenarios/population/shard.ts";
import { type DeviceTable, ROW_WORDS } from "./device-table.ts";

/** Chance, device by device: what one draws depends on its own past only, not on its worker. */
export class DeviceRandom {
  readonly #seed: number;
  readonly #shard: Shard;
  readonly #table: DeviceTable;

  constructor(seed: number, shard: Shard, table: DeviceTable) {
    this.#seed = seed;
    this.#shard = shard;
    this.#table = table;
  }

  /** The next unsigned 32-bit number of a device. */
  next(local: number): number {
    const counter = this.#table.draws[local * ROW_WORDS];
    this.#table.draws[local * ROW_WORDS] = counter + 1;
    return hash32(this.#seed, this.#shard.deviceOf(local), counter);
  }
}
