import type { EtcdAccess } from "../../etcd/edge/etcd-access.ts";
import { EtcdClient, type EtcdWatch } from "../../etcd/edge/etcd-client.ts";
import { EtcdError } from "../../etcd/etcd-error.ts";
import {
  endOfPrefix,
  type RangeQuery,
  type Transaction,
  type TransactionAnswer,
} from "../../etcd/etcd-messages.ts";
import { type PairKeys, pairKeys } from "../../etcd/pair-keys.ts";
import {
  claimTransaction,
  isHeldBy,
  judgeClaim,
  type LeaderClaim,
  lowerFlagTransaction,
  releaseTransaction,
  sightOf,
} from "../leader-key.ts";
import type {
  ClaimOutcome,
  ClaimRequest,
  Holder,
  LeaderRecord,
  Leadership,
} from "../leadership.ts";
import { LeadershipView } from "../leadership-view.ts";
import type { SharedPairState } from "../shared-pair-state.ts";

const RETRY_MS = 50;
/** Keep-alives in the lifetime of a presence: one may be lost without harm. */
const BEATS_A_LIFE = 3;

export interface EtcdLeadershipOptions extends EtcdAccess {
  /** This node claims as this holder. */
  readonly self: Holder;
  /** Prefix of the pair's keys: `/provlab/pair1/`. */
  readonly prefix: string;
  /** Every promise settles within about this time. */
  readonly answerMsMax: number;
  /** A member of etcd gets at least this long to answer before another one is asked; see AttemptTime. */
  readonly attemptMsMin: number;
  /** Greatest age of what is known about the leader while etcd answers. */
  readonly probeMs: number;
  /** After this long without a keep-alive, etcd counts the node as absent; see `presenceSecondsOf`. */
  readonly presenceSeconds: number;
  /** How far this node has followed the leases. */
  readonly followed: Pick<SharedPairState, "isInSync" | "revision">;
}

/** Twice `deadMs`, and at least 5 s: the absence moves the service when the heartbeats cannot. */
export function presenceSecondsOf(deadMs: number): number {
  return Math.max(5, Math.ceil((2 * deadMs) / 1000));
}

/**
 * The leadership of a pair in etcd, as one of its nodes has it: it watches who leads, claims and gives
 * back, and shows etcd that this node is present.
 */
export class EtcdLeadership implements Leadership {
  readonly #options: EtcdLeadershipOptions;
  readonly #keys: PairKeys;
  readonly #view: LeadershipView;
  /**
   * One client for requests and one for watches: giving up a member for one must not disturb the other.
   */
  readonly #asking: EtcdClient;
  readonly #watching: EtcdClient;
  #lease: number | undefined;
  #trouble = "";
  #isClosed = false;
  #wakeKeeper: (() => void) | undefined;
  #endWatch: (() => void) | undefined;

  constructor(options: EtcdLeadershipOptions) {
    const { endpoints, tls, attemptMsMin, answerMsMax, prefix, self } = options;
    this.#options = options;
    this.#keys = pairKeys(prefix);
    this.#view = new LeadershipView(this.#keys, self);
    const access = { endpoints, tls, attemptMsMin, attemptMsMax: answerMsMax };
    this.#asking = new EtcdClient(access);
    this.#watching = new EtcdClient(access);
    void this.#follow();
    void this.#keepPresence();
  }

  /** Why etcd did not carry out the latest request, as a sentence; "" when it did. */
  get trouble(): string {
    return this.#trouble;
  }

  current(): LeaderRecord | undefined {
    return this.#view.current();
  }

  isInSync(): boolean {
    return this.#options.followed.isInSync;
  }

  revision(): number {
    return this.#options.followed.revision;
  }

  /** The leader key's revision since which this boot has held `epoch`; undefined when it does not. */
  termOf(epoch: number): number | undefined {
    const { mandate } = this.#view;
    return mandate?.epoch === epoch ? mandate.term : undefined;
  }

  /** Also `unavailable` while etcd does not have this node as present. */
  async claim({ seenEpoch, raisesFailureFlag }: ClaimRequest): Promise<ClaimOutcome> {
    const { self } = this.#options;
    const sight = this.#view.leader;
    const current = this.current();
    if (sight === undefined || current === undefined) return { kind: "unavailable", seenEpoch };
    const epoch = seenEpoch + 1;
    const won = { kind: "won", seenEpoch, epoch } as const;
    if (isHeldBy(sight.record, self.bootId, epoch)) return won;
    if (current.epoch !== seenEpoch) return { kind: "lost", seenEpoch };
    const next: LeaderClaim = { epoch, holder: self, hold: "held" };
    const claim = claimTransaction(this.#keys, sight, next, raisesFailureFlag);
    const answer = await this.#transact(claim);
    if (answer === undefined) return { kind: "unavailable", seenEpoch };
    const { kind } = judgeClaim(this.#keys, sight, next, answer);
    if (kind === "won") return won;
    if (kind === "lost") return { kind, seenEpoch };
    this.#wakeKeeper?.();
    return { kind: "unavailable", seenEpoch };
  }

  async release(epoch: number, raisesFailureFlag: boolean): Promise<void> {
    const term = this.termOf(epoch);
    if (term === undefined) return;
    const claim: LeaderClaim = { epoch, holder: this.#options.self, hold: "held" };
    await this.#transact(releaseTransaction(this.#keys, term, claim, raisesFailureFlag));
  }

  async lowerFailureFlag(epoch: number): Promise<boolean> {
    const term = this.termOf(epoch);
    if (term === undefined) return false;
    const answer = await this.#transact(lowerFlagTransaction(this.#keys, term));
    return answer?.succeeded ?? false;
  }

  async confirm(epoch: number): Promise<boolean> {
    const { answerMsMax, self } = this.#options;
    const answer = await this.#range(this.#asking, { key: this.#keys.leader }, answerMsMax);
    const leader = answer?.found[0];
    return leader !== undefined && isHeldBy(sightOf(leader).record, self.bootId, epoch);
  }

  /** Removes the presence, so that nobody has to wait until it expires. Requests made after this fail. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#wakeKeeper?.();
    this.#endWatch?.();
    this.#watching.close();
    const lease = this.#lease;
    if (lease !== undefined) {
      await this.#ask(() => this.#asking.revokeLease(lease, this.#asking.attemptMs));
    }
    this.#asking.close();
  }

  /** What this node wrote is known at once, not only when the watch reports it. */
  async #transact(transaction: Transaction): Promise<TransactionAnswer | undefined> {
    const { answerMsMax } = this.#options;
    const answer = await this.#ask(() => this.#asking.transact(transaction, answerMsMax));
    if (answer === undefined) return undefined;
    const { revision, found } = answer;
    if (answer.succeeded) {
      for (const { key, value } of transaction.puts) {
        this.#view.show({ key, value, modRevision: revision });
      }
    } else {
      for (const key of transaction.reads) {
        this.#view.read({ key }, { revision, found });
      }
    }
    return answer;
  }

  async #follow(): Promise<void> {
    while (!this.#isClosed) {
      const revisions = await this.#read();
      if (revisions !== undefined && !this.#isClosed) await this.#watch(revisions);
      await new Promise<void>((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** The watched ranges: the failure flag and the leader key, which are neighbours, and the presences. */
  get #watched(): readonly Required<Pick<RangeQuery, "key" | "end">>[] {
    const { failure, leader, presence } = this.#keys;
    return [
      { key: failure, end: `${leader}\0` },
      { key: presence, end: endOfPrefix(presence) },
    ];
  }

  /** Reads each range; returns the revision of each reading. */
  async #read(): Promise<readonly number[] | undefined> {
    const revisions: number[] = [];
    for (const range of this.#watched) {
      const answer = await this.#range(this.#watching, range, this.#options.answerMsMax);
      if (answer === undefined) return undefined;
      revisions.push(answer.revision);
    }
    return revisions;
  }

  /** Settles when one of the watches ends, for any reason: then everything is read again. */
  async #watch(revisions: readonly number[]): Promise<void> {
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#endWatch = end;
    const watches = this.#watched.map((range, place): EtcdWatch => {
      return this.#watching.watch(range.key, range.end, revisions[place] + 1, {
        onAnswer: ({ events, compactRevision }) => {
          for (const event of events) this.#view.show(event);
          if (!this.#view.isSelfPresent) this.#wakeKeeper?.();
          if (compactRevision > 0) end();
        },
        onEnd: (reason) => {
          if (!this.#isClosed) this.#trouble = reason;
          end();
        },
      });
    });
    // A member without a majority would leave the watch silent for ever; it cannot answer this read.
    const query = { key: this.#keys.leader };
    const probe = setInterval(async () => {
      const { attemptMs } = this.#watching;
      if ((await this.#range(this.#watching, query, attemptMs)) === undefined) end();
    }, this.#options.probeMs);
    await ended;
    clearInterval(probe);
    for (const watch of watches) watch.cancel();
  }

  /** Reads by one of the clients; undefined when etcd did not answer. */
  async #range(client: EtcdClient, query: RangeQuery, msMax: number) {
    const answer = await this.#ask(() => client.range(query, msMax));
    if (answer !== undefined) this.#view.read(query, answer);
    return answer;
  }

  async #keepPresence(): Promise<void> {
    const beatMs = (this.#options.presenceSeconds * 1000) / BEATS_A_LIFE;
    while (!this.#isClosed) {
      const isKept = await this.#keepAlive();
      if (!this.#isClosed) await this.#rest(isKept ? beatMs : RETRY_MS);
    }
  }

  /** Keeps the presence alive, or creates it when it is missing. False when etcd did not do it. */
  async #keepAlive(): Promise<boolean> {
    const { self, answerMsMax, presenceSeconds } = this.#options;
    const kept = this.#lease;
    if (kept !== undefined && this.#view.isSelfPresent) {
      const ttlSeconds = await this.#ask(() => this.#asking.keepLeaseAlive(kept, answerMsMax));
      if (ttlSeconds !== 0) return ttlSeconds !== undefined;
    }
    const lease = await this.#ask(() => this.#asking.grantLease(presenceSeconds, answerMsMax));
    if (lease === undefined) return false;
    this.#lease = lease;
    const value = new TextEncoder().encode(self.bootId);
    const key = this.#keys.presence + self.node;
    const put = { guards: [], puts: [{ key, value, lease }], reads: [] };
    return (await this.#transact(put)) !== undefined;
  }

  /** Waits until the time is up, or the keeper is needed sooner. */
  async #rest(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wakeKeeper = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #ask<Answer>(call: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      const answer = await call();
      this.#trouble = "";
      return answer;
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      if (!this.#isClosed) this.#trouble = error.message;
      return undefined;
    }
  }
}
