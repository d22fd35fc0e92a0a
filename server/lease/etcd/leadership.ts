import type { KeyValue, Transaction, TransactionAnswer } from "./etcd-messages.ts";
import type { PairKeys } from "./pair-keys.ts";

/**
 * Who leads a pair: one key in etcd. A node takes it over by one transaction that compares the key's
 * revision with the one it saw last, so of two that try one wins, and a node that saw an old state
 * loses. The revision of the winning put is the term: every commit is guarded by it, so whoever had the
 * term before can commit nothing from that revision on, however long it was paused. The key has no time
 * to live: one that outlives its node harms nobody, and a short stall of etcd dethrones nobody.
 */

export interface LeaderRecord {
  /** Grows by one with each change of leadership. */
  readonly epoch: number;
  /** Who leads; undefined after a release: nobody does. */
  readonly node: string | undefined;
  /** Different for every claim that was ever made, so that a node knows its own again. */
  readonly claim: string;
}

/** The leader key as it was seen at some revision; `modRevision` 0: it was not there. */
export interface LeaderSight {
  readonly modRevision: number;
  readonly record: LeaderRecord | undefined;
}

export const noLeader: LeaderSight = { modRevision: 0, record: undefined };

export type ClaimOutcome =
  | { readonly kind: "won"; readonly term: number }
  | { readonly kind: "lost"; readonly leader: LeaderSight };

/** Value of the chain key at the beginning of a term. */
export const CHAIN_START = 0;

const encoder = new TextEncoder();

export const encodeNumber = (value: number): Uint8Array => encoder.encode(`${value}`);

/** What a node claims that saw `sight`. */
export function nextLeader(sight: LeaderSight, node: string, claim: string): LeaderRecord {
  return { epoch: (sight.record?.epoch ?? 0) + 1, node, claim };
}

export function encodeLeader({ epoch, node, claim }: LeaderRecord): Uint8Array {
  return encoder.encode(JSON.stringify({ epoch, node, claim }));
}

/** A value that is no leader record (somebody wrote to our key) reads as one without a node. */
export function sightOf({ modRevision, value }: KeyValue): LeaderSight {
  return { modRevision, record: parseLeader(new TextDecoder().decode(value)) };
}

function parseLeader(text: string): LeaderRecord | undefined {
  try {
    const { epoch, node, claim }: Partial<LeaderRecord> = JSON.parse(text);
    if (!Number.isSafeInteger(epoch) || typeof claim !== "string") return undefined;
    return { epoch: epoch!, node: typeof node === "string" ? node : undefined, claim };
  } catch {
    return undefined;
  }
}

/** Makes `next` the leader where nothing has changed since `sight`; its revision is the term. */
export function claimTransaction(
  keys: PairKeys,
  sight: LeaderSight,
  next: LeaderRecord,
): Transaction {
  return {
    guards: [{ key: keys.leader, modRevision: sight.modRevision }],
    puts: [
      { key: keys.leader, value: encodeLeader(next) },
      { key: keys.chain, value: encodeNumber(CHAIN_START) },
    ],
    reads: [keys.leader],
  };
}

/** A claim whose answer was lost and that is sent again finds itself in the key: it had won. */
export function judgeClaim(
  keys: PairKeys,
  next: LeaderRecord,
  answer: TransactionAnswer,
): ClaimOutcome {
  if (answer.succeeded) return { kind: "won", term: answer.revision };
  const found = answer.found.find(({ key }) => key === keys.leader);
  const leader = found === undefined ? noLeader : sightOf(found);
  if (leader.record?.claim !== next.claim) return { kind: "lost", leader };
  return { kind: "won", term: leader.modRevision };
}

/** Gives the term back in good order: the other node need not wait until this one seems dead. */
export function releaseTransaction(
  keys: PairKeys,
  term: number,
  { epoch, claim }: LeaderRecord,
): Transaction {
  const released = { epoch, node: undefined, claim };
  return {
    guards: [{ key: keys.leader, modRevision: term }],
    puts: [{ key: keys.leader, value: encodeLeader(released) }],
    reads: [],
  };
}
