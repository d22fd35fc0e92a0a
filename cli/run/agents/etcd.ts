import type { EtcdUserAccess } from "../../../server/etcd/edge/etcd-access.ts";
import { EtcdClient } from "../../../server/etcd/edge/etcd-client.ts";
import type { KeptLease } from "../../../server/etcd/edge/etcd-kept-lease.ts";
import type { Put } from "../../../server/etcd/etcd-messages.ts";

/** After this time without an answer, etcd is gone. */
export const CALL_MS_MAX = 10_000;
/** After this time without an answer, the client asks another member. */
const ATTEMPT_MS_MAX = 3000;

export const AGENTS_PREFIX = "provlab/agents/";
export const CLAIMS_PREFIX = "provlab/claims/";

/** The key by which a coordinator claims an agent. The slash at the end keeps `a1` and `a10` apart. */
export function claimKeyOf(name: string): string {
  return `${CLAIMS_PREFIX}${name}/`;
}

/** The prefixes of a run: for messages of the coordinator, for messages of agents, and for long values of both. */
export function prefixesOf(run: string) {
  const root = `provlab/runs/${run}/`;
  return { told: `${root}told/`, said: `${root}said/`, bulk: `${root}bulk/` };
}

/** The registration of an agent. All agents of a run need the same version. */
export interface AgentCard {
  readonly name: string;
  readonly version: string;
  /** Identifies the machine; `network` identifies the network namespace in it. */
  readonly host: string;
  readonly network: string;
  readonly cores: number;
}

/** The value of a claim. */
export interface Claim {
  readonly run: string;
  /** The lease under which both sides write. */
  readonly lease: number;
  readonly index: number;
  readonly count: number;
}

/** How far an agent's clock is from the coordinator's. */
export interface ClockReading {
  readonly offsetMs: number;
  readonly roundTripMs: number;
}

/** Removes all keys under the lease. If that fails, etcd removes them after `ttlSeconds`. */
export async function revoke(
  lease: KeptLease,
  ttlSeconds: number,
  say: (text: string) => void,
): Promise<void> {
  try {
    await lease.revoke(CALL_MS_MAX);
  } catch (error) {
    const reason = (error as Error).message;
    say(`etcd has not taken our keys away, they go within ${ttlSeconds} s: ${reason}`);
  }
}

export function connect(access: EtcdUserAccess): EtcdClient {
  return new EtcdClient({ ...access, attemptMsMax: ATTEMPT_MS_MAX });
}

/**
 * Puts all keys, or none and returns false when one of them exists. The values must differ from those of all other
 * writers.
 */
export async function createAll(etcd: EtcdClient, puts: readonly Put[]): Promise<boolean> {
  const keys = puts.map(({ key }) => key);
  const guards = keys.map((key) => ({ key, modRevision: 0 }));
  const { succeeded, found } = await etcd.transact({ guards, puts, reads: keys }, CALL_MS_MAX);
  if (succeeded) return true;
  // A transaction that was sent twice finds its own values.
  return (
    found.length === puts.length &&
    found.every(({ value }, index) => Buffer.compare(value, puts[index].value) === 0)
  );
}
