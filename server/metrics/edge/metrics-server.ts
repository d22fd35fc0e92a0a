import { readdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { systemClock } from "../../../base/clock.ts";
import { closeAtOnce } from "../../../base/net/http-closing.ts";
import { listenTcp } from "../../service/loop/tcp-acceptor.ts";
import { counter, EXPOSITION_TYPE, type Family, gauge, renderExposition } from "../exposition.ts";

/** Where metrics are served. */
export interface MetricsPlan {
  readonly address: number;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface MetricsSource {
  readonly families: () => readonly Family[];
  /** Whether every service is up. */
  readonly isReady: () => boolean;
}

const CONNECTIONS_MAX = 32;
const REQUEST_MS_MAX = 5000;
/** Within this time, further requests get the same text. */
const FRESH_MS = 500;

/**
 * `/metrics` for Prometheus, `/healthz` (this process answers) and `/readyz` (it serves), over HTTP. It
 * allows few, short connections, and makes the text at most twice a second.
 */
export class MetricsServer {
  readonly #server: Server;
  readonly #source: MetricsSource;
  #text = "";
  #textAtMs = Number.NEGATIVE_INFINITY;

  private constructor(source: MetricsSource) {
    this.#source = source;
    this.#server = createServer((request, response) => {
      const { method } = request;
      const isRead = method === "GET" || method === "HEAD";
      const [status, body] = isRead ? this.#answerTo(request.url ?? "") : [405, "Ask with GET.\n"];
      const type = status === 200 ? EXPOSITION_TYPE : "text/plain; charset=utf-8";
      const length = Buffer.byteLength(body);
      response.writeHead(status, { "Content-Type": type, "Content-Length": length });
      response.end(method === "HEAD" ? undefined : body);
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.headersTimeout = REQUEST_MS_MAX;
    this.#server.requestTimeout = REQUEST_MS_MAX;
  }

  /** Rejects with StartError when the port is not available. */
  static async open({ address, port }: MetricsPlan, source: MetricsSource): Promise<MetricsServer> {
    const metrics = new MetricsServer(source);
    await listenTcp(metrics.#server, "metrics over HTTP", address, port);
    return metrics;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return closeAtOnce(this.#server);
  }

  #answerTo(url: string): readonly [status: number, body: string] {
    switch (url.split("?")[0]) {
      case "/metrics":
        return [200, this.#metrics()];
      case "/healthz":
        return [200, "ok\n"];
      case "/readyz":
        return this.#source.isReady() ? [200, "ready\n"] : [503, "not ready\n"];
      default:
        return [404, "There are /metrics, /healthz and /readyz.\n"];
    }
  }

  #metrics(): string {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - this.#textAtMs >= FRESH_MS) {
      const { families, isReady } = this.#source;
      const ready = gauge("provlab_ready", "1 when all services serve.", isReady() ? 1 : 0);
      this.#text = renderExposition([ready, ...families(), ...processFamilies()]);
      this.#textAtMs = nowMs;
    }
    return this.#text;
  }
}

const startSeconds = systemClock.wallMs() / 1000 - process.uptime();

/** Named as in Prometheus' own clients. */
function processFamilies(): Family[] {
  const { user, system } = process.cpuUsage();
  const cpuSeconds = (user + system) / 1e6;
  const descriptors = openDescriptors();
  return [
    counter("process_cpu_seconds_total", "CPU time of the process, all threads.", cpuSeconds),
    gauge("process_resident_memory_bytes", "Memory of the process.", process.memoryUsage.rss()),
    gauge("process_start_time_seconds", "Unix time of the start.", startSeconds),
    ...(descriptors === undefined
      ? []
      : [gauge("process_open_fds", "Open file descriptors.", descriptors)]),
  ];
}

/** Undefined on a system without /proc. */
function openDescriptors(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return undefined;
  }
}
