import { type EtcdClient, EtcdError, type EtcdWatch } from "../../../etcd/edge/etcd-client.ts";
import type { KeyValue, WatchAnswer } from "../../../etcd/etcd-messages.ts";
import { isLease, type PairKeys } from "../../../etcd/pair-keys.ts";
import { noLeader, sightOf } from "../../../mandate/leader-key.ts";
import type { PairNotice } from "../pair-messages.ts";

/** Keys read by one request. */
const PAGE_KEYS = 512;
/** Most bytes sent to the loop that it has not taken yet. */
const UNDER_WAY_BYTES_MAX = 16 << 20;
const RETRY_MS = 50;

export interface PairFollowOptions {
  readonly client: EtcdClient;
  readonly keys: PairKeys;
  readonly attemptMsMax: number;
  readonly probeMs: number;
  post(notice: PairNotice): void;
}

/** Why a watch ended, which decides how to go on. */
type WatchEnd = "compacted" | "interrupted" | "led";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Reads all keys of the pair at one revision, watches them from there, and passes every change to the
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
    const { client, keys, attemptMsMax, post } = this.#options;
    let revision: number | undefined;
    let { key, ...end } = this.#watched;
    let leader: KeyValue | undefined;
    for (;;) {
      const at = revision === undefined ? {} : { revision };
      const query = { key, ...end, limit: PAGE_KEYS, ...at };
      const page = await client.range(query, 4 * attemptMsMax);
      if (revision === undefined) post({ kind: "loading" });
      revision ??= page.revision;
      leader ??= page.found.find((found) => found.key === keys.leader);
      this.#postLeases(page.found);
      if (!page.hasMore) break;
      key = `${page.found.at(-1)!.key}\0`;
      if (this.#isFull) await new Promise<void>((resolve) => (this.#onRoom = resolve));
    }
    this.#leaderRevision = leader?.modRevision ?? 0;
    post({ kind: "leader", sight: leader === undefined ? noLeader : sightOf(leader) });
    this.#complete(revision);
  }

  async #watch(): Promise<WatchEnd> {
    const { client, keys, attemptMsMax, probeMs, post } = this.#options;
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
      client.range({ key: keys.leader }, attemptMsMax).catch((error: unknown) => {
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
      this.#postLeases(events.slice(start, place));
      start = place + 1;
      this.#leaderRevision = event.modRevision;
      post({ kind: "leader", sight: sightOf(event) });
    }
    this.#postLeases(events.slice(start));
    // Not the answer's own revision: while a watch catches up, that is the store's, which is ahead.
    this.#complete(events.at(-1)!.modRevision);
  }

  #complete(revision: number): void {
    this.#revision = revision;
    this.#options.post({ kind: "complete", revision });
  }

  #postLeases(found: readonly KeyValue[]): void {
    const leases = found.filter((keyValue) => isLease(this.#options.keys, keyValue));
    const lengthBytes = leases.reduce((total, { value }) => total + value.length, 0);
    if (lengthBytes === 0) return;
    const texts = new Uint8Array(lengthBytes);
    let at = 0;
    for (const { value } of leases) {
      texts.set(value, at);
      at += value.length;
    }
    this.#underWayBytes += lengthBytes;
    this.#options.post({ kind: "leases", texts });
    if (this.#isFull) this.#running?.pause();
  }

  get #isFull(): boolean {
    return this.#underWayBytes > UNDER_WAY_BYTES_MAX;
  }
}
