import { maskOf } from "../../protocol/ipv4.ts";
import type { Subnet } from "./model.ts";

/** Finds the most specific subnet of an address: one lookup for each length of prefix in use. */
export class SubnetIndex {
  /** Longest prefix first. */
  readonly #levels: { readonly mask: number; readonly byNetwork: Map<number, Subnet> }[] = [];

  /** Of two subnets with the same network and mask, the first one counts. */
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
  }

  of(address: number): Subnet | undefined {
    for (const { mask, byNetwork } of this.#levels) {
      const subnet = byNetwork.get((address & mask) >>> 0);
      if (subnet !== undefined) return subnet;
    }
    return undefined;
  }
}
