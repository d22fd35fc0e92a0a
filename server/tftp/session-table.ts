import { assert } from "../../base/assert.ts";
import { ClientIndex } from "./client-index.ts";
import type { ReadTransfer } from "./transfer.ts";
import type { TransferContent } from "./transfer-content.ts";

/** One transfer and its client. A session is identified by our port and the client's address and port. */
export interface Session {
  /** Index of the port that the transfer runs on. */
  readonly port: number;
  readonly clientAddress: number;
  readonly clientPort: number;
  /** The local address that the client asked, 0 when unknown. Answers are sent from it. */
  readonly localAddress: number;
  readonly filename: string;
  /** Distinguishes a repeated request from a different one. */
  readonly fingerprint: number;
  readonly startedAtMs: number;
  readonly content: TransferContent;
  readonly transfer: ReadTransfer;
}

const NONE = -1;

/**
 * At most `capacity` sessions, one for each client address and port. Two lists order them: sessions that
 * the client never answered, by age; and the others, by the time since their last progress.
 */
export class SessionTable {
  readonly capacity: number;
  readonly #index: ClientIndex;
  readonly #sessions: (Session | undefined)[];
  readonly #free: Int32Array;
  #freeCount: number;
  /** Circular lists; the last two nodes, after the ids, are the list heads. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  constructor(capacity: number, seed: number) {
    this.capacity = capacity;
    this.#index = new ClientIndex(capacity, seed);
    this.#sessions = new Array<Session | undefined>(capacity).fill(undefined);
    this.#free = Int32Array.from({ length: capacity }, (_, i) => capacity - 1 - i);
    this.#freeCount = capacity;
    this.#next = new Int32Array(capacity + 2);
    this.#previous = new Int32Array(capacity + 2);
    for (const head of [this.#unanswered, this.#answered]) {
      this.#next[head] = head;
      this.#previous[head] = head;
    }
  }

  get count(): number {
    return this.capacity - this.#freeCount;
  }

  get isFull(): boolean {
    return this.#freeCount === 0;
  }

  /** The id, -1 when there is none. */
  find(clientAddress: number, clientPort: number): number {
    return this.#index.find(clientAddress, clientPort);
  }

  get(id: number): Session {
    const session = this.#sessions[id];
    assert(session !== undefined, `session ${id} does not exist`);
    return session;
  }

  /** The table must not be full, nor contain a session of the same client and port. */
  add(session: Session): number {
    assert(this.#freeCount > 0, "the session table is full");
    assert(this.find(session.clientAddress, session.clientPort) === NONE, "session exists");
    this.#freeCount -= 1;
    const id = this.#free[this.#freeCount];
    this.#sessions[id] = session;
    this.#index.add(session.clientAddress, session.clientPort, id);
    this.#append(id, this.#unanswered);
    return id;
  }

  remove(id: number): void {
    const { clientAddress, clientPort } = this.get(id);
    this.#index.remove(clientAddress, clientPort);
    this.#sessions[id] = undefined;
    this.#unlink(id);
    this.#free[this.#freeCount] = id;
    this.#freeCount += 1;
  }

  /** Call it when the client has acknowledged more. */
  markProgress(id: number): void {
    this.#unlink(id);
    this.#append(id, this.#answered);
  }

  /** The oldest session that was never answered, -1 when there is none. */
  oldestUnanswered(): number {
    return this.#first(this.#unanswered);
  }

  /** The answered session that has been silent the longest, -1 when there is none. */
  mostSilent(): number {
    return this.#first(this.#answered);
  }

  *ids(): Generator<number> {
    for (const [id, session] of this.#sessions.entries()) if (session !== undefined) yield id;
  }

  get #unanswered(): number {
    return this.capacity;
  }

  get #answered(): number {
    return this.capacity + 1;
  }

  #first(head: number): number {
    const id = this.#next[head];
    return id === head ? NONE : id;
  }

  #append(id: number, head: number): void {
    const last = this.#previous[head];
    this.#next[last] = id;
    this.#previous[id] = last;
    this.#next[id] = head;
    this.#previous[head] = id;
  }

  #unlink(id: number): void {
    const next = this.#next[id];
    const previous = this.#previous[id];
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }
}
