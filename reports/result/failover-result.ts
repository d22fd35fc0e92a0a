import { z } from "zod";
import { amount, type Contract, count, text } from "./contract.ts";
import { distribution } from "./distribution.ts";

/** Milliseconds since the run began; devices and servers may have begun before it. */
const atMs = z.number();
const nullableMs = z.number().nullable();

/** One of the two servers of a pair; `a` serves first where the pair is active and standby. */
const side = z.enum(["a", "b"]);

/** Something that was done to a pair on the timeline of a run. */
const executedEvent = z.object({
  /** Its name in tables and thresholds: `kill-active`. */
  name: text,
  /** What was done, in words: `kill -9 of node a`. */
  text,
  startedAtMs: atMs,
  /** Only of a fault that was taken back, or of an action that took its time. */
  endedAtMs: atMs.exactOptional(),
  /** The node that it was done to; absent where it concerns both, or neither. */
  node: side.exactOptional(),
  /** The result of the action, if it reports one. */
  outcome: text.exactOptional(),
});
export type ExecutedEvent = Contract<typeof executedEvent>;

/** A change of role, told by the node itself or by the store. */
const roleChange = z.object({
  atMs,
  node: side,
  /** As the server calls it: `active`, `standby`, `claiming`, `demoting`, `failed`, `down`. */
  role: text,
  /** The epoch of the leadership that the node holds or knows; 0 if there is none. */
  epoch: count,
});
export type RoleChange = Contract<typeof roleChange>;

const interruption = z.object({
  /** The last ACK before. */
  fromMs: atMs,
  /** The first ACK after; null when none came. */
  toMs: nullableMs,
  /** From one to the other: the recovery time from the devices' side. */
  rtoMs: nullableMs,
  /** The longest gap in the seconds before. */
  normalGapMs: z.number(),
  /** What streams sent a second before. Null: hardly any, as where only the devices' timers act. */
  offeredPerSecond: amount.nullable(),
  /** How many transactions that rate makes over the gap. */
  offeredMeanwhile: count.nullable(),
  /** The server of the last ACK before and of the first one after. */
  serverBefore: text,
  serverAfter: text.nullable(),
});
export type Interruption = Contract<typeof interruption>;

const failoverEvent = executedEvent.extend({
  /** From the event to the other node's claim, or to the own step down (HA-8, 1). Null: not told. */
  detectedAfterMs: nullableMs,
  /** From the event to the first role `active` with a newer epoch. Null: not told. */
  activeAfterMs: nullableMs,
  /** From the event to the first ACK of a server that did not answer before. Null: none came. */
  otherServerAfterMs: nullableMs,
  /** The longest abnormal gap between two ACKs. Null: the service went on. */
  interruption: interruption.nullable(),
  /**
   * The same for the ACKs of the event's node alone, with which its devices renew. Null: it went on.
   * Absent where one node serves at a time, or the event has no node.
   */
  nodeInterruption: interruption.nullable().exactOptional(),
  /** Devices that waited noticeably because of it, or were not answered at all. */
  devicesAffected: count,
  /** The longest wait of each of them, from the first intended send without an answer to the ACK. */
  outageMs: distribution,
  /** Devices that still waited when the run ended; in no distribution. */
  devicesUnserved: count,
  /** Devices that came to T2 because nobody answered their renewals. */
  devicesRebinding: count,
  /** Devices that ended an exchange without an answer. */
  devicesGivenUp: count,
  /** Devices whose lease ran out meanwhile. */
  leasesExpired: count,
  retransmissions: count,
  /** Until answered share and p99 are as before, for three seconds. Null: not in this run. */
  steadyAfterMs: nullableMs,
  /** How far the worst second's ACKs fell short of those before: 0 to 100. Null: too few to say. */
  dipPercent: z.number().nullable(),
});
export type FailoverEventResult = Contract<typeof failoverEvent>;

/** What a run did to a pair of servers, and what its devices noticed. */
export const failover = z.object({
  /** `server` is option 54 of the node's ACKs. */
  nodes: z.array(z.object({ node: side, server: text })),
  /** `executed`: the run did it; `seen`: the run only saw that servers fell silent. */
  source: z.enum(["executed", "seen"]),
  events: z.array(failoverEvent),
  roles: z.array(roleChange),
  /** For a chart: the ACKs of each server in each bin of `binMs`. */
  acknowledged: z.object({
    binMs: z.number().positive(),
    servers: z.array(z.object({ server: text, counts: z.array(count) })),
  }),
  /** How often another node began to acknowledge; absent where both may at all times. */
  leaderChanges: count.exactOptional(),
  /** ACKs and waits that found no room. Above 0 the figures are too low. */
  lost: count,
});
export type FailoverResult = Contract<typeof failover>;
