import { lookupService } from "node:dns/promises";
import type { Logger } from "../../../base/log.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";

/** How long an answer, or that there is none, is used before it is asked for again. */
const refreshMs = 600_000;
const namesMax = 65_536;
/** The system's resolver asks in threads, of which there are few. */
const underWayMax = 32;
const nameBytesMax = 255;

type Lookup = (address: string) => Promise<string>;

export interface AddressNamesOptions {
  readonly logger: Logger;
  readonly lookup?: Lookup;
  readonly nowMs?: () => number;
}

/**
 * Names of addresses for `get-lease-hostnames`. dhcpd asks the name server while it builds a reply
 * and everybody waits; here the first reply goes without, and the next ones have what came back.
 * Bounded: what is one address too many, or one question too many, waits until it is asked again.
 */
export class AddressNames {
  readonly #logger: Logger;
  readonly #lookup: Lookup;
  readonly #nowMs: () => number;
  /** In the order in which they were asked for. */
  readonly #answers = new Map<number, { name: string | undefined; staleAtMs: number }>();
  readonly #underWay = new Set<number>();

  constructor(options: AddressNamesOptions) {
    this.#logger = options.logger;
    this.#lookup = options.lookup ?? systemName;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** What is known by now; asks when that is nothing, or old. */
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
    if (this.#answers.size >= namesMax) this.#forgetOldest();
    this.#answers.delete(address);
    this.#answers.set(address, { name, staleAtMs: this.#nowMs() + refreshMs });
  }

  #forgetOldest(): void {
    for (const address of this.#answers.keys()) {
      this.#answers.delete(address);
      return;
    }
  }
}

async function systemName(address: string): Promise<string> {
  const { hostname } = await lookupService(address, 0);
  return hostname;
}
