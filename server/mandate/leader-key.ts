import type { KeyValue, Transaction, TransactionAnswer } from "../etcd/etcd-messages.ts";
import type { PairKeys } from "../etcd/pair-keys.ts";
import type { Holder, LeaderRecord } from "./leadership.ts";

/**
 * The leader of a pair, as keys in etcd. A node takes the lead by one transaction that compares the
 * leader key's revision with the one it last saw. So if two try, one wins, and a node that saw an old
 * state loses. The revision of the winning put is the term: it guards every commit, so the holder of an
 * earlier term can commit nothing from that revision on, however long it was paused. The leader key has
 * no time to live, and only a claim or a release writes it, because every write ends the term. Whether
 * the holder is still present and whether a failure is in progress are separate keys.
 */

/** The value of the leader key. */
export interface LeaderClaim {
  /** Rises by one with each claim. */
  readonly epoch: number;
  readonly holder: Holder;
  readonly hold: "held" | "released";
}

/** The leader key as seen at some revision; `modRevision` 0: it did not exist. */
export interface LeaderSight {
  readonly modRevision: number;
  /** Also undefined when the value is not a valid claim. */
  readonly record: LeaderClaim | undefined;
}

export const noLeader: LeaderSight = { modRevision: 0, record: undefined };

/** `absent`: the claiming node has no presence in etcd, or no longer has one. */
export type ClaimJudgement =
  | { readonly kind: "won"; readonly term: number }
  | { readonly kind: "lost" | "absent"; readonly leader: LeaderSight };

/** Number of the chain key at the beginning of a term. */
export const CHAIN_START = 0;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The value of the chain key: the number of a transaction and its writer, empty at the start. */
export const encodeLink = (number: number, writer: string): Uint8Array =>
  encoder.encode(number === CHAIN_START ? `${number}` : `${number} ${writer}`);

export const encodeFlag = (isRaised: boolean): Uint8Array => encoder.encode(isRaised ? "1" : "0");

export const isFlagRaised = (value: Uint8Array): boolean => decoder.decode(value) === "1";

export function encodeLeader({ epoch, holder: { node, bootId }, hold }: LeaderClaim): Uint8Array {
  return encoder.encode(JSON.stringify({ epoch, node, bootId, hold }));
}

/** A value that is not a valid claim (another program wrote to our key) reads as none. */
export function sightOf({ modRevision, value }: KeyValue): LeaderSight {
  return { modRevision, record: parseLeader(decoder.decode(value)) };
}

function parseLeader(text: string): LeaderClaim | undefined {
  try {
    const { epoch, node, bootId, hold }: Partial<LeaderClaim & Holder> = JSON.parse(text);
    if (!Number.isSafeInteger(epoch) || epoch! < 1) return undefined;
    if (typeof node !== "string" || typeof bootId !== "string") return undefined;
    if (hold !== "held" && hold !== "released") return undefined;
    return { epoch: epoch!, holder: { node, bootId }, hold };
  } catch {
    return undefined;
  }
}

/**
 * The leadership that the keys describe. `isPresent`: the holder's node is present with the holder's
 * boot.
 */
export function leaderRecordOf(
  claim: LeaderClaim | undefined,
  failureInProgress: boolean,
  isPresent: boolean,
): LeaderRecord {
  if (claim === undefined) {
    return { epoch: 0, holder: undefined, hold: "released", failureInProgress };
  }
  const { epoch, holder, hold } = claim;
  const isGone = hold === "held" && !isPresent;
  return { epoch, holder, hold: isGone ? "expired" : hold, failureInProgress };
}

export const isHeldBy = (record: LeaderClaim | undefined, bootId: string, epoch: number): boolean =>
  record?.hold === "held" && record.epoch === epoch && record.holder.bootId === bootId;

/**
 * Makes `next` the leader if nothing has changed since `sight` and its boot is present. The revision of
 * the transaction is the term.
 */
export function claimTransaction(
  keys: PairKeys,
  sight: LeaderSight,
  next: LeaderClaim,
  raisesFailureFlag: boolean,
): Transaction {
  const { node, bootId } = next.holder;
  const presence = keys.presence + node;
  return {
    guards: [
      { key: keys.leader, modRevision: sight.modRevision },
      { key: presence, value: encoder.encode(bootId) },
    ],
    puts: [
      { key: keys.leader, value: encodeLeader(next) },
      { key: keys.chain, value: encodeLink(CHAIN_START, "") },
      ...(raisesFailureFlag ? [{ key: keys.failure, value: encodeFlag(true) }] : []),
    ],
    reads: [keys.leader],
  };
}

/**
 * The result of a claim. When the answer was lost and the claim is sent again, it finds itself in the
 * key: a boot claims an epoch only once, so it has won.
 */
export function judgeClaim(
  keys: PairKeys,
  sight: LeaderSight,
  next: LeaderClaim,
  answer: TransactionAnswer,
): ClaimJudgement {
  if (answer.succeeded) return { kind: "won", term: answer.revision };
  const found = answer.found.find(({ key }) => key === keys.leader);
  const leader = found === undefined ? noLeader : sightOf(found);
  if (isHeldBy(leader.record, next.holder.bootId, next.epoch)) {
    return { kind: "won", term: leader.modRevision };
  }
  return { kind: leader.modRevision === sight.modRevision ? "absent" : "lost", leader };
}

/** Gives the term back in good order, so that the other node need not wait until this one seems dead. */
export function releaseTransaction(
  keys: PairKeys,
  term: number,
  claim: LeaderClaim,
  raisesFailureFlag: boolean,
): Transaction {
  return {
    guards: [{ key: keys.leader, modRevision: term }],
    puts: [
      { key: keys.leader, value: encodeLeader({ ...claim, hold: "released" }) },
      ...(raisesFailureFlag ? [{ key: keys.failure, value: encodeFlag(true) }] : []),
    ],
    reads: [keys.leader],
  };
}

/** HA-16, step 1; only the leader of `term` succeeds. */
export function lowerFlagTransaction(keys: PairKeys, term: number): Transaction {
  return {
    guards: [{ key: keys.leader, modRevision: term }],
    puts: [{ key: keys.failure, value: encodeFlag(false) }],
    reads: [keys.leader],
  };
}
