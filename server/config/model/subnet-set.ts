/** The parts of a subnet that a set compares. */
interface Network {
  readonly network: number;
  readonly mask: number;
}

/** Declared subnets. Finds one that overlaps another without looking at all of them. */
export class SubnetSet<Subnet extends Network> {
  /** By mask, then by network. */
  readonly #declared = new Map<number, Map<number, Subnet>>();
  /** The same, for every network around a declared one: the first subnet that was declared in it. */
  readonly #around = new Map<number, Map<number, Subnet>>();

  /** A subnet around this one, the same one, or one inside it. */
  overlapOf(network: number, mask: number): Subnet | undefined {
    for (const [wider, byNetwork] of this.#declared) {
      if ((wider & mask) >>> 0 !== wider) continue;
      const found = byNetwork.get((network & wider) >>> 0);
      if (found !== undefined) return found;
    }
    return this.#around.get(mask)?.get(network);
  }

  /** If two have the same network and mask, the first one counts. */
  add(subnet: Subnet): void {
    const { network, mask } = subnet;
    if (!addFirst(this.#declared, mask, network, subnet)) return;
    for (let wider = mask; wider !== 0; ) {
      wider = (wider << 1) >>> 0;
      // Then the networks around that one have been noted too.
      if (!addFirst(this.#around, wider, (network & wider) >>> 0, subnet)) return;
    }
  }
}

/** False when there is one already. */
function addFirst<Subnet>(
  byMask: Map<number, Map<number, Subnet>>,
  mask: number,
  network: number,
  subnet: Subnet,
): boolean {
  let byNetwork = byMask.get(mask);
  if (byNetwork === undefined) {
    byNetwork = new Map();
    byMask.set(mask, byNetwork);
  }
  if (byNetwork.has(network)) return false;
  byNetwork.set(network, subnet);
  return true;
}
