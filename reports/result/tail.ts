import { z } from "zod";
import { stallReasons } from "../../base/stall-reason.ts";
import { amount, type Contract, count, text } from "./contract.ts";
import { distribution } from "./distribution.ts";

// What makes the slow end of a phase slow. Times count from the start of the run, in ms.

/** Mean parts of an answer's time, or the parts of one answer. */
const parts = {
  /** From the kernel's receipt of the request to the turn of the server's loop that took it. */
  queueMs: amount,
  /** To the end of that turn's decisions: those of the whole batch. */
  decideMs: amount,
  /** To the lease's being durable; 0 for an answer that waits for no commit. */
  commitMs: amount,
  /** The part of `commitMs` in which the disk synced, or etcd committed. */
  syncMs: amount,
  /** To the end of the system call that sent the answer. */
  sendMs: amount,
  /** The part of all the above in which the server's loop stood still: see `stall`. */
  pausedMs: amount,
};

/** Answers of the bundled server whose total time was in `fromMs`..`toMs`: counts and mean parts. */
const band = z.object({
  fromMs: amount,
  /** Null: without end. */
  toMs: amount.nullable(),
  answers: count,
  ...parts,
  /** Mean number of syncs that an answer waited for. */
  syncs: amount,
});
export type TailBand = Contract<typeof band>;

const stall = z.object({
  startMs: z.number(),
  durationMs: amount,
  reason: z.enum(stallReasons),
});
export type Stall = Contract<typeof stall>;

/** How the bundled server spent the time of its answers in one phase. */
export const serverStages = z.object({
  /** One value an answer: DHCPOFFER, DHCPACK, DHCPNAK. */
  queueMs: distribution,
  decideMs: distribution,
  sendMs: distribution,
  /** One value for each answer that waited for a commit. */
  commitMs: distribution,
  /** As `commitMs`: its part in which the disk synced. */
  syncMs: distribution,
  /** By total time, without empty ones. */
  bands: z.array(band),
  /** In order of time: the longest sync and the longest pause of each second, from 5 ms. */
  stalls: z.array(stall),
});
export type ServerStages = Contract<typeof serverStages>;

const slowAnswer = z.object({
  /** DHCPOFFER, DHCPACK, DHCPNAK or BOOTP. */
  message: text,
  /** When the kernel received the request. */
  receivedAtMs: z.number(),
  ...parts,
});
export type SlowAnswer = Contract<typeof slowAnswer>;

/** One of the slowest transactions of a phase. */
export const slowTransaction = z.object({
  exchange: text,
  /** Only of a stream that is not called by its exchange. */
  name: text.exactOptional(),
  mac: text,
  kind: text,
  /** Number of its CMTS, from 0. */
  cmts: count,
  intendedAtMs: z.number(),
  latencyMs: amount,
  /** The part of `latencyMs` before the generator sent the first packet: its own delay. */
  slipMs: amount,
  retransmissions: count,
  /** Only with the bundled server: the answers to the device that were among the server's slowest. */
  answers: z.array(slowAnswer).exactOptional(),
});
export type SlowTransaction = Contract<typeof slowTransaction>;
