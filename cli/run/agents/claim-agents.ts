import type { Etcd3 } from "etcd3";
import { versionName } from "../../../lab/machine/environment.ts";
import type { SegmentPlacement } from "../../../simulator/plan/segment.ts";
import { type Board, RendezvousError } from "./board.ts";
import { type AgentCard, CLAIMS_PREFIX, type Claim, claimKeyOf } from "./etcd.ts";

const POLL_MS = 200;

/** Waits until `count` agents of our version are there and free, and claims them: in order of names. */
export async function claimAgents(
  etcd: Etcd3,
  agents: Board,
  count: number,
  { run, lease }: Pick<Claim, "run" | "lease">,
  waitMsMax: number,
): Promise<readonly AgentCard[]> {
  const deadlineMs = performance.now() + waitMsMax;
  for (;;) {
    const taken = new Set(await etcd.getAll().prefix(CLAIMS_PREFIX).keys());
    const cards = [...agents.entries.values()]
      .map((value) => JSON.parse(String(value)) as AgentCard)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const own = cards.filter(({ version }) => version === versionName());
    const free = own.filter(({ name }) => !taken.has(claimKeyOf(name))).slice(0, count);
    if (free.length === count && (await claim(etcd, free, { run, lease }))) return free;
    const others = cards.filter(({ version }) => version !== versionName());
    if (others.length > 0 && cards.length >= count && own.length < count) {
      const list = others.map(({ name, version }) => `${name} (${version})`).join(", ");
      throw new RendezvousError(
        `these agents are of another version than ${versionName()}: ${list}: install the same everywhere`,
      );
    }
    if (performance.now() > deadlineMs) {
      throw new RendezvousError(
        `${free.length} of ${count} agents are there and free: start more with prov agent`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** All or none; false when somebody else was faster. */
async function claim(
  etcd: Etcd3,
  cards: readonly AgentCard[],
  { run, lease }: Pick<Claim, "run" | "lease">,
): Promise<boolean> {
  const keys = cards.map(({ name }) => claimKeyOf(name));
  const puts = keys.map((key, index) =>
    etcd
      .put(key)
      .value(JSON.stringify({ run, lease, index, count: keys.length } satisfies Claim))
      .lease(lease),
  );
  const [first, ...others] = keys;
  let guard = etcd.if(first!, "Create", "==", 0);
  for (const key of others) guard = guard.and(key, "Create", "==", 0);
  const { succeeded } = await guard.then(...puts).commit();
  return succeeded;
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
