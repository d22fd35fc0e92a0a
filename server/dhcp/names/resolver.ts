import { lookup } from "node:dns/promises";
import type { Logger } from "../../../base/log.ts";
import { parseIpv4 } from "../../../protocol/ipv4.ts";

/** How long an answer is used before it is looked up again; the system's resolver hides the TTL. */
const refreshMs = 60_000;
/** A start waits no longer than this for name servers. */
const firstAnswerMsMax = 2_000;

type Lookup = (name: string) => Promise<readonly number[]>;

/**
 * Host names that stand in place of addresses in a configuration. dhcpd asks the name server while it
 * builds a reply, and all clients wait. Here answers are kept, and refreshed beside the service. An
 * answer that cannot be refreshed stays in use.
 */
export class HostNameResolver {
  readonly #names: readonly string[];
  readonly #logger: Logger;
  readonly #lookup: Lookup;
  readonly #answers = new Map<string, readonly number[]>();
  readonly #failing = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(names: readonly string[], logger: Logger, lookup: Lookup = lookupIpv4) {
    this.#names = names;
    this.#logger = logger;
    this.#lookup = lookup;
  }

  /** Addresses of a name; undefined until there is an answer: the option is left out then. */
  readonly resolve = (name: string): readonly number[] | undefined => this.#answers.get(name);

  /** Looks up all names, waiting two seconds at most, and again every minute until `stop`. */
  async start(): Promise<void> {
    if (this.#names.length === 0) return;
    let giveUp: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      giveUp = setTimeout(resolve, firstAnswerMsMax);
    });
    await Promise.race([this.#refresh(), patience]);
    clearTimeout(giveUp);
    this.#timer = setInterval(() => void this.#refresh(), refreshMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #refresh(): Promise<void> {
    await Promise.all(this.#names.map((name) => this.#refreshOne(name)));
  }

  async #refreshOne(name: string): Promise<void> {
    try {
      this.#answers.set(name, await this.#lookup(name));
      this.#failing.delete(name);
    } catch (error) {
      if (this.#failing.has(name)) return;
      this.#failing.add(name);
      const cause = error instanceof Error ? error.message : String(error);
      const effect = this.#answers.has(name)
        ? "its last addresses stay in use"
        : "options that need it are left out";
      this.#logger.warn(`${name}: no address (${cause}); ${effect}.`, { hostname: name });
    }
  }
}

async function lookupIpv4(name: string): Promise<readonly number[]> {
  const answers = await lookup(name, { family: 4, all: true });
  return answers.flatMap(({ address }) => parseIpv4(address) ?? []);
}
