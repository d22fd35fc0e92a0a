import { readdirSync } from "node:fs";
import { createServer } from "node:http";
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
 * Serves `/metrics` for Prometheus, `/healthz` (this process answers) and `/readyz` (it serves) over HTTP.
 * It allows few, short connections, and makes the text at most twice a second. Rejects with StartError
 * when the port is not available.
 */
export async function openMetricsServer({ address, port }: MetricsPlan, source: MetricsSource) {
  let text = "";
  let textAtMs = Number.NEGATIVE_INFINITY;
  const metrics = (): string => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - textAtMs >= FRESH_MS) {
      const ready = gauge("provlab_ready", "1 when all services serve.", source.isReady() ? 1 : 0);
      text = renderExposition([ready, ...source.families(), ...processFamilies()]);
      textAtMs = nowMs;
    }
    return text;
  };
  const answerTo = (url: string): readonly [status: number, body: string] => {
    switch (url.split("?")[0]) {
      case "/metrics":
        return [200, metrics()];
      case "/healthz":
        return [200, "ok\n"];
      case "/readyz":
        return source.isReady() ? [200, "ready\n"] : [503, "not ready\n"];
      default:
        return [404, "There are /metrics, /healthz and /readyz.\n"];
    }
  };
  const server = createServer(({ method, url = "" }, response) => {
    const isRead = method === "GET" || method === "HEAD";
    const [status, body] = isRead ? answerTo(url) : [405, "Ask with GET.\n"];
    const type = status === 200 ? EXPOSITION_TYPE : "text/plain; charset=utf-8";
    const length = Buffer.byteLength(body);
    response.writeHead(status, { "Content-Type": type, "Content-Length": length });
    response.end(method === "HEAD" ? undefined : body);
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.headersTimeout = REQUEST_MS_MAX;
  server.requestTimeout = REQUEST_MS_MAX;
  await listenTcp(server, "metrics over HTTP", address, port);
  return { port: (server.address() as AddressInfo).port, close: () => closeAtOnce(server) };
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
