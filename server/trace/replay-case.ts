import type { Reply } from "../dhcp/loop/reply-sender.ts";
import type { TracedDecision, TracedPacket, TracedReply } from "./trace-format.ts";

/** A reply of now, until the recorded one of the same packet is met or cannot come any more. */
export interface MadeReply {
  readonly reply: TracedReply;
  readonly outcome: Reply;
}

/** A packet of this turn, or one whose OFFER waited for a probe. */
export interface Case {
  readonly number: number;
  readonly packet: TracedPacket;
  decision: TracedDecision | undefined;
  /** Why there is no reply now, as far as it is known. */
  silence: string;
  made: MadeReply | undefined;
  /** The ticket of a probe that is under way now. */
  ticket: number | undefined;
}

/** A packet of which nothing is known yet. */
export function newCase(number: number, packet: TracedPacket): Case {
  return {
    number,
    packet,
    decision: undefined,
    silence: "",
    made: undefined,
    ticket: undefined,
  };
}
