import { setTimeout as pause } from "node:timers/promises";
import type { EtcdClient, EtcdWatch } from "../../../server/etcd/edge/etcd-client.ts";
import { endOfPrefix, type KeyValue, type WatchEvent } from "../../../server/etcd/etcd-messages.ts";
import { CALL_MS_MAX } from "./etcd.ts";

/** etcd's default limit of a request is 1.5 MiB. */
const CHUNK_BYTES = 1024 * 1024;
const BULK_BYTES_MAX = 256 * 1024 * 1024;
const RETRY_MS = 100;

/** A run that several machines play cannot go on. The message says why. */
export class RendezvousError extends Error {
  override readonly name = "RendezvousError";
}

interface Waiter {
  readonly resolve: (value: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A copy of all keys of etcd with one prefix. A caller can wait for a key that does not exist yet.
 */
export class Board {
  /** Called for every key that is written or deleted, without its prefix. */
  onPut: (key: string, value: Buffer) => void = () => {};
  onDelete: (key: string) => void = () => {};
  /** Called once, when the board fails. */
  onFail: (error: RendezvousError) => void = () => {};
  readonly #etcd: EtcdClient;
  readonly #prefix: string;
  readonly #values = new Map<string, Buffer>();
  readonly #waiters = new Map<string, Set<Waiter>>();
  #watch: EtcdWatch | undefined;
  #failure: RendezvousError | undefined;

  private constructor(etcd: EtcdClient, prefix: string) {
    this.#etcd = etcd;
    this.#prefix = prefix;
  }

  /** Reads all keys and then follows their changes. Throws EtcdError. */
  static async open(etcd: EtcdClient, prefix: string): Promise<Board> {
    const board = new Board(etcd, prefix);
    const { revision, found } = await etcd.range(
      { key: prefix, end: endOfPrefix(prefix) },
      CALL_MS_MAX,
    );
    for (const keyValue of found) board.#values.set(board.#nameOf(keyValue), bufferOf(keyValue));
    board.#follow(revision + 1);
    return board;
  }

  get entries(): ReadonlyMap<string, Buffer> {
    return this.#values;
  }

  get failure(): RendezvousError | undefined {
    return this.#failure;
  }

  /** The key's value, as soon as it has one. Rejects when the board fails. */
  wait(key: string): Promise<Buffer> {
    const value = this.#values.get(key);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (value !== undefined) return Promise.resolve(value);
    return new Promise((resolve, reject) => {
      const waiters = this.#waiters.get(key) ?? new Set();
      this.#waiters.set(key, waiters.add({ resolve, reject }));
    });
  }

  /** Rejects every wait that is pending or begins later. */
  fail(error: RendezvousError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.onFail(error);
    for (const waiters of this.#waiters.values()) {
      for (const { reject } of waiters) reject(error);
    }
    this.#waiters.clear();
  }

  close(): void {
    this.fail(new RendezvousError("the rendezvous is over"));
    this.#watch?.cancel();
  }

  /**
   * When a watch ends, the next member continues it. A member that has lost the others only goes silent; the lease
   * that the same client keeps alive shows that.
   */
  #follow(startRevision: number): void {
    let nextRevision = startRevision;
    const end = endOfPrefix(this.#prefix);
    this.#watch = this.#etcd.watch(this.#prefix, end, startRevision, {
      onAnswer: ({ events, compactRevision }) => {
        if (compactRevision > 0) {
          this.fail(new RendezvousError("etcd was compacted: what happened meanwhile is lost"));
        }
        for (const event of events) {
          this.#show(event);
          nextRevision = event.modRevision + 1;
        }
      },
      onEnd: async () => {
        await pause(RETRY_MS);
        if (this.#failure === undefined) this.#follow(nextRevision);
      },
    });
  }

  #nameOf({ key }: KeyValue): string {
    return key.slice(this.#prefix.length);
  }

  #show(event: WatchEvent): void {
    const key = this.#nameOf(event);
    if (event.isDeleted) {
      this.#values.delete(key);
      this.onDelete(key);
      return;
    }
    const value = bufferOf(event);
    this.#values.set(key, value);
    this.onPut(key, value);
    for (const { resolve } of this.#waiters.get(key) ?? []) resolve(value);
    this.#waiters.delete(key);
  }
}

function bufferOf({ value }: KeyValue): Buffer {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
}

/** Writes keys with a prefix, under a lease. Bulk values may be longer than one request. */
export class BoardWriter {
  readonly #etcd: EtcdClient;
  readonly #prefix: string;
  readonly #lease: number;

  constructor(etcd: EtcdClient, prefix: string, lease: number) {
    this.#etcd = etcd;
    this.#prefix = prefix;
    this.#lease = lease;
  }

  async put(key: string, value: string | Buffer): Promise<void> {
    const put = { key: `${this.#prefix}${key}`, value: Buffer.from(value), lease: this.#lease };
    await this.#etcd.put(put, CALL_MS_MAX);
  }

  /** Writes the bytes in pieces. Throws RendezvousError for more than BULK_BYTES_MAX. */
  async putBulk(key: string, bytes: Buffer): Promise<{ readonly chunks: number }> {
    if (bytes.length > BULK_BYTES_MAX) {
      throw new RendezvousError(
        `${bytes.length} bytes are too many for etcd (limit ${BULK_BYTES_MAX}): use prov run --segment`,
      );
    }
    const chunks = Math.ceil(bytes.length / CHUNK_BYTES);
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      const start = chunk * CHUNK_BYTES;
      await this.put(`${key}/${chunk}`, bytes.subarray(start, start + CHUNK_BYTES));
    }
    return { chunks };
  }

  async getBulk(key: string, chunks: number): Promise<Buffer> {
    if (!(chunks >= 1 && chunks <= BULK_BYTES_MAX / CHUNK_BYTES)) {
      throw new RendezvousError(`${key} is said to have ${chunks} pieces`);
    }
    const pieces: Buffer[] = [];
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      const query = { key: `${this.#prefix}${key}/${chunk}` };
      const [piece] = (await this.#etcd.range(query, CALL_MS_MAX)).found;
      if (piece === undefined) {
        throw new RendezvousError(`piece ${chunk} of ${key} is missing in etcd`);
      }
      pieces.push(bufferOf(piece));
    }
    return Buffer.concat(pieces);
  }

  /** Frees the room in etcd once the bytes have been read. */
  async deleteBulk(key: string): Promise<void> {
    await this.#etcd.deletePrefix(`${this.#prefix}${key}/`, CALL_MS_MAX);
  }
}
