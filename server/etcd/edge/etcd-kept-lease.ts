import { performance } from "node:perf_hooks";
import { EtcdError } from "../etcd-error.ts";
import type { EtcdClient } from "./etcd-client.ts";

/** Keep-alives in the life of a lease: one may be lost without harm. */
const BEATS_A_LIFE = 3;
const RETRY_MS = 50;

/** An etcd lease that is kept alive: its keys stay until it is revoked or lost. */
export class KeptLease {
  readonly id: number;
  readonly #client: EtcdClient;
  readonly #ttlMs: number;
  readonly #onLost: () => void;
  #timer: NodeJS.Timeout | undefined;
  #endMs: number;
  #isOver = false;

  private constructor(client: EtcdClient, id: number, ttlMs: number, onLost: () => void) {
    this.#client = client;
    this.id = id;
    this.#ttlMs = ttlMs;
    this.#onLost = onLost;
    this.#endMs = performance.now() + ttlMs;
    this.#beatIn(ttlMs / BEATS_A_LIFE);
  }

  /**
   * `onLost` is called once, when etcd has lost the lease or has been silent for `ttlSeconds`.
   * Throws EtcdError.
   */
  static async grant(
    client: EtcdClient,
    ttlSeconds: number,
    msMax: number,
    onLost: () => void,
  ): Promise<KeptLease> {
    const id = await client.grantLease(ttlSeconds, msMax);
    return new KeptLease(client, id, 1000 * ttlSeconds, onLost);
  }

  /** Deletes its keys. Throws EtcdError, also when the lease was lost already. */
  async revoke(msMax: number): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#client.revokeLease(this.id, msMax);
  }

  #beatIn(ms: number): void {
    this.#timer = setTimeout(() => void this.#beat(), ms);
  }

  async #beat(): Promise<void> {
    const beatMs = this.#ttlMs / BEATS_A_LIFE;
    const askedMs = performance.now();
    const ttlSeconds = await this.#keepAlive(beatMs);
    if (this.#isOver) return;
    if (ttlSeconds !== undefined && ttlSeconds > 0) {
      this.#endMs = askedMs + this.#ttlMs;
      this.#beatIn(beatMs);
    } else if (ttlSeconds === 0 || performance.now() >= this.#endMs) {
      this.#isOver = true;
      this.#onLost();
    } else this.#beatIn(RETRY_MS);
  }

  /** Undefined: etcd has not answered. */
  async #keepAlive(msMax: number): Promise<number | undefined> {
    try {
      return await this.#client.keepLeaseAlive(this.id, msMax);
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      return undefined;
    }
  }
}
