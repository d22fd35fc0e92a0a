import type { Reply } from "./outcome.ts";

/** As many probes as the ICMP sequence numbers can tell apart. */
export const PENDING_OFFERS_MAX = 65_536;
/** A ticket that is not settled is forgotten this long after the end of its probe. */
const FORGET_AFTER_MS = 10_000;

export interface PendingOffer {
  readonly index: number;
  readonly abandonSeconds: number;
  readonly offer: Reply;
  /** When the probe ends. */
  readonly dueAtMs: number;
}

/** Offers that wait until nobody has answered a probe of their address (`ping-check`). */
export class PendingOffers {
  // A Map keeps the order of insertion, so the oldest ticket comes first.
  readonly #byTicket = new Map<number, PendingOffer>();
  readonly #ticketOf = new Map<number, number>();
  #lastTicket = 0;

  get size(): number {
    return this.#byTicket.size;
  }

  isFull(nowMs: number): boolean {
    if (this.#byTicket.size < PENDING_OFFERS_MAX) return false;
    for (const [ticket, { dueAtMs }] of this.#byTicket) {
      if (dueAtMs + FORGET_AFTER_MS > nowMs) break;
      this.take(ticket);
    }
    return this.#byTicket.size >= PENDING_OFFERS_MAX;
  }

  isPending(index: number, nowMs: number): boolean {
    if (this.#ticketOf.size === 0) return false;
    const ticket = this.#ticketOf.get(index);
    if (ticket === undefined) return false;
    const pending = this.#byTicket.get(ticket);
    if (pending !== undefined && pending.dueAtMs + FORGET_AFTER_MS > nowMs) return true;
    this.take(ticket);
    return false;
  }

  /** Returns the ticket: a number that is not used twice in the life of a process. */
  add(pending: PendingOffer): number {
    this.#lastTicket += 1;
    this.#byTicket.set(this.#lastTicket, pending);
    this.#ticketOf.set(pending.index, this.#lastTicket);
    return this.#lastTicket;
  }

  /** Ends the wait; undefined when it has already ended otherwise. */
  take(ticket: number): PendingOffer | undefined {
    const pending = this.#byTicket.get(ticket);
    if (pending === undefined) return undefined;
    this.#byTicket.delete(ticket);
    this.#ticketOf.delete(pending.index);
    return pending;
  }

  /** The lease was acknowledged or declined: its probe no longer matters. */
  cancel(index: number): void {
    if (this.#ticketOf.size === 0) return;
    const ticket = this.#ticketOf.get(index);
    if (ticket !== undefined) this.take(ticket);
  }
}

/**
 * The offer with bytes of its own: options that it echoes are views of a receive buffer, which holds
 * other packets by the end of the probe.
 */
export function detached(offer: Reply): Reply {
  const { reply, destination } = offer;
  return {
    ...offer,
    reply: {
      ...{ op: reply.op, htype: reply.htype, hops: reply.hops, xid: reply.xid, secs: reply.secs },
      ...{ flags: reply.flags, ciaddr: reply.ciaddr, yiaddr: reply.yiaddr, siaddr: reply.siaddr },
      ...{ giaddr: reply.giaddr, sname: reply.sname, file: reply.file },
      chaddr: reply.chaddr.slice(),
      options: reply.options.map(({ code, value }) => ({ code, value: value.slice() })),
    },
    destination:
      destination.kind === "link"
        ? { ...destination, hardware: destination.hardware.slice() }
        : destination,
  };
}
