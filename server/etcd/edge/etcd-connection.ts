import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { StartError } from "../../process/start-error.ts";
import { EtcdError } from "../etcd-error.ts";
import { ProtobufError } from "../protobuf.ts";
import { type EtcdTlsFiles, readEtcdTls } from "./etcd-access.ts";
import { framed, readMessages, writeMessage } from "./etcd-grpc.ts";

const WINDOW_BYTES = 4 << 20;
const GRPC_OK = "0";
/** gRPC statuses of refusals that every other member of etcd would repeat. */
const finalStatuses: ReadonlySet<string> = new Set([
  ...["3", "5", "6", "7", "9", "11"], // invalid argument … out of range (compacted)
  ...["12", "16"], // unimplemented, unauthenticated
]);

/** A call of etcd's API, and how to read its answer. */
export interface Question<Answer> {
  readonly path: string;
  readonly message: Uint8Array;
  readonly decode: (bytes: Uint8Array) => Answer;
  /** The member has taken so much of a long request. */
  readonly onTaken?: (takenBytes: number) => void;
  /** Another part of the answer has come. */
  readonly onBytes?: () => void;
}

/** A connection to one member of etcd, the one at `member` in the list of endpoints. */
export class EtcdConnection {
  readonly member: number;
  readonly endpoint: string;
  /** The quickest answer of a call. */
  leastMs = Number.POSITIVE_INFINITY;
  readonly #session: ClientHttp2Session;
  #asked = 0;

  private constructor(member: number, endpoint: string, session: ClientHttp2Session) {
    this.member = member;
    this.endpoint = endpoint;
    this.#session = session;
  }

  static open(
    member: number,
    endpoint: string,
    tls: EtcdTlsFiles | undefined,
  ): EtcdConnection | EtcdError {
    const session = orEtcdError(() =>
      connect(endpoint, {
        settings: { initialWindowSize: WINDOW_BYTES },
        // Read each time, so a renewed certificate counts from the next connection on.
        ...(tls === undefined ? {} : readEtcdTls(tls)),
      }),
    );
    if (session instanceof EtcdError) return session;
    // Its streams report what goes wrong with the connection.
    session.on("error", () => undefined);
    session.once("connect", (connected) => {
      // It may have been given up in the meantime.
      if (!connected.destroyed) connected.setLocalWindowSize(4 * WINDOW_BYTES);
    });
    return new EtcdConnection(member, endpoint, session);
  }

  /** No question waits for its answer. */
  get isIdle(): boolean {
    return this.#asked === 0;
  }

  get isOpen(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** A new stream, for a call that the user of `token` makes. The connection must be open. */
  stream(path: string, token: string | undefined): ClientHttp2Stream {
    return this.#session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...(token === undefined ? {} : { token }),
    });
  }

  /** Waits for the answer until the connection ends: the caller keeps the time. */
  ask<Answer>(
    { path, message, decode, onTaken, onBytes }: Question<Answer>,
    token: string | undefined,
  ): Promise<Answer | EtcdError> {
    const { endpoint } = this;
    if (!this.isOpen) return Promise.resolve(new EtcdError(`${endpoint}: the connection ended`));
    const stream = this.stream(path, token);
    this.#asked += 1;
    return new Promise((resolve) => {
      let answer: Uint8Array | undefined;
      readMessages(stream, {
        onMessage: (bytes) => {
          answer = bytes;
        },
        onEnd: (status, text) => {
          this.#asked -= 1;
          const bytes = answer;
          if (status === GRPC_OK && bytes !== undefined) resolve(orEtcdError(() => decode(bytes)));
          else {
            const sentence = `${endpoint}: ${text} (status ${status})`;
            resolve(new EtcdError(sentence, finalStatuses.has(status)));
          }
        },
      });
      if (onBytes !== undefined) stream.on("data", onBytes);
      writeMessage(stream, framed(message), onTaken);
    });
  }

  /** Ends its calls, too. */
  end(): void {
    this.#session.destroy();
  }
}

/** An unreadable file or answer fails only this attempt. */
export function orEtcdError<Result>(get: () => Result): Result | EtcdError {
  try {
    return get();
  } catch (error) {
    if (!(error instanceof StartError || error instanceof ProtobufError)) throw error;
    return new EtcdError(error.message);
  }
}
