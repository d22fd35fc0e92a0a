import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../../../base/clock.ts";
import { StartError } from "../../process/start-error.ts";
import type { Family } from "../exposition.ts";
import { LatestMetrics } from "../latest-metrics.ts";
import { type MetricsPlan, openMetricsServer } from "./metrics-server.ts";
import type { FromMetrics } from "./metrics-thread.ts";

// The thread of `startMetricsThread`.

const port = parentPort!;
const latest = new LatestMetrics(["dhcp"]);
port.on("message", (families: readonly Family[]) => {
  latest.take("dhcp", families, systemClock.monotonicMs());
});
try {
  const server = await openMetricsServer(workerData as MetricsPlan, {
    families: () => latest.families(),
    isReady: () => latest.isReady(systemClock.monotonicMs()),
  });
  port.postMessage({ kind: "listening", port: server.port } satisfies FromMetrics);
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  port.postMessage({ kind: "refused", message: error.message } satisfies FromMetrics);
  port.close();
}
