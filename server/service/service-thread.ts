import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { systemClock } from "../../base/clock.ts";
import type { LogFields, Logger, LogLevel } from "../../base/log.ts";
import { closeListed, openDescriptorList } from "../../base/net/kernel/descriptor-list.ts";
import type { StagesTaken } from "../dhcp/loop/answer-stages.ts";
import type { ControlLine, ControlRequest } from "../ha/control-messages.ts";
import type { Family } from "../metrics/exposition.ts";
import { StartError } from "../process/start-error.ts";
import { brokenBy } from "../quarantine/broken-by.ts";
import { RESTART_MS_MIN, RestartDelay } from "./restart-delay.ts";
import {
  type FromService,
  type ServicePlan,
  type ServiceStart,
  serviceName,
  type ToService,
} from "./service-plan.ts";
import { writeLines } from "./thread-log.ts";

/** Services that start again when they break, while the others go on. */
const restartable: ReadonlySet<ServicePlan["service"]> = new Set([
  "tftp",
  "time",
  "ntp",
  "syslog",
  "mirror",
]);

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
 * restarted: a node of a pair that has lost the lead can no longer trust its table. A service that breaks is restarted
 * after a while, unless it is DHCP or decides who serves: then `ended` rejects.
 */
export class ServiceThread {
  readonly name: string;
  /** The service's first report, once it serves. */
  readonly serving: Promise<Serving>;
  readonly ended: Promise<void>;
  readonly #delay = new RestartDelay();
  #plan: ServicePlan;
  readonly #about: LogFields;
  readonly #listener: ServiceListener;
  readonly #starting = settling<Serving>();
  readonly #ending = settling<void>();
  readonly #asked = new Map<number, (line: ControlLine) => void>();
  readonly #awaiting: ((report: StagesTaken) => void)[] = [];
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

  /** Has the service log all its counters once. */
  logCounters(): void {
    this.#post({ kind: "log-counters" });
  }

  /** Only of DHCP: what made answers slow since the last call. Never settles once the thread has ended. */
  takeStages(): Promise<StagesTaken> {
    const report = new Promise<StagesTaken>((resolve) => this.#awaiting.push(resolve));
    this.#post({ kind: "take-stages" });
    return report;
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
      descriptors: openDescriptorList(),
    };
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: start,
      // Files that a broken thread leaves open are closed.
      trackUnmanagedFds: restartable.has(this.#plan.service),
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
          this.#served(message);
          if (this.#tellsMetrics) this.tellMetrics();
          break;
        case "metrics":
          this.#listener.onMetrics(message.families);
          break;
        case "stages":
          this.#awaiting.shift()?.(message.taken);
          break;
        case "told":
          this.#asked.get(message.id)?.(message.line);
      }
    });
    worker.once("error", (error) => fail(broken(this.name, error)));
    worker.once("exit", () => {
      closeListed(start.descriptors);
      this.#exited(failure, over);
    });
    return worker;
  }

  #served(message: Serving): void {
    const { port } = message;
    if (this.#hasServed && restartable.has(this.#plan.service)) {
      this.#listener.logger.info(`serving again on port ${port}`, { ...this.#about, port });
    }
    this.#hasServed = true;
    // A port that the system chose stays the service's.
    if ("port" in this.#plan && this.#plan.port === 0) this.#plan = { ...this.#plan, port };
    this.#starting.resolve(message);
  }

  #exited(failure: Error | undefined, over: string | undefined): void {
    const { logger, onExit } = this.#listener;
    onExit?.();
    this.#starting.reject(new StartError(`${this.name}: the service ended while it was starting`));
    const livedMs = systemClock.monotonicMs() - this.#startedAtMs;
    const isRestarted = this.#hasServed && !this.#isStopping && !this.#isLast;
    if (failure !== undefined && isRestarted && restartable.has(this.#plan.service)) {
      const delayMs = this.#delay.next(livedMs);
      const why = brokenBy(failure.cause ?? failure);
      logger.error(
        `the service broke, and starts again in ${delayMs / 1000} s: ${why}`,
        this.#about,
      );
      this.#startIn(delayMs);
    } else if (failure !== undefined) this.#ending.reject(failure);
    else if (this.#isStopping || (this.#isLast && over !== undefined)) this.#ending.resolve();
    else if (over !== undefined && this.#hasServed) {
      logger.warn(`starts anew, because it is ${over}`, this.#about);
      this.#startIn(Math.max(0, RESTART_MS_MIN - livedMs));
    } else this.#ending.reject(new Error(`${this.name}: the service ended by itself`));
  }

  #startIn(delayMs: number): void {
    this.#restart = setTimeout(() => {
      this.#worker = this.#start();
    }, delayMs);
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
