import type { Population } from "../../scenarios/population/population.ts";
import type { Shard } from "../../scenarios/population/shard.ts";

/** What became of a modem; `down` is also one that has not come up yet. */
const modemEvents = ["down", "up", "failed"] as const;
export type ModemEvent = (typeof modemEvents)[number];

const DEPENDENT_KINDS = [1, 2] as const;

/**
 * Which modems of the whole population are up: an MTA or CPE may sit behind a modem that another
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

  stateOf(modem: number): ModemEvent {
    return modemEvents[this.#states[modem]];
  }

  set(modem: number, event: ModemEvent): void {
    this.#states[modem] = modemEvents.indexOf(event);
  }

  /** Calls `visit` with the local number of every MTA and CPE of this shard behind the modem. */
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
