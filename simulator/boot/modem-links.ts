import type { Population } from "../../scenarios/population/population.ts";
import type { Shard } from "../../scenarios/population/shard.ts";

const ModemState = { unknown: 0, online: 1, failed: 2 } as const;
const DEPENDENT_KINDS = [1, 2] as const;

/**
 * Which modems are up, of the whole population: an MTA or CPE may sit behind a modem that another
 * worker plays.
 */
export class ModemLinks {
  readonly #population: Population;
  readonly #shard: Shard;
  readonly #states: Uint8Array;

  constructor(population: Population, shard: Shard) {
    this.#population = population;
    this.#shard = shard;
    this.#states = new Uint8Array(population.countOf[0]);
  }

  isOnline(modem: number): boolean {
    return this.#states[modem] === ModemState.online;
  }

  hasFailed(modem: number): boolean {
    return this.#states[modem] === ModemState.failed;
  }

  setOnline(modem: number): void {
    this.#states[modem] = ModemState.online;
  }

  setFailed(modem: number): void {
    this.#states[modem] = ModemState.failed;
  }

  setUnknown(modem: number): void {
    this.#states[modem] = ModemState.unknown;
  }

  /** Calls `visit` with the local number of every MTA and CPE of ours behind the modem. */
  forEachDependent(modem: number, visit: (local: number) => void): void {
    const modems = this.#population.countOf[0];
    for (const kindIndex of DEPENDENT_KINDS) {
      const units = this.#population.countOf[kindIndex];
      for (let unit = modem; unit < units; unit += modems) {
        const local = this.#shard.localOf(this.#population.deviceOf(kindIndex, unit));
        if (local >= 0) visit(local);
      }
    }
  }
}
