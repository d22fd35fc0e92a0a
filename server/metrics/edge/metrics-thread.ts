import { once } from "node:events";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { Logger } from "../../../base/log.ts";
import { StartError } from "../../process/start-error.ts";
import type { Family } from "../exposition.ts";
import type { MetricsPlan } from "./metrics-server.ts";

const TELL_MS = 1000;

export type FromMetrics =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "refused"; readonly message: string };

/**
 * Serves metrics on a thread of their own, for a server whose thread must not answer HTTP; that one sends
 * its counters once a second. Rejects with StartError when the port is not available. It does not keep
 * the process alive.
 */
export async function startMetricsThread(
  plan: MetricsPlan,
  families: () => readonly Family[],
  logger: Logger,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const file = new URL(`./metrics-worker${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(file, { workerData: plan, name: "metrics" });
  const [answer] = (await once(worker, "message")) as [FromMetrics];
  if (answer.kind === "refused") throw new StartError(answer.message);
  const tell = (): void => worker.postMessage(families());
  tell();
  const timer = setInterval(tell, TELL_MS);
  timer.unref();
  worker.unref();
  worker.once("error", (error) => {
    clearInterval(timer);
    logger.error(`The metrics are told no more: ${error.message}`);
  });
  return {
    port: answer.port,
    stop: async () => {
      clearInterval(timer);
      await worker.terminate();
    },
  };
}
