import type { Etcd3, Watcher } from "etcd3";

/** etcd takes requests of 1.5 MiB unless told otherwise. */
const CHUNK_BYTES = 1024 * 1024;
const BULK_BYTES_MAX = 256 * 1024 * 1024;

/** A run that several machines play cannot go on: the message says why. */
export class RendezvousError extends Error {
  override readonly name = "RendezvousError";
}

interface Waiter {
  readonly resolve: (value: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A part of etcd's keys as this process sees it: what is there, and who waits for what is not there yet.
 * Everything that is written goes under one lease, so that nothing is left when its owner is gone.
 */
export class Board {
  /** Told of every key that is written or deleted, without the prefix. */
  onPut: (key: string, value: Buffer) => void = () => {};
  onDelete: (key: string) => void = () => {};
  /** Told once, when the board fails. */
  onFail: (error: RendezvousError) => void = () => {};
  readonly #prefix: string;
  readonly #values = new Map<string, Buffer>();
  readonly #waiters = new Map<string, Set<Waiter>>();
  #watcher: Watcher | undefined;
  #failure: RendezvousError | undefined;

  private constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Reads what is there and follows it from then on. */
  static async open(etcd: Etcd3, prefix: string): Promise<Board> {
    const board = new Board(prefix);
    const { header, kvs } = await etcd.getAll().prefix(prefix).exec();
    for (const { key, value } of kvs) board.#values.set(board.#nameOf(key), value);
    const next = (BigInt(header.revision) + 1n).toString();
    board.#watcher = await etcd.watch().prefix(prefix).startRevision(next).create();
    board.#watcher
      .on("put", ({ key, value }) => board.#put(board.#nameOf(key), value))
      .on("delete", ({ key }) => {
        board.#values.delete(board.#nameOf(key));
        board.onDelete(board.#nameOf(key));
      })
      .on("error", (error) => board.fail(new RendezvousError(`etcd: ${error.message}`)));
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

  /** Whoever waits, now or later, hears of it. */
  fail(error: RendezvousError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.onFail(error);
    for (const waiters of this.#waiters.values()) {
      for (const { reject } of waiters) reject(error);
    }
    this.#waiters.clear();
  }

  /** Not waited for: where etcd is gone it would not come to an end. What goes wrong then is told. */
  close(say: (text: string) => void): void {
    this.fail(new RendezvousError("the rendezvous is over"));
    this.#watcher
      ?.cancel()
      .catch((error: Error) => say(`etcd has not ended a watch: ${error.message}`));
    this.#watcher = undefined;
  }

  #nameOf(key: Buffer): string {
    return key.toString("utf8").slice(this.#prefix.length);
  }

  #put(key: string, value: Buffer): void {
    this.#values.set(key, value);
    this.onPut(key, value);
    for (const { resolve } of this.#waiters.get(key) ?? []) resolve(value);
    this.#waiters.delete(key);
  }
}

/** Writes under a prefix and a lease; bulk is what may be longer than one request. */
export class BoardWriter {
  readonly #etcd: Etcd3;
  readonly #prefix: string;
  readonly #lease: string;

  constructor(etcd: Etcd3, prefix: string, lease: string) {
    this.#etcd = etcd;
    this.#prefix = prefix;
    this.#lease = lease;
  }

  async put(key: string, value: string | Buffer): Promise<void> {
    await this.#etcd.put(`${this.#prefix}${key}`).value(value).lease(this.#lease);
  }

  /** In pieces, one after the other. Throws RendezvousError for more than BULK_BYTES_MAX. */
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
      const piece = await this.#etcd.get(`${this.#prefix}${key}/${chunk}`).buffer();
      if (piece === null) throw new RendezvousError(`piece ${chunk} of ${key} is missing in etcd`);
      pieces.push(piece);
    }
    return Buffer.concat(pieces);
  }

  /** What has been read needs no room in etcd any more. */
  async deleteBulk(key: string): Promise<void> {
    await this.#etcd.delete().prefix(`${this.#prefix}${key}/`);
  }
}
