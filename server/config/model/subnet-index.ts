import { maskOf } from "../../../protocol/ipv4.ts";
import type { Subnet } from "./model.ts";

/** Finds the most specific subnet of an address: one lookup for each length of prefix in use. */
export class SubnetIndex {
  /** Longest prefix first. */
  readonly #levels: { readonly mask: number; readonly byNetwork: Map<number, Subnet> }[] = [];
  /** Subnets that contain other subnets; their addresses may belong to those. */
  readonly #outer = new Set<Subnet>();
  /** The latest subnet found, unless it contains others: a packet asks for its subnet several times. */
  #latest: Subnet | undefined;

  /** If two subnets have the same network and mask, the first one counts. */
  constructor(subnets: readonly Subnet[]) {
    for (let length = 32; length >= 0; length -= 1) {
      const mask = maskOf(length);
      const byNetwork = new Map<number, Subnet>();
      for (const subnet of subnets) {
        if (subnet.mask !== mask || byNetwork.has(subnet.network)) continue;
        byNetwork.set(subnet.network, subnet);
      }
      if (byNetwork.size > 0) this.#levels.push({ mask, byNetwork });
    }
    for (const [at, { byNetwork }] of this.#levels.entries()) {
      for (const inner of byNetwork.keys()) {
        for (const wider of this.#levels.slice(at + 1)) {
          const around = wider.byNetwork.get((inner & wider.mask) >>> 0);
          if (around !== undefined) this.#outer.add(around);
        }
      }
    }
  }

  of(address: number): Subnet | undefined {
    const latest = this.#latest;
    if (latest !== undefined && (address & latest.mask) >>> 0 === latest.network) return latest;
    for (const { mask, byNetwork } of this.#levels) {
      const subnet = byNetwork.get((address & mask) >>> 0);
      if (subnet === undefined) continue;
      if (!this.#outer.has(subnet)) this.#latest = subnet;
      return subnet;
    }
    return undefined;
  }
}
