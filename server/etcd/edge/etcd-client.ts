import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { performance } from "node:perf_hooks";
import { StartError } from "../../process/start-error.ts";
import {
  decodeLease,
  decodeRange,
  decodeTransaction,
  decodeWatch,
  encodeLease,
  encodeLeaseGrant,
  encodeRange,
  encodeTransaction,
  encodeWatch,
  type RangeAnswer,
  type RangeQuery,
  type Transaction,
  type TransactionAnswer,
  type WatchAnswer,
} from "../etcd-messages.ts";
import { ProtobufError } from "../protobuf.ts";
import { type EtcdAccess, readEtcdTls } from "./etcd-access.ts";

/** Larger answers are not believed. */
const MESSAGE_BYTES_MAX = 64 << 20;
const WINDOW_BYTES = 4 << 20;
const GRPC_OK = "0";
const leaseExists = /lease already exists/;
const leasePath = (call: string): string => `/etcdserverpb.Lease/Lease${call}`;
/** gRPC statuses with which etcd says what no other member would say differently. */
const finalStatuses: ReadonlySet<string> = new Set([
  ...["3", "5", "6", "7", "9", "11"], // invalid argument … out of range (compacted)
  ...["12", "16"], // unimplemented, unauthenticated
]);

/**
 * No answer, or a refusal that no other member would give otherwise (`isRefused`). Either way an attempt
 * that was made before may have been done, or may be done later.
 */
export class EtcdError extends Error {
  override readonly name = "EtcdError";
  readonly isRefused: boolean;

  constructor(message: string, isRefused = false) {
    super(message);
    this.isRefused = isRefused;
  }
}

export interface EtcdClientOptions extends EtcdAccess {
  /** A member that has not answered for so long is given up for another one. */
  readonly attemptMsMax: number;
}

/** Told of a watch; after `onEnd` nothing comes any more. */
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
 * etcd's API v3 over gRPC (HTTP/2), one member at a time: the one that answered last, and the next when
 * it does not. A call is sent again until its time is up, so only calls may be made
 * that mean the same the second time.
 */
export class EtcdClient {
  readonly #options: EtcdClientOptions;
  #member = 0;
  #session: ClientHttp2Session | undefined;
  #isClosed = false;

  constructor(options: EtcdClientOptions) {
    this.#options = options;
  }

  /** Throws EtcdError. `transaction` must be one that changes nothing when it comes a second time. */
  async transact(transaction: Transaction, msMax: number): Promise<TransactionAnswer> {
    const path = "/etcdserverpb.KV/Txn";
    return decodeTransaction(await this.#call(path, encodeTransaction(transaction), msMax));
  }

  /** Throws EtcdError. */
  async range(query: RangeQuery, msMax: number): Promise<RangeAnswer> {
    return decodeRange(await this.#call("/etcdserverpb.KV/Range", encodeRange(query), msMax));
  }

  /**
   * Makes a lease that lives for at least `ttlSeconds`; `lease` is a whole number above 0 that is new.
   * Returns its time to live. Throws EtcdError.
   */
  async grantLease(lease: number, ttlSeconds: number, msMax: number): Promise<number> {
    const message = encodeLeaseGrant(lease, ttlSeconds);
    try {
      return decodeLease(await this.#call(leasePath("Grant"), message, msMax)).ttlSeconds;
    } catch (error) {
      // The number is new: it was the attempt before this one that made it.
      if (error instanceof EtcdError && leaseExists.test(error.message)) return ttlSeconds;
      throw error;
    }
  }

  /** Returns its time to live from now on; 0: there is no such lease any more. Throws EtcdError. */
  async keepLeaseAlive(lease: number, msMax: number): Promise<number> {
    // A stream of calls, of which this is the only one.
    return decodeLease(await this.#call(leasePath("KeepAlive"), encodeLease(lease), msMax))
      .ttlSeconds;
  }

  /** Deletes the lease and its keys. Throws EtcdError, also when it was gone already. */
  async revokeLease(lease: number, msMax: number): Promise<void> {
    decodeLease(await this.#call(leasePath("Revoke"), encodeLease(lease), msMax));
  }

  watch(
    key: string,
    end: string | undefined,
    startRevision: number,
    listener: WatchListener,
  ): EtcdWatch {
    let isOver = false;
    const stream = this.#open("/etcdserverpb.Watch/Watch");
    if (stream instanceof EtcdError) {
      queueMicrotask(() => {
        if (!isOver) listener.onEnd(stream.message);
      });
      return {
        pause: () => undefined,
        resume: () => undefined,
        cancel() {
          isOver = true;
        },
      };
    }
    const finish = (reason: string): void => {
      if (isOver) return;
      isOver = true;
      stream.close(constants.NGHTTP2_CANCEL);
      listener.onEnd(reason);
    };
    readMessages(stream, {
      onMessage(message) {
        if (isOver) return;
        try {
          listener.onAnswer(decodeWatch(message));
        } catch (error) {
          if (!(error instanceof ProtobufError)) throw error;
          finish(error.message);
        }
      },
      onEnd: (status, text) => finish(`the watch ended: ${status} ${text}`),
    });
    stream.write(framed(encodeWatch(key, end, startRevision)));
    return {
      pause: () => void stream.pause(),
      resume: () => void stream.resume(),
      cancel() {
        isOver = true;
        stream.close(constants.NGHTTP2_CANCEL);
      },
    };
  }

  /** The member in use is given up: the next call goes to another one. */
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

  async #call(path: string, message: Uint8Array, msMax: number): Promise<Uint8Array> {
    const endMs = performance.now() + msMax;
    let pauseMs = 5;
    let reason: EtcdError | undefined;
    for (;;) {
      if (this.#isClosed) throw new EtcdError("the client is closed");
      const { attemptMsMax } = this.#options;
      const leftMs = endMs - performance.now();
      const memberMs = Math.max(1, Math.min(attemptMsMax, leftMs));
      const result = await this.#attempt(path, message, memberMs);
      if (result instanceof Uint8Array) return result;
      if (result.isRefused) throw result;
      this.changeMember();
      // That there was no time left for the last attempt says less than the one before.
      if (memberMs === attemptMsMax || reason === undefined) reason = result;
      if (performance.now() + pauseMs >= endMs) throw reason;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      pauseMs = Math.min(100, 2 * pauseMs);
    }
  }

  #attempt(path: string, message: Uint8Array, msMax: number): Promise<Uint8Array | EtcdError> {
    const stream = this.#open(path);
    if (stream instanceof EtcdError) return Promise.resolve(stream);
    return new Promise((resolve) => {
      let answer: Uint8Array | undefined;
      const timer = setTimeout(() => {
        resolve(new EtcdError(`${this.#endpoint} did not answer in ${Math.round(msMax)} ms`));
        stream.close(constants.NGHTTP2_CANCEL);
      }, msMax);
      readMessages(stream, {
        onMessage: (bytes) => {
          answer = bytes;
        },
        onEnd: (status, text) => {
          clearTimeout(timer);
          if (status === GRPC_OK && answer !== undefined) resolve(answer);
          else {
            const message = `${this.#endpoint}: ${text} (status ${status})`;
            resolve(new EtcdError(message, finalStatuses.has(status)));
          }
        },
      });
      stream.end(framed(message));
    });
  }

  get #endpoint(): string {
    return this.#options.endpoints[this.#member]!;
  }

  #open(path: string): ClientHttp2Stream | EtcdError {
    let session = this.#session;
    if (session === undefined || session.closed || session.destroyed) {
      try {
        session = this.#connect();
      } catch (error) {
        if (!(error instanceof StartError)) throw error;
        return new EtcdError(error.message);
      }
      this.#session = session;
    }
    return session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
    });
  }

  /** Throws StartError when the certificates are not to be had. */
  #connect(): ClientHttp2Session {
    const { tls } = this.#options;
    const session = connect(this.#endpoint, {
      settings: { initialWindowSize: WINDOW_BYTES },
      // Read each time, so a renewed certificate counts from the next connection on.
      ...(tls === undefined ? {} : readEtcdTls(tls)),
    });
    // What goes wrong with the connection is told by its streams.
    session.on("error", () => undefined);
    session.once("connect", (connected) => {
      // It may have been given up in the meantime.
      if (!connected.destroyed) connected.setLocalWindowSize(4 * WINDOW_BYTES);
    });
    return session;
  }
}

/** gRPC's frame of one message: not compressed, length, bytes. */
function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(5 + message.length);
  new DataView(frame.buffer).setUint32(1, message.length);
  frame.set(message, 5);
  return frame;
}

interface MessageListener {
  onMessage(message: Uint8Array): void;
  /** `status` is gRPC's, or "none" when the stream ended without one. Once. */
  onEnd(status: string, text: string): void;
}

function readMessages(stream: ClientHttp2Stream, listener: MessageListener): void {
  let status = "none";
  let text = "the connection ended";
  let rest: Buffer = Buffer.alloc(0);
  const readStatus = (headers: Record<string, unknown>): void => {
    if (typeof headers["grpc-status"] === "string") status = headers["grpc-status"];
    if (typeof headers["grpc-message"] === "string") text = headers["grpc-message"];
  };
  stream.on("response", readStatus);
  stream.on("trailers", readStatus);
  stream.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= 5) {
      const lengthBytes = rest.readUInt32BE(1);
      if (rest[0] !== 0 || lengthBytes > MESSAGE_BYTES_MAX) {
        status = "none";
        text = "an answer that cannot be read";
        stream.close(constants.NGHTTP2_CANCEL);
        return;
      }
      if (rest.length < 5 + lengthBytes) return;
      listener.onMessage(rest.subarray(5, 5 + lengthBytes));
      rest = rest.subarray(5 + lengthBytes);
    }
  });
  stream.on("error", (error) => {
    text = error.message;
  });
  stream.once("close", () => listener.onEnd(status, text));
}
