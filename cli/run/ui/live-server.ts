import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { listenOn } from "../../../base/net/listening.ts";
import { UsageError } from "../../options/usage-error.ts";
import type { LiveEvent, LiveView } from "./live-view.ts";

const CONNECTIONS_MAX = 64;
const WATCHERS_MAX = 16;
const BODY_BYTES_MAX = 256;
/** A watcher with more unread bytes is cut off. Its browser connects again and gets everything. */
const UNREAD_BYTES_MAX = 16 * 1024 * 1024;
const REQUEST_MS_MAX = 5000;

export interface LiveServerOptions {
  /** On 127.0.0.1; 0 lets the system choose. */
  readonly port: number;
  readonly view: LiveView;
  readonly html: string;
  /** Hashes of the page's scripts, for its content security policy. */
  readonly scriptHashes: readonly string[];
  /** The report, once it is written. */
  readonly report: () => string | undefined;
  /** Returns false when there is no such pace. */
  readonly setPace: (pace: number) => boolean;
  readonly abort: () => void;
}

/** An answer that is not a stream. */
interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly body?: string;
}

const noSuchPage: Answer = { status: 404, body: "There is no such page.\n" };
const forbidden: Answer = { status: 403, body: "This page is for whoever started the run.\n" };

/**
 * Serves the page of a run on the loopback interface. A random token in the URL keeps other users of the machine
 * from watching and steering. A page of another origin cannot read it, because there is no CORS, and cannot reach it
 * by a name of its own, because the Host header is compared.
 */
export class LiveServer {
  readonly #options: LiveServerOptions;
  readonly #server: Server;
  readonly #token = randomBytes(18).toString("base64url");
  readonly #watchers = new Set<ServerResponse>();

  private constructor(options: LiveServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.headersTimeout = REQUEST_MS_MAX;
    this.#server.requestTimeout = REQUEST_MS_MAX;
  }

  /** Rejects with UsageError when the port cannot be had. */
  static async open(options: LiveServerOptions): Promise<LiveServer> {
    const live = new LiveServer(options);
    const where = { host: "127.0.0.1", port: options.port };
    await listenOn(live.#server, where).catch((error: Error) => {
      throw new UsageError(`--ui-port ${options.port}: ${error.message}`);
    });
    return live;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/${this.#token}/`;
  }

  tell(events: readonly LiveEvent[]): void {
    const text = textOf(events);
    for (const watcher of this.#watchers) {
      if (watcher.writableLength > UNREAD_BYTES_MAX) watcher.destroy();
      else watcher.write(text);
    }
  }

  async close(): Promise<void> {
    for (const watcher of this.#watchers) watcher.end();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const hardStop = setTimeout(() => this.#server.closeAllConnections(), CLOSE_MS_MAX);
    await closed;
    clearTimeout(hardStop);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on("error", () => undefined);
    const answer = await this.#answerTo(request, response);
    if (answer === undefined) return;
    const { status, type = "text/plain; charset=utf-8", body = "" } = answer;
    response.writeHead(status, {
      ...this.#headers(type),
      "Content-Length": Buffer.byteLength(body),
    });
    response.end(request.method === "HEAD" ? undefined : body);
  }

  /** Undefined when the request has become a stream of events. */
  async #answerTo(request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    const [, token = "", page, ...rest] = (request.url ?? "").split("?")[0].split("/");
    if (!this.#isOwnHost(request) || !this.#isToken(token)) return forbidden;
    if (page === undefined || rest.length > 0) return noSuchPage;
    if (request.method === "POST") return await this.#steer(page, request);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return { status: 405, body: "Only GET and POST are answered.\n" };
    }
    const { html, report } = this.#options;
    if (page === "") return { status: 200, type: "text/html; charset=utf-8", body: html };
    if (page === "report") {
      const body = report();
      return body === undefined ? noSuchPage : { status: 200, type: REPORT_TYPE, body };
    }
    if (page !== "events" || request.method === "HEAD") return noSuchPage;
    return this.#watch(response);
  }

  #watch(response: ServerResponse): Answer | undefined {
    if (this.#watchers.size >= WATCHERS_MAX) {
      return { status: 503, body: `${WATCHERS_MAX} pages watch already.\n` };
    }
    this.#watchers.add(response);
    response.on("close", () => this.#watchers.delete(response));
    response.writeHead(200, this.#headers("text/event-stream"));
    response.write(`retry: 2000\n\n${textOf(this.#options.view.greeting())}`);
    return undefined;
  }

  async #steer(page: string, request: IncomingMessage): Promise<Answer> {
    const { view, setPace, abort } = this.#options;
    if (!this.#isOwnPage(request)) return forbidden;
    if (page !== "pace" && page !== "abort") return noSuchPage;
    const body = await bodyOf(request);
    if (view.isOver) return { status: 409, body: "The run is over.\n" };
    if (page === "abort") {
      abort();
      return { status: 204 };
    }
    if (!setPace(paceIn(body))) return { status: 400, body: "There is no such pace.\n" };
    this.tell(view.status());
    return { status: 204 };
  }

  #isToken(token: string): boolean {
    const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
    return timingSafeEqual(digest(token), digest(this.#token));
  }

  /** A page whose own name was bound to 127.0.0.1 (DNS rebinding) sends that name. */
  #isOwnHost({ headers }: IncomingMessage): boolean {
    return headers.host === `127.0.0.1:${this.port}` || headers.host === `localhost:${this.port}`;
  }

  /** Browsers send the origin of a POST; other clients need not. */
  #isOwnPage({ headers }: IncomingMessage): boolean {
    const { origin } = headers;
    const site = headers["sec-fetch-site"];
    return (
      (origin === undefined || origin === `http://${headers.host}`) &&
      (site === undefined || site === "same-origin")
    );
  }

  /** The report has its own, stricter policy. */
  #headers(type: string): Record<string, string> {
    const hashes = this.#options.scriptHashes.map((hash) => `'${hash}'`).join(" ");
    const policy = `default-src 'none'; connect-src 'self'; img-src data:; style-src 'unsafe-inline'; script-src ${hashes}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
    return {
      "Content-Type": type,
      ...(type === REPORT_TYPE ? {} : { "Content-Security-Policy": policy }),
      "Cache-Control": "no-store",
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
      "X-Frame-Options": "DENY",
      "Cross-Origin-Resource-Policy": "same-origin",
    };
  }
}

const REPORT_TYPE = "text/html;charset=utf-8";
const CLOSE_MS_MAX = 1000;

function textOf(events: readonly LiveEvent[]): string {
  return events
    .map(({ name, data }) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
    .join("");
}

/** Empty for a body that is longer than any valid one. */
async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const chunk of request) {
      text += String(chunk);
      if (text.length > BODY_BYTES_MAX) return "";
    }
  } catch {
    // The client is gone.
    return "";
  }
  return text;
}

/** NaN when the body has no pace. */
function paceIn(body: string): number {
  try {
    const { pace } = JSON.parse(body) as { pace?: unknown };
    return typeof pace === "number" ? pace : Number.NaN;
  } catch {
    return Number.NaN;
  }
}
