import { lstatSync, unlinkSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { closeAtOnce } from "../../base/net/http-closing.ts";
import { listenOn } from "../../base/net/listening.ts";
import {
  type ControlLine,
  type ControlOrder,
  type ControlStatus,
  controlOrders,
  isLastLine,
} from "../ha/control-messages.ts";
import { StartError, systemReason } from "../process/start-error.ts";

/** Answers the requests. Both methods reject with NoAnswerError when no answer comes. */
export interface ControlSource {
  status(): Promise<ControlStatus>;
  /** Passes on each line as it arrives; settles after the last one. */
  carryOut(order: ControlOrder, tell: (line: ControlLine) => void): Promise<void>;
}

/** The thread that should answer is silent; the message is a sentence for the operator. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
}

const connectionsMax = 16;
const requestMsMax = 5000;
const othersMayNothing = 0o177;

/**
 * The control socket: HTTP over a Unix domain socket that only the owner of the process may connect to.
 * `GET /status` answers JSON (`provlab/pair-status@1`); `POST /failback` and `POST /clean-up` answer a line
 * of JSON for each step and a last one with the end. 504: the thread that should answer hangs.
 */
export class ControlServer {
  readonly #server: Server;
  readonly #source: ControlSource;

  private constructor(source: ControlSource) {
    this.#source = source;
    this.#server = createServer((request, response) => {
      // No request has a body.
      request.resume();
      void this.#answer(request.method ?? "", request.url ?? "", response);
    });
    this.#server.maxConnections = connectionsMax;
    this.#server.headersTimeout = requestMsMax;
    this.#server.requestTimeout = requestMsMax;
  }

  /**
   * Replaces the socket of a dead process. Rejects with StartError when a living process has it, or when
   * it cannot be opened. Open it before any thread: the permissions of new files belong to the whole
   * process.
   */
  static async open(path: string, source: ControlSource): Promise<ControlServer> {
    await makeWay(path);
    const control = new ControlServer(source);
    // Bound with its final permissions, so others can never connect, not even for a moment.
    const before = process.umask(othersMayNothing);
    const listening = listenOn(control.#server, { path });
    process.umask(before);
    await listening.catch((error: unknown) => {
      throw new StartError(`control: cannot listen on ${path}: ${systemReason(error)}`);
    });
    return control;
  }

  close(): Promise<void> {
    return closeAtOnce(this.#server);
  }

  async #answer(method: string, url: string, response: ServerResponse): Promise<void> {
    const order = controlOrders.find((name) => url === `/${name}`);
    try {
      if (method === "GET" && url === "/status") {
        const status = await this.#source.status();
        end(response, 200, "application/json", `${JSON.stringify(status)}\n`);
      } else if (method === "POST" && order !== undefined) {
        await this.#stream(order, response);
      } else {
        end(
          response,
          404,
          "text/plain",
          "There are GET /status, POST /failback, POST /clean-up.\n",
        );
      }
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      end(response, 504, "text/plain", `${error.message}\n`);
    }
  }

  /** The head is sent with the first line, so that silence before it can still be a 504. */
  async #stream(order: ControlOrder, response: ServerResponse): Promise<void> {
    let isOver = false;
    await this.#source.carryOut(order, (line) => {
      if (!response.headersSent)
        response.writeHead(200, { "Content-Type": "application/x-ndjson" });
      response.write(`${JSON.stringify(line)}\n`);
      isOver = isLastLine(line);
    });
    if (!isOver) throw new NoAnswerError(`${order} ended without a word`);
    response.end();
  }
}

function end(response: ServerResponse, status: number, type: string, body: string): void {
  // An answer that has begun ends without its last line, which its reader notices.
  if (!response.headersSent) {
    response.writeHead(status, {
      "Content-Type": type,
      "Content-Length": Buffer.byteLength(body),
    });
    response.write(body);
  }
  response.end();
}

async function makeWay(path: string): Promise<void> {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return;
  if (!status.isSocket()) {
    throw new StartError(`control: ${path} is there and is no socket; remove it or choose another`);
  }
  if (await isListenedTo(path)) {
    throw new StartError(
      `control: another server listens on ${path}; stop it, or give each its own (control.socket)`,
    );
  }
  unlinkSync(path);
}

async function isListenedTo(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // Refused: no process listens at the other end. Any other file is not ours to remove.
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "ECONNREFUSED"));
  });
}
