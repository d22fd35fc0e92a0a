import { hash32 } from "../../base/prng.ts";

/** A maker of devices of one kind, by the first three octets of its hardware addresses. */
export interface VendorShare {
  readonly name: string;
  /** 24 bits. */
  readonly oui: number;
  /** Percentage of the kind's devices; the others have an address of the lab's own. */
  readonly percent: number;
  /** The kind of device. */
  readonly of: string;
}

/**
 * Units are dealt to uneven CMTSs in rounds of this many: a prime, so that every worker has the same
 * share of every CMTS.
 */
export const DEAL_UNITS = 997;
export const UNEVEN_CMTS_MAX = 256;

/**
 * Which CMTS each unit of a round is on: the shares as even as whole units can be, and spread over the
 * round. Throws RangeError when a CMTS would have no unit.
 */
export function dealCmts(shares: readonly number[]): Uint16Array {
  const total = shares.reduce((sum, share) => sum + share, 0);
  const owed = shares.map(() => 0);
  const dealt = Uint16Array.from({ length: DEAL_UNITS }, () => {
    for (const [cmts, share] of shares.entries()) owed[cmts] += share / total;
    const next = owed.indexOf(Math.max(...owed));
    owed[next] -= 1;
    return next;
  });
  const idle = shares.findIndex((_, cmts) => !dealt.includes(cmts));
  if (idle >= 0) {
    throw new RangeError(`CMTS ${idle} has ${shares[idle]} % of the units, too few for anybody`);
  }
  return dealt;
}

/** How many of the first `units` units are on the CMTS that has most of them. */
export function unitsOnFullest(deal: Uint16Array, units: number): number {
  const counts: number[] = [];
  for (const [at, cmts] of deal.entries()) {
    const rounds = Math.floor(units / DEAL_UNITS) + (at < units % DEAL_UNITS ? 1 : 0);
    counts[cmts] = (counts[cmts] ?? 0) + rounds;
  }
  return Math.max(...counts);
}

const VENDOR_STREAM = 0x6f75_6900;

/** Which vendor made which device: drawn for each device from the seed. */
export class VendorPlan {
  readonly #seed: number;
  readonly #ofKind: readonly (readonly VendorShare[])[];
  readonly #kindOfOui = new Map<number, number>();

  /** Throws RangeError when a kind's vendors have more than all of it, or two kinds one OUI. */
  constructor(vendors: readonly VendorShare[], kinds: readonly string[], seed: number) {
    this.#seed = seed;
    this.#ofKind = kinds.map((kind) => vendors.filter(({ of }) => of === kind));
    for (const [kindIndex, own] of this.#ofKind.entries()) {
      const percent = own.reduce((sum, vendor) => sum + vendor.percent, 0);
      if (percent > 100) {
        throw new RangeError(`vendors have ${percent} % of each ${kinds[kindIndex]}`);
      }
      for (const { name, oui } of own) {
        if ((this.#kindOfOui.get(oui) ?? kindIndex) !== kindIndex) {
          throw new RangeError(`the OUI of ${name} is that of another kind of device as well`);
        }
        this.#kindOfOui.set(oui, kindIndex);
      }
    }
  }

  /** The OUI of a unit of a kind; -1 for one of the lab's own. */
  ouiOf(kindIndex: number, unit: number): number {
    const own = this.#ofKind[kindIndex];
    if (own.length === 0) return -1;
    const drawn = (hash32(this.#seed, VENDOR_STREAM + kindIndex, unit) / 2 ** 32) * 100;
    let limit = 0;
    for (const { oui, percent } of own) {
      limit += percent;
      if (drawn < limit) return oui;
    }
    return -1;
  }

  /** The kind whose vendors use an OUI; -1 for none. */
  kindOfOui(oui: number): number {
    return this.#kindOfOui.get(oui) ?? -1;
  }
}
