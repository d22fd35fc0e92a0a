import { addFields } from "../../../base/add-fields.ts";
import type { PersonaRoll } from "../../../scenarios/population/personas.ts";
import type { Shard } from "../../../scenarios/population/shard.ts";
import { type Behaviour, behaviourOf, rfc2131Behaviour } from "./behaviours.ts";

/** What happened to the devices of one share, as far as one worker plays them. */
export type PersonaCounts = ReturnType<typeof newCounts>;

function newCounts() {
  return {
    /** Hold a lease now. */
    bound: 0,
    /** Exchanges that ended as they should. */
    completed: 0,
    naks: 0,
    declines: 0,
    timeouts: 0,
    retransmissions: 0,
    /** Leases acknowledged to the other device with the same MAC. */
    twinLeases: 0,
  };
}

type PersonaEvent = Exclude<keyof PersonaCounts, "bound">;

/** How the devices of a fleet behave, and counts of what happens to those with a persona. */
export class Personas {
  readonly #behaviours: readonly Behaviour[];
  readonly #counts: readonly PersonaCounts[];
  // By local number; empty when no device has a persona.
  readonly #shareOf: Int8Array;
  readonly #boots: Uint16Array;
  readonly #declines: Uint8Array;

  constructor(roll: PersonaRoll | undefined, shard: Shard) {
    const shares = roll?.shares ?? [];
    const size = shares.length === 0 ? 0 : shard.size;
    this.#behaviours = shares.map((share) => behaviourOf(share, shard.population));
    this.#counts = shares.map(() => newCounts());
    this.#shareOf = Int8Array.from({ length: size }, (_, local) =>
      roll === undefined ? -1 : roll.shareOf(shard.deviceOf(local)),
    );
    this.#boots = new Uint16Array(size);
    this.#declines = new Uint8Array(size);
  }

  behaviourOf(local: number): Behaviour {
    // Asked for every packet: reading beyond an array, or at -1, is many times slower than this.
    if (local >= this.#shareOf.length) return rfc2131Behaviour;
    const share = this.#shareOf[local];
    return share < 0 ? rfc2131Behaviour : this.#behaviours[share];
  }

  /** A device boots. */
  boot(local: number): void {
    if (local >= this.#boots.length) return;
    this.#boots[local] += 1;
    this.#declines[local] = 0;
  }

  /** How often a device has booted; 0 in a fleet without personas. */
  bootsOf(local: number): number {
    return this.#boots[local] ?? 0;
  }

  /** Addresses that it has declined in this boot. */
  declinesOf(local: number): number {
    return local < this.#declines.length ? this.#declines[local] : 0;
  }

  count(local: number, event: PersonaEvent): void {
    if (local >= this.#shareOf.length || this.#shareOf[local] < 0) return;
    this.#counts[this.#shareOf[local]][event] += 1;
    if (event === "declines") this.#declines[local] += 1;
  }

  /** By share, in the order of the roll. */
  report(isBound: (local: number) => boolean): readonly PersonaCounts[] {
    const counts = this.#counts.map((each) => ({ ...each }));
    for (let local = 0; local < this.#shareOf.length; local += 1) {
      const own = counts[this.#shareOf[local]];
      if (own !== undefined && isBound(local)) own.bound += 1;
    }
    return counts;
  }
}

/** The sum over workers, share by share. */
export function sumPersonas(
  workers: readonly (readonly PersonaCounts[])[],
): readonly PersonaCounts[] {
  const [first = [], ...others] = workers;
  return first.map((counts, share) => {
    const sum = { ...counts };
    for (const other of others) addFields(sum, other[share]);
    return sum;
  });
}
