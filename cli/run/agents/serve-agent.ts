import { systemClock } from "../../../base/clock.ts";
import { environmentOf } from "../../../lab/machine/environment.ts";
import type { Ipv4Network } from "../../../protocol/ipv4.ts";
import { Population } from "../../../scenarios/population/population.ts";
import { KeptLease } from "../../../server/etcd/edge/etcd-kept-lease.ts";
import { runSegment, SimulationError } from "../../../simulator/run/edge/coordinator.ts";
import type { Measurement } from "../result/measurement-schema.ts";
import { memoryMiBMax, summaryOf } from "../result/play-segment.ts";
import { encodeMeasurement } from "../result/segment-file.ts";
import { AgentRendezvous } from "./agent-rendezvous.ts";
import { Board, type BoardAccess, BoardWriter } from "./board.ts";
import { ClaimDesk } from "./claim-desk.ts";
import {
  AGENTS_PREFIX,
  type AgentCard,
  CALL_MS_MAX,
  type Claim,
  claimKeyOf,
  claim as claimShape,
  createAll,
  prefixesOf,
  readJson,
  revoke,
} from "./etcd.ts";
import { decodeOrder, ORDER_BYTES_MAX, type Order, refusalOf } from "./order.ts";
import { RendezvousError } from "./rendezvous-error.ts";

/** An agent is dead for etcd after this long without a sign of life. */
const AGENT_TTL_SECONDS = 3;

export interface Agent {
  readonly card: AgentCard;
  /** The networks that runs may load. */
  readonly allowed: readonly Ipv4Network[];
}

/**
 * Registers an agent and plays its part of every run that claims it, until `signal`. Throws RendezvousError when etcd
 * does not keep the registration, and EtcdError.
 */
export async function serveAgent(
  access: BoardAccess,
  agent: Agent,
  signal: AbortSignal,
): Promise<void> {
  const { etcd, say } = access;
  const { card } = agent;
  const desk = new ClaimDesk(card.session);
  const claims = await Board.open(access, claimKeyOf(card.name));
  const lost = (): void =>
    claims.fail(new RendezvousError("etcd has given up this agent: it was silent for too long"));
  const lease = await KeptLease.grant(etcd, AGENT_TTL_SECONDS, CALL_MS_MAX, lost);
  signal.addEventListener("abort", () => claims.fail(new RendezvousError("stopped")));
  try {
    await register(access, card, lease.id);
    say(`agent ${card.name} is ready`);
    for (;;) {
      const claim = readJson(claimShape, await claims.wait(""), "a claim");
      const over = endOf(claims);
      const refusal = desk.refusalOf(claim, systemClock.wallMs());
      if (refusal === undefined) {
        say(`plays segment ${claim.index + 1}/${claim.count} of run ${claim.run}`);
      }
      await playClaim(access, agent, claim, { over, refusal }).then(
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

async function register(
  { etcd, key: agentsKey }: BoardAccess,
  card: AgentCard,
  lease: number,
): Promise<void> {
  const key = `${AGENTS_PREFIX}${card.name}`;
  // Its session makes it differ from the card of another agent of that name.
  const value = agentsKey.seal(key, Buffer.from(JSON.stringify(card)));
  if (await createAll(etcd, [{ key, value, lease }])) return;
  throw new RendezvousError(`there is an agent ${card.name} already: give this one another --name`);
}

interface Surroundings {
  /** Ends the agent's part early: see `endOf`. */
  readonly over: Promise<void>;
  /** Why the agent does not take the claim. */
  readonly refusal: string | undefined;
}

async function playClaim(
  access: BoardAccess,
  { card, allowed }: Agent,
  claim: Claim,
  { over, refusal }: Surroundings,
): Promise<void> {
  const { told: toldPrefix, said, bulk } = prefixesOf(claim.run);
  const abort = new AbortController();
  over.then(
    () => abort.abort("the coordinator has ended the run"),
    (error: RendezvousError) => abort.abort(error.message),
  );
  const told = await Board.open(access, toldPrefix);
  const writer = new BoardWriter(access, said, claim.lease);
  const pieces = new BoardWriter(access, bulk, claim.lease);
  const stop = (): void => told.fail(new RendezvousError(String(abort.signal.reason)));
  abort.signal.addEventListener("abort", stop);
  if (abort.signal.aborted) stop();
  try {
    if (refusal !== undefined) throw new RendezvousError(refusal);
    const chunksOfOrder = Number(await told.wait("order"));
    const order = decodeOrder(await pieces.getBulk("order", chunksOfOrder, ORDER_BYTES_MAX));
    const forbidden = refusalOf(order, allowed);
    if (forbidden !== undefined) throw new RendezvousError(forbidden);
    const measured = await play(order, card, claim, { told, writer, signal: abort.signal });
    const { chunks } = await pieces.putBulk(`record/${claim.index}`, encodeMeasurement(measured));
    await writer.put(`${claim.index}/record`, String(chunks));
  } catch (error) {
    // When the coordinator has ended the run, it no longer listens.
    await writer
      .put(`${claim.index}/failed`, messageOf(error))
      .catch((failure: Error) => access.say(`the coordinator cannot be told: ${failure.message}`));
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
): Promise<Measurement> {
  const { placement } = order;
  const plan = { ...order.plan, segment: { index, count, placement } };
  const bitmapBytes = Math.ceil(new Population(plan.population).size / 8);
  const { told, writer, signal } = link;
  const rendezvous = new AgentRendezvous({ index, placement, bitmapBytes, told, writer });
  const clock = await rendezvous.readClock();
  const { record } = await runSegment(plan, () => {}, signal, rendezvous);
  return {
    record,
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
