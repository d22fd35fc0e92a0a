import { closeSync, createReadStream } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as rest } from "node:timers/promises";
import { closeAtOnce } from "../../../base/net/http-closing.ts";
import type { HeartbeatSigner } from "../../../protocol/heartbeat/packet.ts";
import { listenTcp } from "../../service/loop/tcp-acceptor.ts";
import { mirrorServerTls } from "./mirror-tls.ts";
import type { WatchedFolder } from "./watched-folder.ts";

const CONNECTIONS_MAX = 16;
const REQUEST_MS_MAX = 5000;
/** A connection without any traffic is closed after this time, whichever side stalls. */
const IDLE_MS_MAX = 15_000;
/** The first scan of a large folder takes longer; then the client asks again. */
const SCAN_MS_MAX = 2000;
const HEADER_BYTES_MAX = 8192;

/** Counters of one node's mirror. */
export const newMirrorCounters = () => ({
  fetched: 0,
  bytes: 0,
  removed: 0,
  served: 0,
  unproven: 0,
});
export type MirrorCounters = ReturnType<typeof newMirrorCounters>;

export interface MirrorSource {
  readonly counters: MirrorCounters;
  readonly sign: HeartbeatSigner;
  readonly folders: ReadonlyMap<string, WatchedFolder>;
  /** Only the node that serves DHCP is the master. */
  readonly isActive: () => boolean;
}

/**
 * Answers the other node over HTTPS on one interconnect, to which only the pair's key opens a connection: `GET
 * /manifest?folder=NAME&unless=VERSION` and `GET /file?folder=NAME&path=PATH`. It gives only paths of the last
 * manifest, so a name cannot lead anywhere else. 304: unchanged; 409: not the active node, or the file has changed;
 * 503: the folder is being read for the first time.
 */
export class MirrorServer {
  readonly #server: Server;
  readonly #source: MirrorSource;
  /** With those that have not shown the key yet. */
  readonly #connections = new Set<Socket>();

  private constructor(source: MirrorSource) {
    this.#source = source;
    const options = { ...mirrorServerTls(source.sign), maxHeaderSize: HEADER_BYTES_MAX };
    this.#server = createServer(options, (request, response) => {
      void this.#answer(request, response).catch(() => response.destroy());
    });
    this.#server.on("connection", (socket: Socket) => {
      this.#connections.add(socket);
      socket.once("close", () => this.#connections.delete(socket));
    });
    this.#server.on("tlsClientError", () => {
      source.counters.unproven += 1;
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.headersTimeout = REQUEST_MS_MAX;
    this.#server.requestTimeout = REQUEST_MS_MAX;
    this.#server.keepAliveTimeout = IDLE_MS_MAX;
    this.#server.setTimeout(IDLE_MS_MAX, (socket) => socket.destroy());
  }

  /** Rejects with StartError when the port is not available. */
  static async open(address: number, port: number, source: MirrorSource): Promise<MirrorServer> {
    const mirror = new MirrorServer(source);
    await listenTcp(mirror.#server, "the mirror over HTTPS", address, port);
    return mirror;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    for (const connection of this.#connections) connection.destroy();
    return closeAtOnce(this.#server);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = "", headers } = request;
    const hasBody = headers["transfer-encoding"] !== undefined || Number(headers["content-length"]);
    if (hasBody || method !== "GET") {
      response.destroy();
      return;
    }
    const { isActive, folders } = this.#source;
    const { pathname, searchParams } = new URL(url, "http://mirror");
    const folder = folders.get(searchParams.get("folder") ?? "");
    if (!isActive()) tell(response, 409, "this node is not active");
    else if (folder === undefined) tell(response, 404, "no such folder");
    else if (pathname === "/manifest") {
      const scan = await Promise.race([folder.now(), rest(SCAN_MS_MAX, undefined, { ref: false })]);
      if (scan === undefined) {
        tell(response, 503, "the folder is being read");
        return;
      }
      const { text, version } = scan;
      const isAsBefore = searchParams.get("unless") === version;
      tell(response, isAsBefore ? 304 : 200, isAsBefore ? "" : text);
    } else if (pathname === "/file") {
      this.#sendFile(folder, searchParams.get("path") ?? "", response);
    } else tell(response, 404, "no such thing");
  }

  #sendFile(folder: WatchedFolder, path: string, response: ServerResponse): void {
    const opened = folder.index.open(path);
    if (opened === undefined) {
      tell(response, 409, "not as in the manifest");
      return;
    }
    const { fd, size } = opened;
    response.writeHead(200, { "Content-Length": size });
    this.#source.counters.served += 1;
    if (size === 0) {
      closeSync(fd);
      response.end();
      return;
    }
    const file = createReadStream("", { fd, start: 0, end: size - 1 });
    // The client may leave before the whole file was read; an error ends both.
    response.on("close", () => file.destroy());
    file.on("error", () => response.destroy());
    file.pipe(response);
  }
}

function tell(response: ServerResponse, status: number, body: string): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { "Content-Length": bytes.length }).end(bytes);
}
