import { Etcd3, type Lease } from "etcd3";

/** Beyond this etcd counts as gone. */
const CALL_MS_MAX = 10_000;

export const AGENTS_PREFIX = "provlab/agents/";
export const CLAIMS_PREFIX = "provlab/claims/";

/** Where a coordinator claims an agent; the end keeps `a1` and `a10` apart. */
export function claimKeyOf(name: string): string {
  return `${CLAIMS_PREFIX}${name}/`;
}

/** The keys of one run: what the coordinator tells all, what agents say, and what is too long for both. */
export function prefixesOf(run: string) {
  const root = `provlab/runs/${run}/`;
  return { told: `${root}told/`, said: `${root}said/`, bulk: `${root}bulk/` };
}

/** How an agent is registered, and what it must have in common with the others. */
export interface AgentCard {
  readonly name: string;
  readonly version: string;
  /** The machine; and the network namespace in it. */
  readonly host: string;
  readonly network: string;
  readonly cores: number;
}

/** What an agent is claimed with. */
export interface Claim {
  readonly run: string;
  /** Under which both sides write. */
  readonly lease: string;
  readonly index: number;
  readonly count: number;
}

/** How far an agent's clock is from the coordinator's. */
export interface ClockReading {
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

/** Takes away what was written under the lease; where etcd does not, it goes when its time is up. */
export async function revoke(
  lease: Lease,
  ttlSeconds: number,
  say: (text: string) => void,
): Promise<void> {
  try {
    await lease.revoke();
  } catch (error) {
    const reason = (error as Error).message;
    say(`etcd has not taken our keys away, they go within ${ttlSeconds} s: ${reason}`);
  }
}

export function connect(endpoints: readonly string[]): Etcd3 {
  return new Etcd3({
    hosts: [...endpoints],
    dialTimeout: 5000,
    // A watch and a keep-alive go on for as long as they are wanted.
    defaultCallOptions: (context) =>
      context.isStream ? {} : { deadline: Date.now() + CALL_MS_MAX },
  });
}
