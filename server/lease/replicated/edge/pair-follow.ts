import type { EtcdClient, EtcdWatch } from "../../../etcd/edge/etcd-client.ts";
import { EtcdError } from "../../../etcd/etcd-error.ts";
import {
  endOfPrefix,
  type KeyValue,
  type RangeAnswer,
  type RangeQuery,
  type WatchAnswer,
} from "../../../etcd/etcd-messages.ts";
import { addressOfLease, isLease, type PairKeys } from "../../../etcd/pair-keys.ts";
import { noLeader, sightOf } from "../../../mandate/leader-key.ts";
import { packRecords } from "../lease-batch.ts";
import type { PairNotice } from "../pair-messages.ts";

/**
 * Keys read by one request: few when etcd sends slowly, so that each page shows progress; more when a page takes little
 * more than a round trip.
 */
const PAGE_KEYS_MIN = 512;
const PAGE_KEYS_MAX = 4096;
const QUICK_PAGE_MS = 500;
const SLOW_PAGE_MS = 2000;
/** Most bytes sent to the loop that it has not taken yet. */
const UNDER_WAY_BYTES_MAX = 16 << 20;
const RETRY_MS = 50;
/** A member that has sent nothing of a page for this long is given up for another one. */
const SILENT_MS_MAX = 5000;

export interface PairFollowOptions {
  readonly client: Pick<EtcdClient, "attemptMs" | "range" | "readPage" | "watch">;
  readonly keys: PairKeys;
  readonly probeMs: number;
  post(notice: PairNotice): void;
}

/** Why a watch ended, which decides how to go on. */
type WatchEnd = "compacted" | "interrupted" | "led";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Reads all leases of the pair at one revision, watches its keys from there, and passes every change to the
 * loop in the order of revisions. Once a term of this node has begun and everything before it was sent,
 * it follows the leader key alone.
 */
export class PairFollow {
  readonly #options: PairFollowOptions;
  /** Everything up to this revision was posted. */
  #revision = 0;
  #leaderRevision = 0;
  /** Posted bytes that the loop has not taken yet. */
  #underWayBytes = 0;
  #running: EtcdWatch | undefined;
  #finish: ((end: WatchEnd) => void) | undefined;
  #onRoom: (() => void) | undefined;
  #isStopped = false;
  #term = Number.POSITIVE_INFINITY;

  constructor(options: PairFollowOptions) {
    this.#options = options;
  }

  /**
   * This node leads since revision `term`. Later changes are its own, except to the leader key. Only the
   * first term counts: a node that has led keeps its own table.
   */
  endAt(term: number): void {
    this.#term = Math.min(term, this.#term);
  }

  /** The loop has taken this many of the posted bytes. */
  taken(lengthBytes: number): void {
    this.#underWayBytes -= lengthBytes;
    if (this.#isFull) return;
    this.#running?.resume();
    this.#onRoom?.();
    this.#onRoom = undefined;
  }

  /** Stops sending, which ends `run`. */
  stop(): void {
    this.#isStopped = true;
    this.#running?.cancel();
    this.#finish?.("interrupted");
  }

  async run(): Promise<void> {
    let mustLoad = true;
    while (!this.#isStopped) {
      try {
        if (mustLoad) await this.#load();
        mustLoad = (await this.#watch()) === "compacted";
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error;
        this.#options.post({ kind: "trouble", text: error.message });
        await pause(RETRY_MS);
      }
    }
  }

  get #isLed(): boolean {
    return this.#leaderRevision >= this.#term;
  }

  get #watched(): { readonly key: string; readonly end?: string } {
    const { leader, prefix, end } = this.#options.keys;
    return this.#isLed ? { key: leader } : { key: prefix, end };
  }

  async #load(): Promise<void> {
    const { keys, post } = this.#options;
    const { revision, found } = await this.#page({ key: keys.leader });
    const leader = found.at(0);
    if (!this.#isLed) await this.#loadLeases(revision);
    this.#leaderRevision = leader?.modRevision ?? 0;
    post({ kind: "leader", sight: leader === undefined ? noLeader : sightOf(leader) });
    this.#complete(revision);
  }

  async #loadLeases(revision: number): Promise<void> {
    const { keys, post } = this.#options;
    const end = endOfPrefix(keys.leases);
    let key = keys.leases;
    let limit = PAGE_KEYS_MIN;
    for (;;) {
      const startMs = performance.now();
      const page = await this.#page({ key, end, limit, revision });
      const tookMs = performance.now() - startMs;
      if (tookMs < QUICK_PAGE_MS) limit = Math.min(PAGE_KEYS_MAX, 2 * limit);
      if (tookMs > SLOW_PAGE_MS) limit = Math.max(PAGE_KEYS_MIN, limit / 2);
      if (key === keys.leases) post({ kind: "loading", leasesInAll: page.count });
      this.#postLeases(page.found);
      if (!page.hasMore) return;
      key = `${page.found.at(-1)!.key}\0`;
      if (this.#isFull) await new Promise<void>((resolve) => (this.#onRoom = resolve));
    }
  }

  /**
   * Asks one member after the other: what was read before stays valid, because it is all of one revision.
   * Throws EtcdError when etcd refuses, as it does once that revision is compacted away.
   */
  async #page(query: RangeQuery): Promise<RangeAnswer> {
    const { client, post } = this.#options;
    for (;;) {
      try {
        return await client.readPage(query, SILENT_MS_MAX);
      } catch (error) {
        if (!(error instanceof EtcdError) || error.isRefused || this.#isStopped) throw error;
        post({ kind: "trouble", text: error.message });
        await pause(RETRY_MS);
      }
    }
  }

  async #watch(): Promise<WatchEnd> {
    const { client, keys, probeMs, post } = this.#options;
    const isLed = this.#isLed;
    const { key, end } = this.#watched;
    let finish: (end: WatchEnd) => void = () => undefined;
    const ended = new Promise<WatchEnd>((resolve) => {
      finish = resolve;
    });
    const watch = client.watch(key, end, this.#revision + 1, {
      onAnswer: (answer) => {
        if (answer.compactRevision > 0) finish("compacted");
        else this.#take(answer);
        if (this.#isLed === isLed) return;
        watch.cancel();
        finish("led");
      },
      onEnd: (reason) => {
        post({ kind: "trouble", text: reason });
        finish("interrupted");
      },
    });
    this.#running = watch;
    this.#finish = finish;
    // A member without a majority would leave the watch silent for ever; it cannot answer this read.
    const probe = setInterval(() => {
      client.range({ key: keys.leader }, client.attemptMs).catch((error: unknown) => {
        post({ kind: "trouble", text: `${error}` });
        finish("interrupted");
      });
    }, probeMs);
    const watchEnd = await ended;
    clearInterval(probe);
    this.#running = undefined;
    watch.cancel();
    if (watchEnd === "interrupted") await pause(RETRY_MS);
    return watchEnd;
  }

  #take({ events }: WatchAnswer): void {
    const { keys, post } = this.#options;
    if (events.length === 0) return;
    let start = 0;
    for (const [place, event] of events.entries()) {
      if (event.key !== keys.leader) continue;
      this.#postChanges(events.slice(start, place));
      start = place + 1;
      this.#leaderRevision = event.modRevision;
      post({ kind: "leader", sight: sightOf(event) });
    }
    this.#postChanges(events.slice(start));
    // Not the answer's own revision: while a watch catches up, that is the store's, which is ahead.
    this.#complete(events.at(-1)!.modRevision);
  }

  #complete(revision: number): void {
    this.#revision = revision;
    this.#options.post({ kind: "complete", revision });
  }

  /** A lease that somebody deletes stays in the table as it was. */
  #postChanges(events: WatchAnswer["events"]): void {
    this.#postLeases(events.filter(({ isDeleted }) => !isDeleted));
  }

  #postLeases(found: readonly KeyValue[]): void {
    const { keys, post } = this.#options;
    const leases: [address: number, text: Uint8Array][] = [];
    for (const keyValue of found) {
      if (!isLease(keys, keyValue)) continue;
      const { key, value } = keyValue;
      const address = addressOfLease(keys, key);
      if (address === undefined) post({ kind: "stranger", key });
      else leases.push([address, value]);
    }
    if (leases.length === 0) return;
    const records = packRecords(leases);
    this.#underWayBytes += records.length;
    post({ kind: "leases", records });
    if (this.#isFull) this.#running?.pause();
  }

  get #isFull(): boolean {
    return this.#underWayBytes > UNDER_WAY_BYTES_MAX;
  }
}
