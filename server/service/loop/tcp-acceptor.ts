import { createServer, type Server, type Socket } from "node:net";
import { listenOn } from "../../../base/net/listening.ts";
import { formatIpv4, parseIpv4 } from "../../../protocol/ipv4.ts";
import { systemReason } from "../../process/start-error.ts";
import { portRefused } from "./datagram-loop.ts";

export interface TcpAcceptorOptions {
  /** The service's name in messages: `syslog`, `Time`. */
  readonly service: string;
  /** 0 is the wildcard. */
  readonly address: number;
  readonly port: number;
  /**
   * A further connection takes the place of the oldest one of the peer that has most, if it has two more than the
   * newcomer; otherwise it is closed at once. Both count as refused.
   */
  readonly connectionsMax: number;
  /** The limit for one peer, so that it cannot take all connections; `connectionsMax` by default. */
  readonly connectionsPerPeerMax?: number;
  /** A connection that is silent this long is closed and counted. */
  readonly idleMsMax: number;
  /** Takes over a connection. It ends by its owner, by its peer, when idle, or with the acceptor. */
  readonly onConnection: (socket: Socket, peerAddress: number) => void;
}

/** Listens on one port. `what` is served there. Rejects with StartError when it is not available. */
export async function listenTcp(
  server: Server,
  what: string,
  address: number,
  port: number,
): Promise<void> {
  const where = { host: formatIpv4(address), port, exclusive: true };
  await listenOn(server, where).catch((error: unknown) => {
    throw portRefused(what, address, port, systemReason(error));
  });
}

/** Accepts TCP connections, with limits on their number and on their idle time. */
export class TcpAcceptor {
  /** `failed` counts connections that ended with an error. */
  readonly counters = { accepted: 0, refused: 0, idleClosed: 0, failed: 0 };
  readonly #options: TcpAcceptorOptions;
  readonly #server: Server;
  /** Each with its peer, the oldest first. */
  readonly #open = new Map<Socket, number>();
  readonly #peers = new Map<number, number>();

  /** Rejects with StartError when the port is not available. */
  static async open(options: TcpAcceptorOptions): Promise<TcpAcceptor> {
    const acceptor = new TcpAcceptor(options);
    const { service, address, port } = options;
    await listenTcp(acceptor.#server, `${service} TCP`, address, port);
    acceptor.#server.on("error", () => {
      acceptor.counters.failed += 1;
    });
    return acceptor;
  }

  private constructor(options: TcpAcceptorOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get port(): number {
    const bound = this.#server.address();
    return bound === null || typeof bound === "string" ? this.#options.port : bound.port;
  }

  get connections(): number {
    return this.#open.size;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      for (const socket of this.#open.keys()) socket.destroy();
    });
  }

  #accept(socket: Socket): void {
    const { connectionsMax, idleMsMax, onConnection } = this.#options;
    const peer = parseIpv4(socket.remoteAddress ?? "") ?? 0;
    const ofPeer = this.#peers.get(peer) ?? 0;
    socket.on("error", () => {
      this.counters.failed += 1;
    });
    const peerMax = this.#options.connectionsPerPeerMax ?? connectionsMax;
    const isFull = this.#open.size >= connectionsMax;
    if (ofPeer >= peerMax || (isFull && !this.#makeRoom(ofPeer + 2))) {
      this.counters.refused += 1;
      socket.destroy();
      return;
    }
    this.counters.accepted += 1;
    this.#open.set(socket, peer);
    this.#peers.set(peer, ofPeer + 1);
    socket.on("close", () => this.#forget(socket));
    socket.setTimeout(idleMsMax, () => {
      this.counters.idleClosed += 1;
      socket.destroy();
    });
    onConnection(socket, peer);
  }

  /** Ends the oldest connection of the peer that has most, if it has at least `countMin`. */
  #makeRoom(countMin: number): boolean {
    const [peer, count] = [...this.#peers].reduce((most, one) => (one[1] > most[1] ? one : most));
    if (count < countMin) return false;
    const oldest = [...this.#open.keys()].find((socket) => this.#open.get(socket) === peer);
    if (oldest === undefined) return false;
    this.counters.refused += 1;
    this.#forget(oldest);
    oldest.destroy();
    return true;
  }

  #forget(socket: Socket): void {
    const peer = this.#open.get(socket);
    if (peer === undefined) return;
    this.#open.delete(socket);
    const left = (this.#peers.get(peer) ?? 1) - 1;
    if (left > 0) this.#peers.set(peer, left);
    else this.#peers.delete(peer);
  }
}
