import type { Outcome } from "../dhcp/exchange/outcome.ts";

/**
 * Tracks which packet a decision and a reply belong to, because the loop and its parts do not know the
 * packets' numbers.
 */
export class PacketNumbers {
  /** The packet that the loop is working on. */
  current = 0;
  /** The packet whose reply is being sent. */
  answered = 0;
  /** Replies that were decided in this turn and are not sent yet. */
  readonly #ofReply = new Map<Outcome, number>();
  /** Packets whose OFFER waits for a probe; no more than there are probes at once. */
  readonly #ofTicket = new Map<number, number>();

  /** A reply leaves by the end of its turn, unless it waits for a probe. */
  turn(): void {
    this.#ofReply.clear();
  }

  remember(outcome: Outcome, packet: number): void {
    if (outcome.kind === "reply") this.#ofReply.set(outcome, packet);
    else if (outcome.kind === "ping") this.#ofTicket.set(outcome.ticket, packet);
  }

  takeTicket(ticket: number): number {
    const packet = this.#ofTicket.get(ticket) ?? 0;
    this.#ofTicket.delete(ticket);
    return packet;
  }

  answer(reply: Outcome): void {
    this.answered = this.#ofReply.get(reply) ?? 0;
  }
}
