import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { systemClock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Family } from "./metrics/exposition.ts";
import { LatestMetrics } from "./metrics/latest-metrics.ts";
import { type MetricsPlan, MetricsServer } from "./metrics/metrics-server.ts";
import {
  type FromService,
  type ServicePlan,
  serviceName,
  type ToService,
} from "./service/service-plan.ts";
import { StartError } from "./start-error.ts";

export interface RunningProv {
  /** UDP port of each service that runs, by its name; `metrics`: the TCP port. */
  readonly ports: ReadonlyMap<string, number>;
  /** How DHCP keeps its leases, "fsync" or "os", the weaker of several; undefined without DHCP. */
  readonly durability: string | undefined;
  /** Settles when all services are over; rejects when one ended by itself, after stopping the rest. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the services of a PROV, each on a thread of its own. Rejects with StartError when one cannot
 * start; those that did are stopped again. With `metricsPlan` it tells what they count, from before they
 * serve until they are stopped.
 */
export async function startProv(
  plans: readonly ServicePlan[],
  logger: Logger,
  metricsPlan?: MetricsPlan,
): Promise<RunningProv> {
  const latest = new LatestMetrics(plans.map(serviceName));
  const metrics =
    metricsPlan === undefined
      ? undefined
      : await MetricsServer.open(metricsPlan, {
          families: () => latest.families(),
          isReady: () => latest.isReady(systemClock.monotonicMs()),
        });
  const services = plans.map(
    (plan) =>
      new Service(plan, logger, (families) => {
        latest.take(serviceName(plan), families, systemClock.monotonicMs());
      }),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(services.map((service) => service.stop()));
    await metrics?.close();
  };
  try {
    const serving = await Promise.all(services.map((service) => service.serving));
    if (metrics !== undefined) for (const service of services) service.tellMetrics();
    const ended = Promise.all(services.map((service) => service.ended)).then(
      () => undefined,
      async (error: unknown) => {
        await stop();
        throw error;
      },
    );
    // Whoever holds the PROV may never ask.
    ended.catch(() => undefined);
    return {
      ports: new Map([
        ...services.map(({ name }, index) => [name, serving[index]!.port] as const),
        ...(metrics === undefined ? [] : [["metrics", metrics.port] as const]),
      ]),
      durability: weakest(serving),
      ended,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function weakest(serving: readonly Serving[]): string | undefined {
  const found = serving.flatMap(({ durability }) => durability ?? []);
  return found.find((durability) => durability !== "fsync") ?? found[0];
}

type Serving = Extract<FromService, { kind: "serving" }>;

class Service {
  readonly name: string;
  /** What it says of itself, once it serves. */
  readonly serving: Promise<Serving>;
  readonly ended: Promise<void>;
  readonly #worker: Worker;
  #isStopping = false;

  constructor(plan: ServicePlan, logger: Logger, onMetrics: (families: readonly Family[]) => void) {
    this.name = serviceName(plan);
    const file = `./service/service-worker${extname(import.meta.url)}`;
    this.#worker = new Worker(new URL(file, import.meta.url), { workerData: plan });
    this.serving = new Promise((resolve, reject) => {
      this.#worker.on("message", (message: FromService) => {
        if (message.kind === "serving") resolve(message);
        else if (message.kind === "metrics") onMetrics(message.families);
        else if (message.kind === "log") logger[message.level](`${this.name}: ${message.message}`);
        else if (message.kind === "refused") {
          reject(new StartError(`${this.name}: ${message.message}`));
        }
      });
      this.#worker.once("error", (error) => reject(broken(this.name, error)));
      this.#worker.once("exit", () => {
        reject(new StartError(`${this.name}: the service ended while it was starting`));
      });
    });
    this.ended = new Promise((resolve, reject) => {
      this.#worker.once("error", (error) => reject(broken(this.name, error)));
      this.#worker.once("exit", () => {
        if (this.#isStopping) resolve();
        else reject(new Error(`${this.name}: the service ended by itself`));
      });
    });
    this.serving.catch(() => undefined);
    this.ended.catch(() => undefined);
  }

  tellMetrics(): void {
    const request: ToService = { kind: "tell-metrics" };
    this.#worker.postMessage(request);
  }

  /** Ends the service in good order; does nothing when it is over. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const request: ToService = { kind: "stop" };
    this.#worker.postMessage(request);
    await this.ended.catch(() => undefined);
  }
}

/** A service's thread died: an error of ours, or the memory that it may have was not enough. */
function broken(service: string, error: Error): Error {
  return new Error(`${service}: the service broke: ${error.stack ?? error.message}`, {
    cause: error,
  });
}
