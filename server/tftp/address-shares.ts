import { hash32 } from "../../base/prng.ts";

/** What one address may take of the server, and be sent before it has shown that it is there. */
export interface AddressLimits {
  /** Transfers under way and requests that wait. */
  readonly sessionsMax: number;
  /** Packets that it may be sent at once without having acknowledged one. */
  readonly unackedMax: number;
  /** How many more of them it may be sent each second. */
  readonly unackedPerSecond: number;
}

const PLACES = 2 ** 16;
const SECOND_MS = 1000;

/**
 * What each address holds, and what it was sent without an acknowledgement: a forged request names the
 * address of somebody else, who is to get little of it. Addresses are hashed into 65,536 places, and those
 * of one place share its limits, so however many addresses ask, the memory stays the same. The random seed
 * keeps anybody from finding an address that shares a victim's place.
 */
export class AddressShares {
  readonly #seed: number;
  readonly #sessionsMax: number;
  readonly #intervalMs: number;
  readonly #burstMs: number;
  readonly #sessions = new Uint32Array(PLACES);
  /** When the place has its whole budget again; each packet moves it on by an interval. */
  readonly #wholeAtMs = new Float64Array(PLACES);

  constructor({ sessionsMax, unackedMax, unackedPerSecond }: AddressLimits, seed: number) {
    this.#seed = seed;
    this.#sessionsMax = sessionsMax;
    this.#intervalMs = SECOND_MS / unackedPerSecond;
    this.#burstMs = this.#intervalMs * unackedMax;
  }

  /** Takes a session of the address's share; false when it has none left. */
  takeSession(address: number): boolean {
    const place = this.#placeOf(address);
    if (this.#sessions[place] >= this.#sessionsMax) return false;
    this.#sessions[place] += 1;
    return true;
  }

  giveSessionBack(address: number): void {
    this.#sessions[this.#placeOf(address)] -= 1;
  }

  /** Takes a packet of the address's budget; false when it is used up. */
  takePacket(address: number, nowMs: number): boolean {
    const place = this.#placeOf(address);
    const wholeAtMs = Math.max(this.#wholeAtMs[place], nowMs);
    // Half an interval, so that rounding does not cost the last packet.
    if (wholeAtMs - nowMs > this.#burstMs - this.#intervalMs / 2) return false;
    this.#wholeAtMs[place] = wholeAtMs + this.#intervalMs;
    return true;
  }

  /** The packet was acknowledged. */
  givePacketBack(address: number): void {
    this.#wholeAtMs[this.#placeOf(address)] -= this.#intervalMs;
  }

  #placeOf(address: number): number {
    return hash32(this.#seed, address, 0) & (PLACES - 1);
  }
}
