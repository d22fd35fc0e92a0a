import { z } from "zod";
import type { EtcdUserAccess } from "../../../server/etcd/edge/etcd-access.ts";
import { EtcdClient } from "../../../server/etcd/edge/etcd-client.ts";
import type { KeptLease } from "../../../server/etcd/edge/etcd-kept-lease.ts";
import type { Put } from "../../../server/etcd/etcd-messages.ts";
import { SEGMENTS_MAX } from "../../../simulator/plan/segment.ts";
import { RendezvousError } from "./rendezvous-error.ts";

/** After this time without an answer, etcd is gone. */
export const CALL_MS_MAX = 10_000;
/** After this time without an answer, the client asks another member, however slow etcd is: an agent's lease is short. */
const ATTEMPT_MS = 3000;

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

const count = z.int().nonnegative();
const text = z.string().max(1000);

/** Up to 64 letters, digits, dots and hyphens. */
export const agentNamePattern = /^[\w.-]{1,64}$/;

export const agentCard = z.object({
  name: z.string().regex(agentNamePattern),
  version: text,
  /** Identifies the machine; `network` identifies the network namespace in it. */
  host: text,
  network: text,
  cores: z.int().positive(),
  /** A number of this start of the agent that nobody can guess. Claims repeat it. */
  session: z.uuid(),
});
/** The registration of an agent. All agents of a run need the same version. */
export type AgentCard = Readonly<z.output<typeof agentCard>>;

export const claim = z.object({
  run: z.uuid(),
  /** The lease under which both sides write. */
  lease: z.int().positive(),
  index: count,
  count: z.int().positive().max(SEGMENTS_MAX),
  /** The agent's; and when the claim was made, in ms since 1970. Both keep old claims from being made again. */
  session: z.uuid(),
  madeAtMs: count,
});
/** The value of a claim. */
export type Claim = Readonly<z.output<typeof claim>>;

export const clockReading = z.object({
  offsetMs: z.number(),
  roundTripMs: z.number().nonnegative(),
});
/** How far an agent's clock is from the coordinator's. */
export type ClockReading = Readonly<z.output<typeof clockReading>>;

/** What the other side wrote, checked. Throws RendezvousError that calls it `what`. */
export function readJson<Schema extends z.ZodType>(
  schema: Schema,
  value: Uint8Array,
  what: string,
): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(Buffer.from(value).toString()));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
    throw new RendezvousError(`${what} cannot be read`, { cause: error });
  }
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
  return new EtcdClient({ ...access, attemptMsMin: ATTEMPT_MS, attemptMsMax: ATTEMPT_MS });
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
