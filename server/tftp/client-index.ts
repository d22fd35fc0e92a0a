import { hash32 } from "../../base/prng.ts";

const FREE = -1;

/**
 * Finds a session by its client's address and port. Open addressing in typed arrays, so that a packet
 * costs no allocation. The random seed prevents clients from choosing ports that collide.
 */
export class ClientIndex {
  readonly #seed: number;
  readonly #mask: number;
  readonly #addresses: Uint32Array;
  readonly #ports: Uint16Array;
  readonly #ids: Int32Array;

  /** Holds up to `capacity` clients. */
  constructor(capacity: number, seed: number) {
    const places = 2 ** Math.ceil(Math.log2(Math.max(capacity, 1) * 2));
    this.#seed = seed;
    this.#mask = places - 1;
    this.#addresses = new Uint32Array(places);
    this.#ports = new Uint16Array(places);
    this.#ids = new Int32Array(places).fill(FREE);
  }

  /** -1 when there is none. */
  find(address: number, port: number): number {
    return this.#ids[this.#placeOf(address, port)];
  }

  /** The client must not be in the index yet. */
  add(address: number, port: number, id: number): void {
    const place = this.#placeOf(address, port);
    this.#addresses[place] = address;
    this.#ports[place] = port;
    this.#ids[place] = id;
  }

  /** Closes the gap by moving back the entries behind it that would no longer be found. */
  remove(address: number, port: number): void {
    let gap = this.#placeOf(address, port);
    if (this.#ids[gap] === FREE) return;
    let place = gap;
    for (;;) {
      place = (place + 1) & this.#mask;
      if (this.#ids[place] === FREE) break;
      const home = this.#home(this.#addresses[place], this.#ports[place]);
      const fromHome = (place - home) & this.#mask;
      if (fromHome < ((place - gap) & this.#mask)) continue;
      this.#addresses[gap] = this.#addresses[place];
      this.#ports[gap] = this.#ports[place];
      this.#ids[gap] = this.#ids[place];
      gap = place;
    }
    this.#ids[gap] = FREE;
  }

  /** The client's place, or the free place where it would be added. */
  #placeOf(address: number, port: number): number {
    let place = this.#home(address, port);
    while (
      this.#ids[place] !== FREE &&
      (this.#addresses[place] !== address || this.#ports[place] !== port)
    ) {
      place = (place + 1) & this.#mask;
    }
    return place;
  }

  #home(address: number, port: number): number {
    return hash32(this.#seed, address, port) & this.#mask;
  }
}
