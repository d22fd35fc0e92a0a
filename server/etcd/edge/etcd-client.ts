import { randomBytes } from "node:crypto";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { performance } from "node:perf_hooks";
import { StartError } from "../../process/start-error.ts";
import { type AttemptLimits, AttemptTime } from "../attempt-time.ts";
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
import { ProtobufError } from "../protobuf.ts";
import { type EtcdUserAccess, readEtcdPassword, readEtcdTls } from "./etcd-access.ts";
import { framed, readMessages } from "./etcd-grpc.ts";

const WINDOW_BYTES = 4 << 20;
const GRPC_OK = "0";
const leaseExists = /lease already exists/;
const rangePath = "/etcdserverpb.KV/Range";
const leasePath = (call: string): string => `/etcdserverpb.Lease/Lease${call}`;
/** gRPC statuses of refusals that every other member of etcd would repeat. */
const finalStatuses: ReadonlySet<string> = new Set([
  ...["3", "5", "6", "7", "9", "11"], // invalid argument … out of range (compacted)
  ...["12", "16"], // unimplemented, unauthenticated
]);
/** etcd forgets a token after minutes without a call, when it starts anew, and when users change. */
const tokenIsStale = /invalid auth token|revision in header is old/;

/**
 * There was no answer, or a refusal that every other member would repeat (`isRefused`). In both cases an
 * earlier attempt may have succeeded, or may still succeed.
 */
export class EtcdError extends Error {
  override readonly name = "EtcdError";
  readonly isRefused: boolean;

  constructor(message: string, isRefused = false) {
    super(message);
    this.isRefused = isRefused;
  }
}

/** A member did not answer in its time. */
class EtcdSilence extends EtcdError {}

/** A member that has not answered for as long as AttemptTime gives it is given up for another one. */
export interface EtcdClientOptions extends EtcdUserAccess, AttemptLimits {}

/** `whole`: from the request to the end of the answer. `silence`: from one byte of the answer to the next. */
interface AnswerLimit {
  readonly kind: "whole" | "silence";
  readonly msMax: number;
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
 * etcd's API v3 over gRPC (HTTP/2). It asks one member at a time, and the next one when that one does
 * not answer. A call is repeated until its time is up, so every call must be idempotent.
 */
export class EtcdClient {
  readonly #options: EtcdClientOptions;
  readonly #attemptTime: AttemptTime;
  #member = 0;
  #session: ClientHttp2Session | undefined;
  #token: string | undefined;
  #isClosed = false;

  constructor(options: EtcdClientOptions) {
    this.#options = options;
    this.#attemptTime = new AttemptTime(options);
  }

  /** How long a member gets to answer now. */
  get attemptMs(): number {
    return this.#attemptTime.ms;
  }

  /** Throws EtcdError. `transaction` must be idempotent. */
  transact(transaction: Transaction, msMax: number): Promise<TransactionAnswer> {
    const message = encodeTransaction(transaction);
    return this.#call("/etcdserverpb.KV/Txn", message, decodeTransaction, msMax);
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
    const limit: AnswerLimit = { kind: "silence", msMax: silentMsMax };
    const answer = await this.#attempt(rangePath, encodeRange(query), decodeRange, limit);
    if (answer instanceof EtcdError) throw answer;
    return answer;
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
      const token = await this.#authenticated(this.attemptMs);
      if (isOver) return;
      const opened =
        token instanceof EtcdError ? token : this.#open("/etcdserverpb.Watch/Watch", token);
      if (opened instanceof EtcdError) return finish(opened.message);
      const giveUp = (reason: string): void => {
        if (!isOver) this.#giveUp(opened.session);
        finish(reason);
      };
      stream = opened.stream;
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
    this.#session?.destroy();
    this.#session = undefined;
    this.#member = (this.#member + 1) % this.#options.endpoints.length;
  }

  close(): void {
    this.#isClosed = true;
    this.#session?.destroy();
    this.#session = undefined;
  }

  async #call<Answer>(
    path: string,
    message: Uint8Array,
    decode: (bytes: Uint8Array) => Answer,
    msMax: number,
  ): Promise<Answer> {
    const endMs = performance.now() + msMax;
    let pauseMs = 5;
    let reason: EtcdError | undefined;
    for (;;) {
      const { attemptMs } = this;
      const startMs = performance.now();
      const memberMs = Math.max(1, Math.min(attemptMs, endMs - startMs));
      const limit: AnswerLimit = { kind: "whole", msMax: memberMs };
      const result = await this.#attempt(path, message, decode, limit);
      if (!(result instanceof EtcdError)) {
        this.#attemptTime.answered(performance.now() - startMs);
        return result;
      }
      if (result.isRefused || this.#isClosed) throw result;
      if (result instanceof EtcdSilence) this.#attemptTime.silent(memberMs);
      // A last attempt that had too little time says less than the one before it.
      if (memberMs === attemptMs || reason === undefined) reason = result;
      if (performance.now() + pauseMs >= endMs) throw reason;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      pauseMs = Math.min(100, 2 * pauseMs);
    }
  }

  async #attempt<Answer>(
    path: string,
    message: Uint8Array,
    decode: (bytes: Uint8Array) => Answer,
    { kind, msMax }: AnswerLimit,
  ): Promise<Answer | EtcdError> {
    const endMs = performance.now() + msMax;
    const token = await this.#authenticated(msMax);
    if (token instanceof EtcdError) return token;
    const left: AnswerLimit = { kind, msMax: Math.max(1, endMs - performance.now()) };
    const result = await this.#exchange(path, message, decode, token, left);
    const isStale = result instanceof EtcdError && tokenIsStale.test(result.message);
    if (token === undefined || !isStale) return result;
    // Another call may have a new one already.
    if (this.#token === token) this.#token = undefined;
    return new EtcdError(result.message);
  }

  /** The token by which etcd knows the user; undefined without credentials. */
  async #authenticated(msMax: number): Promise<string | undefined | EtcdError> {
    const { credentials } = this.#options;
    if (credentials === undefined || this.#token !== undefined) return this.#token;
    // Read each time, as certificates are.
    const password = orEtcdError(() => readEtcdPassword(credentials));
    if (password instanceof EtcdError) return password;
    const message = encodeAuthenticate(credentials.user, password);
    const path = "/etcdserverpb.Auth/Authenticate";
    const limit: AnswerLimit = { kind: "whole", msMax };
    const token = await this.#exchange(path, message, decodeToken, undefined, limit);
    if (!(token instanceof EtcdError)) this.#token = token;
    return token;
  }

  /** Asks the member in use once, and gives it up when it has no answer. */
  #exchange<Answer>(
    path: string,
    message: Uint8Array,
    decode: (bytes: Uint8Array) => Answer,
    token: string | undefined,
    { kind, msMax }: AnswerLimit,
  ): Promise<Answer | EtcdError> {
    const opened = this.#open(path, token);
    if (opened instanceof EtcdError) return Promise.resolve(opened);
    const { session, stream } = opened;
    const endpoint = this.#endpoint;
    return new Promise((resolve) => {
      let answer: Uint8Array | undefined;
      const end = (result: Answer | EtcdError): void => {
        clearTimeout(timer);
        if (result instanceof EtcdError && !result.isRefused) this.#giveUp(session);
        resolve(result);
      };
      const timer = setTimeout(() => {
        stream.close(constants.NGHTTP2_CANCEL);
        end(new EtcdSilence(`${endpoint} did not answer in ${Math.round(msMax)} ms`));
      }, msMax);
      readMessages(stream, {
        onMessage: (bytes) => {
          answer = bytes;
        },
        onEnd: (status, text) => {
          const bytes = answer;
          if (status === GRPC_OK && bytes !== undefined) end(orEtcdError(() => decode(bytes)));
          else {
            const message = `${endpoint}: ${text} (status ${status})`;
            end(new EtcdError(message, finalStatuses.has(status)));
          }
        },
      });
      if (kind === "silence") stream.on("data", () => void timer.refresh());
      stream.end(framed(message));
    });
  }

  /** Nothing is done when another call has given the member up already. */
  #giveUp(session: ClientHttp2Session): void {
    if (session === this.#session) this.changeMember();
  }

  get #endpoint(): string {
    return this.#options.endpoints[this.#member];
  }

  #open(path: string, token: string | undefined): OpenStream | EtcdError {
    if (this.#isClosed) return new EtcdError("the client is closed");
    let session = this.#session;
    if (session === undefined || session.closed || session.destroyed) {
      const connected = orEtcdError(() => this.#connect());
      if (connected instanceof EtcdError) return connected;
      session = this.#session = connected;
    }
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...(token === undefined ? {} : { token }),
    });
    return { session, stream };
  }

  /** Throws StartError when the certificates cannot be read. */
  #connect(): ClientHttp2Session {
    const { tls } = this.#options;
    const session = connect(this.#endpoint, {
      settings: { initialWindowSize: WINDOW_BYTES },
      // Read each time, so a renewed certificate counts from the next connection on.
      ...(tls === undefined ? {} : readEtcdTls(tls)),
    });
    // Its streams report what goes wrong with the connection.
    session.on("error", () => undefined);
    session.once("connect", (connected) => {
      // It may have been given up in the meantime.
      if (!connected.destroyed) connected.setLocalWindowSize(4 * WINDOW_BYTES);
    });
    return session;
  }
}

interface OpenStream {
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;
}

/** An unreadable file or answer fails only this attempt. */
function orEtcdError<Result>(get: () => Result): Result | EtcdError {
  try {
    return get();
  } catch (error) {
    if (!(error instanceof StartError || error instanceof ProtobufError)) throw error;
    return new EtcdError(error.message);
  }
}
