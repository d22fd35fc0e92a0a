import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { systemClock } from "../../base/clock.ts";
import type { LogFields, Logger, LogLevel } from "../../base/log.ts";
import type { ControlLine, ControlRequest } from "../ha/control-messages.ts";
import type { Family } from "../metrics/exposition.ts";
import { StartError } from "../process/start-error.ts";
import {
  type FromService,
  type ServicePlan,
  type ServiceStart,
  serviceName,
  type ToService,
} from "./service-plan.ts";
import { writeLines } from "./thread-log.ts";

/**
 * The shortest time between two starts, so that a service that ends at once does not keep a core busy.
 */
const RESTART_MS_MIN = 1000;

export type Serving = Extract<FromService, { kind: "serving" }>;

/** Receives what a service logs and reports. */
export interface ServiceListener {
  readonly logger: Logger;
  /** The least severe level that the service logs. */
  readonly logLevel: LogLevel;
  readonly onMetrics: (families: readonly Family[]) => void;
  /** The thread has ended, whether or not it is restarted. */
  readonly onExit?: () => void;
}

/**
 * The thread of one service, seen from outside. When the service reports that it is over, it is
 * restarted: a node of a pair that has lost the lead can no longer trust its table.
 */
export class ServiceThread {
  readonly name: string;
  /** The service's first report, once it serves. */
  readonly serving: Promise<Serving>;
  readonly ended: Promise<void>;
  readonly #plan: ServicePlan;
  readonly #about: LogFields;
  readonly #listener: ServiceListener;
  readonly #starting = settling<Serving>();
  readonly #ending = settling<void>();
  readonly #asked = new Map<number, (line: ControlLine) => void>();
  #worker: Worker;
  #startedAtMs = 0;
  #restart: NodeJS.Timeout | undefined;
  #tellsMetrics = false;
  #hasServed = false;
  #isStopping = false;
  #isLast = false;
  #lastId = 0;

  constructor(plan: ServicePlan, listener: ServiceListener) {
    this.name = serviceName(plan);
    this.#plan = plan;
    this.#about = { service: this.name };
    this.#listener = listener;
    this.serving = this.#starting.promise;
    this.ended = this.#ending.promise;
    this.#worker = this.#start();
  }

  tellMetrics(): void {
    this.#tellsMetrics = true;
    this.#post({ kind: "tell-metrics" });
  }

  /** Calls `onLine` until the returned function is called or the thread has ended. */
  ask(request: ControlRequest, onLine: (line: ControlLine) => void): () => void {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#asked.set(id, onLine);
    this.#post({ kind: "ask", id, request });
    return () => this.#asked.delete(id);
  }

  /** The node is about to end, so a service that is over is not restarted any more. */
  startNoMore(): void {
    this.#isLast = true;
  }

  /** Ends the service in good order; does nothing when it has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#post({ kind: "stop" });
    if (this.#restart !== undefined) {
      clearTimeout(this.#restart);
      this.#ending.resolve();
    }
    await this.ended.catch(() => undefined);
  }

  #post(message: ToService): void {
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    this.#restart = undefined;
    this.#startedAtMs = systemClock.monotonicMs();
    const file = `./service-worker${extname(import.meta.url)}`;
    const start: ServiceStart = {
      plan: this.#plan,
      logLevel: this.#listener.logLevel,
      linesUnderWay: new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
    };
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: start,
      // The C library opens sockets and pipes, and Node would warn about each one.
      trackUnmanagedFds: false,
    });
    let failure: Error | undefined;
    let over: string | undefined;
    const fail = (error: Error): void => {
      failure ??= error;
      this.#starting.reject(error);
    };
    worker.on("message", (message: FromService) => {
      switch (message.kind) {
        case "refused":
          fail(new StartError(`${this.name}: ${message.message}`));
          break;
        case "over":
          over = message.reason;
          break;
        case "log":
          writeLines(message.lines, this.#listener.logger, this.#about, start.linesUnderWay);
          break;
        case "serving":
          this.#hasServed = true;
          this.#starting.resolve(message);
          if (this.#tellsMetrics) this.tellMetrics();
          break;
        case "metrics":
          this.#listener.onMetrics(message.families);
          break;
        case "told":
          this.#asked.get(message.id)?.(message.line);
      }
    });
    worker.once("error", (error) => fail(broken(this.name, error)));
    worker.once("exit", () => this.#exited(failure, over));
    return worker;
  }

  #exited(failure: Error | undefined, over: string | undefined): void {
    this.#listener.onExit?.();
    this.#starting.reject(new StartError(`${this.name}: the service ended while it was starting`));
    if (failure !== undefined) this.#ending.reject(failure);
    else if (this.#isStopping || (this.#isLast && over !== undefined)) this.#ending.resolve();
    else if (over !== undefined && this.#hasServed) {
      this.#listener.logger.warn(`starts anew, because it is ${over}`, this.#about);
      const livedMs = systemClock.monotonicMs() - this.#startedAtMs;
      this.#restart = setTimeout(
        () => {
          this.#worker = this.#start();
        },
        Math.max(0, RESTART_MS_MIN - livedMs),
      );
    } else this.#ending.reject(new Error(`${this.name}: the service ended by itself`));
  }
}

/** A promise that is settled from outside, and that need not be awaited. */
function settling<Value>() {
  let resolve!: (value: Value) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<Value>((resolve_, reject_) => {
    resolve = resolve_;
    reject = reject_;
  });
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}

/** A service's thread died: through our own error, or because it ran out of memory. */
function broken(service: string, error: Error): Error {
  return new Error(`${service}: the service broke: ${error.stack ?? error.message}`, {
    cause: error,
  });
}
