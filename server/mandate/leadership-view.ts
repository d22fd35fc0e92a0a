import type { KeyValue, RangeAnswer, RangeQuery } from "../etcd/etcd-messages.ts";
import type { PairKeys } from "../etcd/pair-keys.ts";
import {
  isFlagRaised,
  isHeldBy,
  type LeaderClaim,
  type LeaderSight,
  leaderRecordOf,
  noLeader,
  sightOf,
} from "./leader-key.ts";
import type { Holder, LeaderRecord } from "./leadership.ts";
import type { Mandate } from "./shared-pair-state.ts";

interface Seen {
  readonly value: Uint8Array;
  /** 0: the key does not exist. */
  readonly modRevision: number;
  /** etcd's revision at which this value was seen. */
  readonly atRevision: number;
}

const decoder = new TextDecoder();
const none = new Uint8Array(0);

/**
 * A node's knowledge of the leader. Answers and watches may arrive in any order, so the newest value of
 * each key counts.
 */
export class LeadershipView {
  readonly #keys: PairKeys;
  readonly #self: Holder;
  readonly #seen = new Map<string, Seen>();
  /** The claim of the highest epoch. */
  #highest: LeaderClaim | undefined;
  #mandate: Mandate | undefined;

  constructor(keys: PairKeys, self: Holder) {
    this.#keys = keys;
    this.#self = self;
  }

  /** The leader key; undefined before it was first read. */
  get leader(): LeaderSight | undefined {
    const key = this.#keys.leader;
    const seen = this.#seen.get(key);
    if (seen === undefined) return undefined;
    return seen.modRevision === 0 ? noLeader : sightOf({ key, ...seen });
  }

  /** The latest leadership of this boot that was seen to be held. */
  get mandate(): Mandate | undefined {
    return this.#mandate;
  }

  /** Whether etcd has this boot as present. */
  get isSelfPresent(): boolean {
    return this.#isPresent(this.#self);
  }

  /** Undefined before the leader key was first read. */
  current(): LeaderRecord | undefined {
    if (this.leader === undefined) return undefined;
    const failure = this.#seen.get(this.#keys.failure);
    const failureInProgress = failure !== undefined && isFlagRaised(failure.value);
    const claim = this.#claim;
    // This boot is running, even if etcd has not heard from it for a while.
    const isSelf = claim?.holder.bootId === this.#self.bootId;
    const isPresent = claim !== undefined && (isSelf || this.#isPresent(claim.holder));
    return leaderRecordOf(claim, failureInProgress, isPresent);
  }

  /** Takes the answer to `query`: a key that it did not find does not exist. */
  read(
    { key: first, end }: RangeQuery,
    { found, revision }: Pick<RangeAnswer, "found" | "revision">,
  ): void {
    const { leader, failure } = this.#keys;
    for (const key of new Set([leader, failure, ...this.#seen.keys()])) {
      const isAsked = end === undefined ? key === first : key >= first && key < end;
      if (!isAsked || found.some((keyValue) => keyValue.key === key)) continue;
      this.#note(key, { value: none, modRevision: 0, atRevision: revision });
    }
    for (const { key, value, modRevision } of found) {
      this.#note(key, { value, modRevision, atRevision: revision });
    }
  }

  /**
   * Takes a watch event, or a value that a transaction of this node has put. An empty value means
   * deleted.
   */
  show({ key, value, modRevision }: KeyValue): void {
    const isThere = value.length > 0;
    this.#note(key, {
      value,
      modRevision: isThere ? modRevision : 0,
      atRevision: modRevision,
    });
  }

  /** Epochs keep rising when the leader key was deleted or overwritten: then nobody leads. */
  get #claim(): LeaderClaim | undefined {
    const record = this.leader?.record;
    const highest = this.#highest;
    if (highest === undefined || record?.epoch === highest.epoch) return record;
    return { ...highest, hold: "released" };
  }

  #note(key: string, seen: Seen): void {
    if (seen.atRevision < (this.#seen.get(key)?.atRevision ?? 0)) return;
    this.#seen.set(key, seen);
    if (key !== this.#keys.leader) return;
    const record = this.leader?.record;
    if (record === undefined || record.epoch < (this.#highest?.epoch ?? 0)) return;
    this.#highest = record;
    if (!isHeldBy(record, this.#self.bootId, record.epoch)) return;
    this.#mandate = { epoch: record.epoch, term: seen.modRevision };
  }

  #isPresent({ node, bootId }: Holder): boolean {
    const seen = this.#seen.get(this.#keys.presence + node);
    return seen !== undefined && decoder.decode(seen.value) === bootId;
  }
}
