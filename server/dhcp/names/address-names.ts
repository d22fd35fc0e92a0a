import { lookupService } from "node:dns/promises";
import type { Logger } from "../../../base/log.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";

/** How long an answer, or its absence, is used before the name is looked up again. */
const refreshMs = 600_000;
const namesMax = 65_536;
/** The system's resolver has few threads. */
const underWayMax = 32;
const nameBytesMax = 255;

type Lookup = (address: string) => Promise<string>;

/**
 * Names of addresses for `get-lease-hostnames`. dhcpd asks the name server while it builds a reply,
 * and all clients wait. Here the first reply goes without the name, and later ones have the answer.
 * Bounded: above the limits the oldest answer is forgotten, and a question waits for its next time.
 */
export class AddressNames {
  readonly #logger: Logger;
  readonly #lookup: Lookup;
  readonly #nowMs: () => number;
  /** The oldest answer first. */
  readonly #answers = new Map<number, { name: string | undefined; staleAtMs: number }>();
  readonly #underWay = new Set<number>();

  constructor(logger: Logger, lookup: Lookup = systemName, nowMs = () => performance.now()) {
    this.#logger = logger;
    this.#lookup = lookup;
    this.#nowMs = nowMs;
  }

  /** The known name; looks it up when it is unknown or old. */
  readonly nameOf = (address: number): string | undefined => {
    const known = this.#answers.get(address);
    if (known === undefined || known.staleAtMs <= this.#nowMs()) void this.#ask(address);
    return known?.name;
  };

  async #ask(address: number): Promise<void> {
    if (this.#underWay.has(address) || this.#underWay.size >= underWayMax) return;
    this.#underWay.add(address);
    let name: string | undefined;
    try {
      const answer = await this.#lookup(formatIpv4(address));
      name = answer.length <= nameBytesMax ? answer : undefined;
    } catch {
      const name = formatIpv4(address);
      this.#logger.info(`No hostname for ${name}`, { address: name });
    }
    this.#underWay.delete(address);
    this.#answers.delete(address);
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined && this.#answers.size >= namesMax) this.#answers.delete(oldest);
    this.#answers.set(address, { name, staleAtMs: this.#nowMs() + refreshMs });
  }
}

async function systemName(address: string): Promise<string> {
  const { hostname } = await lookupService(address, 0);
  return hostname;
}
