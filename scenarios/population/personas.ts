import { Permutation } from "../../base/permutation.ts";
import { hash32 } from "../../base/prng.ts";
import type { CapturedPersona } from "./captured-persona.ts";
import { type DeviceKind, deviceKinds, type Population } from "./population.ts";

/** What a device can have wrong with it; `docs/personas.md` says what each of them sends. */
export const personaKinds = [
  "never-renews",
  "ignores-nak",
  "byte-swapped-secs",
  "duplicate-mac",
  "giant-packets",
  "wrong-relay-port",
  "decline-loop",
  "impatient",
  "request-storm",
  "foreign-address",
  "no-client-id",
  "changing-client-id",
  "malformed-options",
] as const;
/** `captured`: the device sends what another one was seen to send. */
export type PersonaKind = (typeof personaKinds)[number] | "captured";

/** The devices that have the same thing wrong with them. */
export interface PersonaShare {
  readonly kind: PersonaKind;
  /** Percentage of the devices of each kind in `of`, rounded to whole devices. */
  readonly percent: number;
  /** Devices of the kind `of` instead of a percentage, which is then 0. */
  readonly count?: number | undefined;
  /** The device that a share of the kind `captured` plays. */
  readonly captured?: CapturedPersona | undefined;
  /** Undefined: every kind of device. */
  readonly of?: DeviceKind | undefined;
}

const NOBODY = 0;
const PERSONA_STREAM = 0x7065_7273;

/**
 * Which device has which persona: the shares of a scenario, dealt out over each kind of device in a seeded
 * order. The counts are exact, and the same on any number of workers.
 */
export class PersonaRoll {
  readonly shares: readonly PersonaShare[];
  /** By share: its devices. */
  readonly devicesOf: readonly number[];
  // By device: 1 + index of its share, 0 for the devices that have nothing wrong with them.
  readonly #shareOf: Uint8Array;

  /** Throws RangeError when the shares of a kind of device are more than all of it. */
  constructor(shares: readonly PersonaShare[], population: Population, seed: number) {
    this.shares = shares;
    this.#shareOf = new Uint8Array(population.size);
    const devicesOf = shares.map(() => 0);
    for (const [kindIndex, kind] of deviceKinds.entries()) {
      const units = population.countOf[kindIndex];
      const order = new Permutation(units, hash32(seed, PERSONA_STREAM, kindIndex));
      let percent = 0;
      let counted = 0;
      let dealt = 0;
      for (const [index, share] of shares.entries()) {
        if (share.of !== undefined && share.of !== kind) continue;
        percent += share.percent;
        counted += share.count ?? 0;
        if (percent > 100) throw new RangeError(`personas are ${percent} % of each ${kind}`);
        const until = Math.round((units * percent) / 100) + counted;
        if (until > units)
          throw new RangeError(`personas are ${until} of ${units} ${kind} devices`);
        devicesOf[index] += until - dealt;
        for (; dealt < until; dealt += 1) {
          this.#shareOf[population.firstOf[kindIndex] + order.at(dealt)] = 1 + index;
        }
      }
    }
    this.devicesOf = devicesOf;
  }

  /** The index of a device's share; -1 for a device that has nothing wrong with it. */
  shareOf(device: number): number {
    const stored = this.#shareOf[device];
    return stored === NOBODY ? -1 : stored - 1;
  }

  personaOf(device: number): PersonaKind | undefined {
    return this.shares[this.shareOf(device)]?.kind;
  }
}
