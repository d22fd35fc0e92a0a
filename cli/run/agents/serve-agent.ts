import { environmentOf } from "../../../lab/machine/environment.ts";
import { Population } from "../../../scenarios/population/population.ts";
import type { EtcdClient } from "../../../server/etcd/edge/etcd-client.ts";
import { KeptLease } from "../../../server/etcd/edge/etcd-kept-lease.ts";
import { runSegment, SimulationError } from "../../../simulator/run/edge/coordinator.ts";
import { memoryMiBMax, summaryOf } from "../result/play-segment.ts";
import { encodeSegment, type SegmentFile } from "../result/segment-file.ts";
import { AgentRendezvous } from "./agent-rendezvous.ts";
import { Board, BoardWriter, RendezvousError } from "./board.ts";
import {
  AGENTS_PREFIX,
  type AgentCard,
  CALL_MS_MAX,
  type Claim,
  claimKeyOf,
  createAll,
  prefixesOf,
  revoke,
} from "./etcd.ts";
import { decodeOrder, type Order } from "./order.ts";

/** An agent is dead for etcd after this long without a sign of life. */
const AGENT_TTL_SECONDS = 3;

/**
 * Registers an agent and plays its part of every run that claims it, until `signal`. `say` logs. Throws
 * RendezvousError when etcd does not keep the registration, and EtcdError.
 */
export async function serveAgent(
  etcd: EtcdClient,
  card: AgentCard,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<void> {
  const claims = await Board.open(etcd, claimKeyOf(card.name));
  const lost = (): void =>
    claims.fail(new RendezvousError("etcd has given up this agent: it was silent for too long"));
  const lease = await KeptLease.grant(etcd, AGENT_TTL_SECONDS, CALL_MS_MAX, lost);
  signal.addEventListener("abort", () => claims.fail(new RendezvousError("stopped")));
  try {
    await register(etcd, card, lease.id);
    say(`agent ${card.name} is ready`);
    for (;;) {
      const claim = JSON.parse(String(await claims.wait(""))) as Claim;
      const over = endOf(claims);
      say(`plays segment ${claim.index + 1}/${claim.count} of run ${claim.run}`);
      await playClaim(etcd, card, claim, { over, say }).then(
        () => say("done"),
        (error: unknown) => say(messageOf(error)),
      );
      if (claims.entries.has("")) await over;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    claims.close();
    await revoke(lease, AGENT_TTL_SECONDS, say);
  }
}

/** Resolves when the coordinator releases the agent or is gone; rejects when the registration is lost. */
function endOf(claims: Board): Promise<void> {
  return new Promise((resolve, reject) => {
    claims.onDelete = () => resolve();
    claims.onFail = reject;
    if (claims.failure !== undefined) reject(claims.failure);
  });
}

async function register(etcd: EtcdClient, card: AgentCard, lease: number): Promise<void> {
  // The lease makes it differ from the card of another agent of that name.
  const value = Buffer.from(JSON.stringify({ ...card, lease }));
  if (await createAll(etcd, [{ key: `${AGENTS_PREFIX}${card.name}`, value, lease }])) return;
  throw new RendezvousError(`there is an agent ${card.name} already: give this one another --name`);
}

interface Surroundings {
  /** Ends the agent's part early: see `endOf`. */
  readonly over: Promise<void>;
  readonly say: (text: string) => void;
}

async function playClaim(
  etcd: EtcdClient,
  card: AgentCard,
  claim: Claim,
  { over, say }: Surroundings,
): Promise<void> {
  const { told: toldPrefix, said, bulk } = prefixesOf(claim.run);
  const abort = new AbortController();
  over.then(
    () => abort.abort("the coordinator has ended the run"),
    (error: RendezvousError) => abort.abort(error.message),
  );
  const told = await Board.open(etcd, toldPrefix);
  const writer = new BoardWriter(etcd, said, claim.lease);
  const pieces = new BoardWriter(etcd, bulk, claim.lease);
  const stop = (): void => told.fail(new RendezvousError(String(abort.signal.reason)));
  abort.signal.addEventListener("abort", stop);
  if (abort.signal.aborted) stop();
  try {
    const order = decodeOrder(await pieces.getBulk("order", Number(await told.wait("order"))));
    const segment = await play(order, card, claim, { told, writer, signal: abort.signal });
    const { chunks } = await pieces.putBulk(`record/${claim.index}`, encodeSegment(segment));
    await writer.put(`${claim.index}/record`, String(chunks));
  } catch (error) {
    // When the coordinator has ended the run, it no longer listens.
    await writer
      .put(`${claim.index}/failed`, messageOf(error))
      .catch((failure: Error) => say(`the coordinator cannot be told: ${failure.message}`));
    throw error;
  } finally {
    told.close();
  }
}

async function play(
  order: Order,
  card: AgentCard,
  { index, count }: Claim,
  link: { readonly told: Board; readonly writer: BoardWriter; readonly signal: AbortSignal },
): Promise<SegmentFile> {
  const { scenario, sha256, target, placement } = order;
  const plan = { ...order.plan, segment: { index, count, placement } };
  const bitmapBytes = Math.ceil(new Population(plan.population).size / 8);
  const { told, writer, signal } = link;
  const rendezvous = new AgentRendezvous({ index, placement, bitmapBytes, told, writer });
  const clock = await rendezvous.readClock();
  const { record } = await runSegment(plan, () => {}, signal, rendezvous);
  const { boot: _, ...kept } = plan;
  return {
    ...{ plan: kept, scenario, sha256, target, record },
    environment: environmentOf({
      durability: "unknown",
      socket: record.backend,
      workers: record.workers,
    }),
    memoryMiB: memoryMiBMax(),
    summary: {
      ...summaryOf(record),
      agent: card.name,
      clockOffsetMs: Math.round(clock.offsetMs * 10) / 10,
      clockRoundTripMs: Math.round(clock.roundTripMs * 10) / 10,
    },
  };
}

function messageOf(error: unknown): string {
  if (error instanceof SimulationError || error instanceof RendezvousError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
