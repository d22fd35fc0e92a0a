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

/** From one start of a service to the next: one that is over at once does not keep a core busy. */
const RESTART_MS_MIN = 1000;

export type Serving = Extract<FromService, { kind: "serving" }>;

/** Who is told what a service says and does. */
export interface ServiceListener {
  readonly logger: Logger;
  /** The least that the service logs. */
  readonly logLevel: LogLevel;
  readonly onMetrics: (families: readonly Family[]) => void;
  /** The thread is gone, whether another one follows or not. */
  readonly onExit?: () => void;
}

/**
 * The thread of one service, seen from outside. One that says it is over (a node of a pair that has lost
 * the lead, whose table nobody can trust any more) is started anew.
 */
export class ServiceThread {
  readonly name: string;
  /** What it says of itself, once it serves. */
  readonly serving: Promise<Serving>;
  readonly ended: Promise<void>;
  readonly #plan: ServicePlan;
  readonly #about: LogFields;
  readonly #listener: ServiceListener;
  readonly #starting = new Settling<Serving>();
  readonly #ending = new Settling<void>();
  readonly #asked = new Map<number, (line: ControlLine) => void>();
  #worker: Worker;
  #startedAtMs = 0;
  #restart: NodeJS.Timeout | undefined;
  #tellsMetrics = false;
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

  /** Lines come until what this returns is called, or the thread is gone. */
  ask(request: ControlRequest, onLine: (line: ControlLine) => void): () => void {
    this.#lastId += 1;
    const id = this.#lastId;
    this.#asked.set(id, onLine);
    this.#post({ kind: "ask", id, request });
    return () => this.#asked.delete(id);
  }

  /** From now on one that is over is not started anew: the node is about to end. */
  startNoMore(): void {
    this.#isLast = true;
  }

  /** Ends the service in good order; does nothing when it is over. */
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
      // Sockets and pipes come from the C library: Node would warn of each one that it did not open.
      trackUnmanagedFds: false,
    });
    let failure: Error | undefined;
    let over: string | undefined;
    const fail = (error: Error): void => {
      failure ??= error;
      this.#starting.reject(error);
    };
    worker.on("message", (message: FromService) => {
      if (message.kind === "refused") fail(new StartError(`${this.name}: ${message.message}`));
      else if (message.kind === "over") over = message.reason;
      else if (message.kind === "log") {
        writeLines(message.lines, this.#listener.logger, this.#about, start.linesUnderWay);
      } else this.#take(message);
    });
    worker.once("error", (error) => fail(broken(this.name, error)));
    worker.once("exit", () => this.#exited(failure, over));
    return worker;
  }

  #take(message: Exclude<FromService, { kind: "refused" | "over" | "log" }>): void {
    switch (message.kind) {
      case "serving":
        this.#starting.resolve(message);
        if (this.#tellsMetrics) this.tellMetrics();
        break;
      case "metrics":
        this.#listener.onMetrics(message.families);
        break;
      case "told":
        this.#asked.get(message.id)?.(message.line);
    }
  }

  #exited(failure: Error | undefined, over: string | undefined): void {
    this.#listener.onExit?.();
    const isStarted = this.#starting.isSettled;
    this.#starting.reject(new StartError(`${this.name}: the service ended while it was starting`));
    if (failure !== undefined) this.#ending.reject(failure);
    else if (this.#isStopping || (this.#isLast && over !== undefined)) this.#ending.resolve();
    else if (over !== undefined && isStarted) {
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

/** A promise that is settled from outside, and that nobody need look at. */
class Settling<Value> {
  readonly promise: Promise<Value>;
  isSettled = false;
  readonly #resolve: (value: Value) => void;
  readonly #reject: (error: Error) => void;

  constructor() {
    let resolve!: (value: Value) => void;
    let reject!: (error: Error) => void;
    this.promise = new Promise((resolve_, reject_) => {
      resolve = resolve_;
      reject = reject_;
    });
    this.promise.catch(() => undefined);
    this.#resolve = resolve;
    this.#reject = reject;
  }

  resolve(value: Value): void {
    this.isSettled = true;
    this.#resolve(value);
  }

  reject(error: Error): void {
    this.isSettled = true;
    this.#reject(error);
  }
}

/** A service's thread died: an error of ours, or the memory that it may have was not enough. */
function broken(service: string, error: Error): Error {
  return new Error(`${service}: the service broke: ${error.stack ?? error.message}`, {
    cause: error,
  });
}
