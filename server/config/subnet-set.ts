/** What a set of subnets looks at. */
interface Network {
  readonly network: number;
  readonly mask: number;
}

/** Declared subnets, so that one that shares addresses with another is found without looking at all. */
export class SubnetSet<Subnet extends Network> {
  /** By mask, then by network. */
  readonly #byMask = new Map<number, Map<number, Subnet>>();
  /** By network, ascending. */
  readonly #inOrder: Subnet[] = [];

  /** A subnet around this one, the same one, or one inside it. */
  overlapOf(network: number, mask: number): Subnet | undefined {
    for (const [wider, byNetwork] of this.#byMask) {
      if ((wider & mask) >>> 0 !== wider) continue;
      const around = byNetwork.get((network & wider) >>> 0);
      if (around !== undefined) return around;
    }
    const next = this.#inOrder[this.#placeOf(network)];
    return next !== undefined && (next.network & mask) >>> 0 === network ? next : undefined;
  }

  /** Of two with the same network and mask the first one counts. */
  add(subnet: Subnet): void {
    const { network, mask } = subnet;
    let byNetwork = this.#byMask.get(mask);
    if (byNetwork === undefined) {
      byNetwork = new Map();
      this.#byMask.set(mask, byNetwork);
    }
    if (byNetwork.has(network)) return;
    byNetwork.set(network, subnet);
    this.#inOrder.splice(this.#placeOf(network), 0, subnet);
  }

  /** Index of the first subnet that begins at `address` or above it. */
  #placeOf(address: number): number {
    let low = 0;
    let high = this.#inOrder.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#inOrder[middle].network >= address) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
