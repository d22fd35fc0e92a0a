import { setTimeout as pause } from "node:timers/promises";
import type { EtcdClient, EtcdWatch } from "../../../server/etcd/edge/etcd-client.ts";
import { endOfPrefix, type KeyValue, type WatchEvent } from "../../../server/etcd/etcd-messages.ts";
import type { AgentsKey } from "./agents-key.ts";
import { CALL_MS_MAX } from "./etcd.ts";
import { RendezvousError } from "./rendezvous-error.ts";

/** etcd's default limit of a request is 1.5 MiB. */
const CHUNK_BYTES = 1024 * 1024;
const BULK_BYTES_MAX = 256 * 1024 * 1024;
const RETRY_MS = 100;

interface Waiter {
  readonly resolve: (value: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** How the values of a run are written and read. */
export interface BoardAccess {
  readonly etcd: EtcdClient;
  readonly key: AgentsKey;
  readonly say: (text: string) => void;
}

/**
 * A copy of all keys of etcd with one prefix, without the values that are not sealed with our key. A caller can wait
 * for a key that does not exist yet.
 */
export class Board {
  /** Called for every key that is written or deleted, without its prefix. */
  onPut: (key: string, value: Buffer) => void = () => {};
  onDelete: (key: string) => void = () => {};
  /** Called once, when the board fails. */
  onFail: (error: RendezvousError) => void = () => {};
  readonly #access: BoardAccess;
  readonly #prefix: string;
  readonly #values = new Map<string, Buffer>();
  readonly #waiters = new Map<string, Set<Waiter>>();
  #watch: EtcdWatch | undefined;
  #failure: RendezvousError | undefined;
  #forged = 0;

  private constructor(access: BoardAccess, prefix: string) {
    this.#access = access;
    this.#prefix = prefix;
  }

  /** Reads all keys and then follows their changes. Throws EtcdError. */
  static async open(access: BoardAccess, prefix: string): Promise<Board> {
    const board = new Board(access, prefix);
    const { revision, found } = await access.etcd.range(
      { key: prefix, end: endOfPrefix(prefix) },
      CALL_MS_MAX,
    );
    for (const keyValue of found) {
      const value = board.#opened(keyValue);
      if (value !== undefined) board.#values.set(board.#nameOf(keyValue), value);
    }
    board.#follow(revision + 1);
    return board;
  }

  get entries(): ReadonlyMap<string, Buffer> {
    return this.#values;
  }

  get failure(): RendezvousError | undefined {
    return this.#failure;
  }

  /** Values so far that were not sealed with our key. */
  get forged(): number {
    return this.#forged;
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
    this.#watch = this.#access.etcd.watch(this.#prefix, end, startRevision, {
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

  #opened({ key, value }: KeyValue): Buffer | undefined {
    const opened = this.#access.key.open(key, value);
    if (opened !== undefined) return opened;
    this.#forged += 1;
    // Said once, because it can happen as often as somebody else likes.
    if (this.#forged === 1) {
      this.#access.say(
        `below ${this.#prefix} etcd has what our --agents-key did not seal: ignored`,
      );
    }
    return undefined;
  }

  #show(event: WatchEvent): void {
    const key = this.#nameOf(event);
    if (event.isDeleted) {
      this.#values.delete(key);
      this.onDelete(key);
      return;
    }
    const value = this.#opened(event);
    if (value === undefined) return;
    this.#values.set(key, value);
    this.onPut(key, value);
    for (const { resolve } of this.#waiters.get(key) ?? []) resolve(value);
    this.#waiters.delete(key);
  }
}

/** Writes sealed keys with a prefix, under a lease. Bulk values may be longer than one request. */
export class BoardWriter {
  readonly #access: BoardAccess;
  readonly #prefix: string;
  readonly #lease: number;

  constructor(access: BoardAccess, prefix: string, lease: number) {
    this.#access = access;
    this.#prefix = prefix;
    this.#lease = lease;
  }

  async put(name: string, value: string | Buffer): Promise<void> {
    const { etcd, key: agentsKey } = this.#access;
    const key = `${this.#prefix}${name}`;
    const sealed = agentsKey.seal(key, Buffer.from(value));
    await etcd.put({ key, value: sealed, lease: this.#lease }, CALL_MS_MAX);
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

  /** Throws RendezvousError for pieces that are missing, not sealed with our key or too many. */
  async getBulk(name: string, chunks: number, bytesMax = BULK_BYTES_MAX): Promise<Buffer> {
    // Bytes that cannot be packed grow by a little.
    if (!(chunks >= 1 && chunks <= bytesMax / CHUNK_BYTES + 1)) {
      throw new RendezvousError(`${name} is said to have ${chunks} pieces`);
    }
    const { etcd, key: agentsKey } = this.#access;
    const pieces: Buffer[] = [];
    for (let chunk = 0; chunk < chunks; chunk += 1) {
      const key = `${this.#prefix}${name}/${chunk}`;
      const [found] = (await etcd.range({ key }, CALL_MS_MAX)).found;
      const piece = found && agentsKey.open(key, found.value);
      if (piece === undefined || piece.length > CHUNK_BYTES) {
        const what = found === undefined ? "is missing in etcd" : "is not sealed with our key";
        throw new RendezvousError(`piece ${chunk} of ${name} ${what}`);
      }
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  /** Frees the room in etcd once the bytes have been read. */
  async deleteBulk(key: string): Promise<void> {
    await this.#access.etcd.deletePrefix(`${this.#prefix}${key}/`, CALL_MS_MAX);
  }
}
