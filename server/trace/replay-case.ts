import type { Reply } from "../dhcp/exchange/outcome.ts";
import type { TracedDecision, TracedPacket, TracedReply } from "./trace-format.ts";

/** A reply that the replay made. It waits for the recorded reply to the same packet. */
export interface MadeReply {
  readonly reply: TracedReply;
  readonly outcome: Reply;
}

/** A packet of this turn, or one whose OFFER waited for a probe. */
export interface Case {
  readonly number: number;
  readonly packet: TracedPacket;
  decision?: TracedDecision;
  /** Why the replay has no reply, if known. */
  silence: string;
  made?: MadeReply | undefined;
  /** The ticket of the probe that the replayed engine asked for. */
  ticket?: number;
}
