import { systemClock } from "../../../base/clock.ts";
import { versionName } from "../../../lab/machine/environment.ts";
import { endOfPrefix } from "../../../server/etcd/etcd-messages.ts";
import type { SegmentPlacement } from "../../../simulator/plan/segment.ts";
import type { Board, BoardAccess } from "./board.ts";
import {
  type AgentCard,
  agentCard,
  CALL_MS_MAX,
  CLAIMS_PREFIX,
  type Claim,
  claimKeyOf,
  createAll,
  readJson,
} from "./etcd.ts";
import { RendezvousError } from "./rendezvous-error.ts";

const POLL_MS = 200;

/** Waits for `count` free agents of our version and claims them, in order of their names. */
export async function claimAgents(
  access: BoardAccess,
  agents: Board,
  count: number,
  { run, lease }: Pick<Claim, "run" | "lease">,
  waitMsMax: number,
): Promise<readonly AgentCard[]> {
  const claims = { key: CLAIMS_PREFIX, end: endOfPrefix(CLAIMS_PREFIX) };
  const deadlineMs = performance.now() + waitMsMax;
  for (;;) {
    const { found } = await access.etcd.range(claims, CALL_MS_MAX);
    const taken = new Set(found.map(({ key }) => key));
    const cards = [...agents.entries]
      .map(([name, value]) => readJson(agentCard, value, `the registration of agent ${name}`))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const own = cards.filter(({ version }) => version === versionName());
    const free = own.filter(({ name }) => !taken.has(claimKeyOf(name))).slice(0, count);
    if (free.length === count && (await claim(access, free, { run, lease }))) return free;
    const others = cards.filter(({ version }) => version !== versionName());
    if (others.length > 0 && cards.length >= count && own.length < count) {
      const list = others.map(({ name, version }) => `${name} (${version})`).join(", ");
      throw new RendezvousError(
        `these agents are of another version than ${versionName()}: ${list}: install the same everywhere`,
      );
    }
    if (performance.now() > deadlineMs) {
      const forged = agents.forged === 0 ? "" : "; others have another --agents-key";
      throw new RendezvousError(
        `${free.length} of ${count} agents are there and free: start more with prov agent${forged}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Claims all agents, or none and returns false when another run was faster. */
function claim(
  { etcd, key: agentsKey }: BoardAccess,
  cards: readonly AgentCard[],
  { run, lease }: Pick<Claim, "run" | "lease">,
): Promise<boolean> {
  const madeAtMs = Math.round(systemClock.wallMs());
  const puts = cards.map(({ name, session }, index) => {
    const claim: Claim = { run, lease, index, count: cards.length, session, madeAtMs };
    const key = claimKeyOf(name);
    return { key, value: agentsKey.seal(key, Buffer.from(JSON.stringify(claim))), lease };
  });
  return createAll(etcd, puts);
}

/** Throws RendezvousError for agents that are neither all on one machine nor each on its own. */
export function placementOfAgents(cards: readonly AgentCard[]): SegmentPlacement {
  const networks = new Set(cards.map(({ host, network }) => `${host} ${network}`));
  if (networks.size === cards.length && cards.length > 1) return "machines";
  if (networks.size <= 1) return "one-machine";
  throw new RendezvousError(
    `${cards.length} agents are on ${networks.size} machines: start one on each, or all on one`,
  );
}
