import { randomBytes } from "node:crypto";
import { type ClientHttp2Stream, constants } from "node:http2";
import { performance } from "node:perf_hooks";
import { type AttemptLimits, AttemptTime } from "../attempt-time.ts";
import { EtcdError } from "../etcd-error.ts";
import {
  decodeLease,
  decodeRange,
  decodeRevision,
  decodeToken,
  decodeTransaction,
  decodeWatch,
  encodeAuthenticate,
  encodeLease,
  encodeLeaseGrant,
  encodeRange,
  encodeTransaction,
  encodeWatch,
  endOfPrefix,
  type Put,
  type RangeAnswer,
  type RangeQuery,
  type Transaction,
  type TransactionAnswer,
  type WatchAnswer,
} from "../etcd-messages.ts";
import { type EtcdUserAccess, readEtcdPassword } from "./etcd-access.ts";
import { EtcdConnection, orEtcdError, type Question } from "./etcd-connection.ts";
import { framed, readMessages } from "./etcd-grpc.ts";

const leaseExists = /lease already exists/;
const rangePath = "/etcdserverpb.KV/Range";
const leasePath = (call: string): string => `/etcdserverpb.Lease/Lease${call}`;
/** Longer messages depend on the window of their connection. */
const NARROW_BYTES = 32 << 10;
/** An answer is slow that takes longer than this, and so many times as long as the quickest one. */
const SLOW_MS_MIN = 50;
const SLOW_FACTOR = 4;
/** etcd forgets a token after minutes without a call, when it starts anew, and when users change. */
const tokenIsStale = /invalid auth token|revision in header is old/;

/** When a member has not answered for as long as AttemptTime gives it, another one is asked beside it. */
export interface EtcdClientOptions extends EtcdUserAccess, AttemptLimits {}

/** A call at one member. `ended` settles at the latest when the connection ends. */
interface Attempt<Answer> {
  /** Undefined when there was no connection. */
  readonly connection: EtcdConnection | undefined;
  readonly ended: Promise<AttemptEnd<Answer>>;
}

interface AttemptEnd<Answer> {
  readonly connection: EtcdConnection | undefined;
  readonly result: Answer | EtcdError;
  readonly tookMs: number;
}

/** Hears the events of a watch. `onEnd` is the last call; the next watch goes to another member. */
export interface WatchListener {
  onAnswer(answer: WatchAnswer): void;
  onEnd(reason: string): void;
}

export interface EtcdWatch {
  pause(): void;
  resume(): void;
  cancel(): void;
}

/**
 * etcd's API v3 over gRPC (HTTP/2). It asks one member; another one beside it when that one is silent, because it may
 * only be slow; and another one instead of it when it fails. The first answer counts, and its member is asked next
 * time. All this goes on until the call's time is up, so every call must be idempotent.
 */
export class EtcdClient {
  readonly #options: EtcdClientOptions;
  readonly #attemptTime: AttemptTime;
  /** All that are open: the one that new calls use, and those that calls under way have asked beside it. */
  readonly #connections = new Set<EtcdConnection>();
  #member = 0;
  #connection: EtcdConnection | undefined;
  #token: string | undefined;
  #isRenewing = false;
  #isClosed = false;

  constructor(options: EtcdClientOptions) {
    this.#options = options;
    this.#attemptTime = new AttemptTime(options);
  }

  /** How long a member gets to answer now. */
  get attemptMs(): number {
    return this.#attemptTime.ms;
  }

  /**
   * Throws EtcdError when etcd has been silent for `msMax`. While it takes the parts of a long transaction it is not:
   * `onTaken` hears of each part once. `transaction` must be idempotent.
   */
  transact(
    transaction: Transaction,
    msMax: number,
    onTaken?: () => void,
  ): Promise<TransactionAnswer> {
    const message = encodeTransaction(transaction);
    return this.#call("/etcdserverpb.KV/Txn", message, decodeTransaction, msMax, onTaken);
  }

  /** Throws EtcdError. */
  async put(put: Put, msMax: number): Promise<void> {
    await this.transact({ guards: [], puts: [put], reads: [] }, msMax);
  }

  /** Throws EtcdError. */
  range(query: RangeQuery, msMax: number): Promise<RangeAnswer> {
    return this.#call(rangePath, encodeRange(query), decodeRange, msMax);
  }

  /**
   * One page of a long reading, from one member: it is given up when no byte of the answer has come for
   * `silentMsMax`, however long the whole takes. Throws EtcdError; the next page goes to another member.
   */
  async readPage(query: RangeQuery, silentMsMax: number): Promise<RangeAnswer> {
    const silence = new Silence();
    const { connection, ended } = this.#attempt(this.#use(), {
      ...{ path: rangePath, message: encodeRange(query), decode: decodeRange },
      onBytes: () => silence.heard(),
    });
    const end = await Promise.race([silence.of(silentMsMax), ended]);
    silence.end();
    const result = end === undefined ? silenceError(connection, silentMsMax) : end.result;
    if (!(result instanceof EtcdError)) return result;
    if (!result.isRefused) this.#giveUp(connection);
    throw result;
  }

  /** Deletes every key that begins with `prefix`. Throws EtcdError. */
  async deletePrefix(prefix: string, msMax: number): Promise<void> {
    const message = encodeRange({ key: prefix, end: endOfPrefix(prefix) });
    await this.#call("/etcdserverpb.KV/DeleteRange", message, decodeRevision, msMax);
  }

  /** Makes a lease that lives for at least `ttlSeconds`; returns its number. Throws EtcdError. */
  async grantLease(ttlSeconds: number, msMax: number): Promise<number> {
    const lease = randomBytes(6).readUIntBE(0, 6) + 1;
    try {
      await this.#call(leasePath("Grant"), encodeLeaseGrant(lease, ttlSeconds), decodeLease, msMax);
    } catch (error) {
      // The number is new, so an earlier attempt of this call made the lease.
      if (!(error instanceof EtcdError && leaseExists.test(error.message))) throw error;
    }
    return lease;
  }

  /** Returns its time to live in seconds; 0: the lease does not exist any more. Throws EtcdError. */
  keepLeaseAlive(lease: number, msMax: number): Promise<number> {
    // etcd expects a stream of calls; this stream has only one.
    return this.#call(leasePath("KeepAlive"), encodeLease(lease), decodeLease, msMax);
  }

  /** Deletes the lease and its keys. Throws EtcdError, also when it was gone already. */
  async revokeLease(lease: number, msMax: number): Promise<void> {
    await this.#call(leasePath("Revoke"), encodeLease(lease), decodeRevision, msMax);
  }

  /** Watches `key`, or from it to before `end`, from `startRevision` on. */
  watch(
    key: string,
    end: string | undefined,
    startRevision: number,
    listener: WatchListener,
  ): EtcdWatch {
    let stream: ClientHttp2Stream | undefined;
    let isPaused = false;
    let isOver = false;
    const finish = (reason: string): void => {
      if (isOver) return;
      isOver = true;
      stream?.close(constants.NGHTTP2_CANCEL);
      listener.onEnd(reason);
    };
    const open = async (): Promise<void> => {
      const connection = this.#use();
      if (connection instanceof EtcdError) return finish(connection.message);
      const giveUp = (reason: string): void => {
        if (!isOver) this.#giveUp(connection);
        finish(reason);
      };
      const silence = new Silence();
      const silent = silence
        .of(this.attemptMs)
        .then(() => silenceError(connection, this.attemptMs));
      const token = await Promise.race([silent, this.#authenticate(connection)]);
      silence.end();
      if (isOver) return;
      if (token instanceof EtcdError) return giveUp(token.message);
      if (!connection.isOpen) return giveUp(`${connection.endpoint}: the connection ended`);
      stream = connection.stream("/etcdserverpb.Watch/Watch", token);
      if (isPaused) stream.pause();
      readMessages(stream, {
        onMessage: (message) => {
          if (isOver) return;
          const answer = orEtcdError(() => decodeWatch(message));
          if (answer instanceof EtcdError) return giveUp(answer.message);
          const { cancelReason, compactRevision } = answer;
          if (cancelReason === undefined || compactRevision > 0) return listener.onAnswer(answer);
          // The wording differs between versions, so a stale token may be the reason.
          this.#token = undefined;
          giveUp(`etcd ended the watch: ${cancelReason}`);
        },
        onEnd: (status, text) => giveUp(`the watch ended: ${status} ${text}`),
      });
      stream.write(framed(encodeWatch(key, end, startRevision)));
    };
    void open();
    return {
      pause() {
        isPaused = true;
        stream?.pause();
      },
      resume() {
        isPaused = false;
        stream?.resume();
      },
      cancel() {
        isOver = true;
        stream?.close(constants.NGHTTP2_CANCEL);
      },
    };
  }

  /** Gives up the member in use, so that the next call goes to another one. */
  changeMember(): void {
    this.#end(this.#connection);
    this.#member = this.#memberAfter(this.#member);
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#connections) this.#end(connection);
  }

  async #call<Answer>(
    path: string,
    message: Uint8Array,
    decode: (bytes: Uint8Array) => Answer,
    msMax: number,
    onPartTaken?: () => void,
  ): Promise<Answer> {
    const silence = new Silence();
    let endMs = performance.now() + msMax;
    let furthestBytes = 0;
    const onTaken = (takenBytes: number): void => {
      // A member that takes it again, and refuses it again, must not prolong the call without end.
      if (takenBytes <= furthestBytes) return;
      furthestBytes = takenBytes;
      endMs = performance.now() + msMax;
      silence.heard();
      onPartTaken?.();
    };
    const question = { path, message, decode, onTaken };
    const attempts = [this.#attempt(this.#use(), question)];
    let member = this.#member;
    let pauseMs = 5;
    let reason: EtcdError | undefined;
    for (;;) {
      const { attemptMs } = this;
      const memberMs = Math.max(1, Math.min(attemptMs, endMs - performance.now()));
      const ends = attempts.map(({ ended }) => ended);
      const end = await Promise.race([silence.of(memberMs), ...ends]);
      silence.end();
      if (end === undefined) {
        const { connection } = attempts[attempts.length - 1];
        this.#attemptTime.silent(memberMs);
        // A last attempt that had too little time says less than the one before it.
        if (memberMs === attemptMs) reason = silenceError(connection, memberMs);
        reason ??= silenceError(connection, memberMs);
        // Timers are a little early at times.
        if (performance.now() >= endMs - 1) break;
        if (attempts.length === this.#attemptsMax) continue;
        member = this.#memberAfter(member);
        attempts.push(this.#attempt(this.#connect(member), question));
        continue;
      }
      const { connection, result, tookMs } = end;
      if (!(result instanceof EtcdError)) {
        this.#attemptTime.answered(tookMs);
        this.#keep(connection, attempts);
        if (connection !== undefined) this.#look(connection, message.length, tookMs);
        return result;
      }
      if (result.isRefused || this.#isClosed) {
        this.#keep(connection, attempts);
        throw result;
      }
      reason = result;
      this.#giveUp(connection);
      attempts.splice(
        attempts.findIndex((attempt) => attempt.connection === connection),
        1,
      );
      // The others may still answer.
      if (attempts.length > 0) continue;
      if (performance.now() + pauseMs >= endMs) break;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      pauseMs = Math.min(100, 2 * pauseMs);
      attempts.push(this.#attempt(this.#use(), question));
      member = this.#member;
    }
    for (const { connection } of attempts) this.#giveUp(connection);
    throw reason;
  }

  /**
   * A member estimates how much a connection can carry, and opens its window as far; it never does so again where
   * answers once came quicker (grpc-go, internal/transport/bdp_estimator.go). Then 64 KiB pass in each round trip, and
   * a connection from quicker times has to be replaced.
   */
  #look(connection: EtcdConnection, messageBytes: number, tookMs: number): void {
    const isSlow = tookMs > SLOW_MS_MIN && tookMs > SLOW_FACTOR * connection.leastMs;
    connection.leastMs = Math.min(connection.leastMs, tookMs);
    if (messageBytes > NARROW_BYTES && isSlow && !this.#isRenewing) void this.#renew(connection);
  }

  /** The new connection is used once it has answered, so no call waits for its handshakes. */
  async #renew(slow: EtcdConnection): Promise<void> {
    this.#isRenewing = true;
    const silence = new Silence();
    const question = { path: rangePath, message: encodeRange({ key: "\0" }), decode: decodeRange };
    const { connection, ended } = this.#attempt(this.#connect(slow.member), question);
    const end = await Promise.race([silence.of(this.#options.attemptMsMax), ended]);
    silence.end();
    this.#isRenewing = false;
    const hasAnswered =
      end !== undefined && !(end.result instanceof EtcdError && !end.result.isRefused);
    if (!hasAnswered || connection === undefined || this.#connection !== slow) {
      this.#end(connection);
      return;
    }
    connection.leastMs = end.tookMs;
    this.#connection = connection;
    // A call that is under way there ends it with its answer.
    if (slow.isIdle) this.#end(slow);
  }

  #attempt<Answer>(
    connection: EtcdConnection | EtcdError,
    question: Question<Answer>,
  ): Attempt<Answer> {
    if (connection instanceof EtcdError) {
      const end = { connection: undefined, result: connection, tookMs: 0 };
      return { connection: undefined, ended: Promise.resolve(end) };
    }
    const startMs = performance.now();
    const ended = this.#asUser(connection, question).then((result) => {
      return { connection, result, tookMs: performance.now() - startMs };
    });
    return { connection, ended };
  }

  async #asUser<Answer>(
    connection: EtcdConnection,
    question: Question<Answer>,
  ): Promise<Answer | EtcdError> {
    const token = await this.#authenticate(connection);
    if (token instanceof EtcdError) return token;
    const result = await connection.ask(question, token);
    const isStale = result instanceof EtcdError && tokenIsStale.test(result.message);
    if (token === undefined || !isStale) return result;
    // Another call may have a new one already.
    if (this.#token === token) this.#token = undefined;
    return new EtcdError(result.message);
  }

  /** The token by which etcd knows the user; undefined without credentials. */
  async #authenticate(connection: EtcdConnection): Promise<string | undefined | EtcdError> {
    const { credentials } = this.#options;
    if (credentials === undefined || this.#token !== undefined) return this.#token;
    // Read each time, as certificates are.
    const password = orEtcdError(() => readEtcdPassword(credentials));
    if (password instanceof EtcdError) return password;
    const token = await connection.ask(
      {
        path: "/etcdserverpb.Auth/Authenticate",
        message: encodeAuthenticate(credentials.user, password),
        decode: decodeToken,
      },
      undefined,
    );
    if (!(token instanceof EtcdError)) this.#token = token;
    return token;
  }

  /** The connection that calls use. */
  #use(): EtcdConnection | EtcdError {
    if (this.#connection?.isOpen) return this.#connection;
    this.#end(this.#connection);
    const connection = this.#connect(this.#member);
    if (!(connection instanceof EtcdError)) this.#connection = connection;
    return connection;
  }

  #memberAfter(member: number): number {
    return (member + 1) % this.#options.endpoints.length;
  }

  #connect(member: number): EtcdConnection | EtcdError {
    if (this.#isClosed) return new EtcdError("the client is closed");
    const { endpoints, tls } = this.#options;
    const connection = EtcdConnection.open(member, endpoints[member], tls);
    if (!(connection instanceof EtcdError)) this.#connections.add(connection);
    return connection;
  }

  /** The member that has answered is asked from now on, instead of those that were silent. */
  #keep(answering: EtcdConnection | undefined, attempts: readonly Attempt<unknown>[]): void {
    for (const { connection } of attempts) if (connection !== answering) this.#end(connection);
    if (answering === undefined || answering === this.#connection) return;
    if (this.#connection === undefined) {
      this.#connection = answering;
      this.#member = answering.member;
    } else this.#end(answering);
  }

  /** The member is not changed again when another call has given it up already. */
  #giveUp(connection: EtcdConnection | undefined): void {
    if (connection === this.#connection) this.changeMember();
    else this.#end(connection);
  }

  #end(connection: EtcdConnection | undefined): void {
    if (connection === undefined) return;
    connection.end();
    this.#connections.delete(connection);
    if (connection === this.#connection) this.#connection = undefined;
  }

  /** Then all have been asked, and it waits. */
  get #attemptsMax(): number {
    return Math.max(2, this.#options.endpoints.length);
  }
}

/** Ends a wait in which nothing is heard. */
class Silence {
  #timer: NodeJS.Timeout | undefined;

  /** Settles when nothing has been heard for `msMax`. */
  of(msMax: number): Promise<undefined> {
    return new Promise((resolve) => {
      this.#timer = setTimeout(() => resolve(undefined), msMax);
    });
  }

  heard(): void {
    this.#timer?.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function silenceError(connection: EtcdConnection | undefined, ms: number): EtcdError {
  return new EtcdError(`${connection?.endpoint} did not answer in ${Math.round(ms)} ms`);
}
