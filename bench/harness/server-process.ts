import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, readlinkSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import {
  memoryMiBOf,
  type ProcessTimes,
  type ThreadTimes,
  threadTimesOf,
  timesOfTree,
} from "../../lab/machine/process-usage.ts";

/** A server could not be started or died: the message says what it said last. */
export class ServerProcessError extends Error {
  override readonly name = "ServerProcessError";
}

export interface ServerCommand {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Takes both of its output streams. */
  readonly logFile: string;
  /** It serves once it holds this UDP port and, where that is not enough, has said `readyText`. */
  readonly port: number;
  readonly readyText?: string;
  /** Whether the command enters a network namespace of its own: ports of this one do not count. */
  readonly entersNamespace: boolean;
}

const START_MS_MAX = 60_000;
const STOP_MS_MAX = 15_000;
const POLL_MS = 50;
/** Between the opening of the port and the first packet. */
const SETTLE_MS = 500;

/** Every server that runs: an exit handler ends what a failure left behind. */
const running = new Set<ChildProcess>();

/** A server under measurement, from the opening of its port until `stop`. */
export class ServerProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #logFile: string;
  readonly #entersNamespace: boolean;
  #failure: string | undefined;

  private constructor({ name, command, environment, logFile, entersNamespace }: ServerCommand) {
    this.name = name;
    this.#logFile = logFile;
    this.#entersNamespace = entersNamespace;
    const [program, ...args] = command;
    const log = openSync(logFile, "w");
    this.#child = spawn(program!, args, {
      stdio: ["ignore", log, log],
      env: { ...process.env, ...environment },
    });
    closeSync(log);
    running.add(this.#child);
    this.#child.once("error", (error) => {
      this.#failure = `cannot be started: ${error.message}`;
      running.delete(this.#child);
    });
    this.#child.once("exit", (status, signal) => {
      this.#failure ??= `ended by itself (${signal ?? `exit status ${status}`})`;
      running.delete(this.#child);
    });
  }

  /** Starts it, without waiting until it serves. */
  static launch(command: ServerCommand): ServerProcess {
    return new ServerProcess(command);
  }

  /** Starts it and waits until it serves; throws ServerProcessError when it does not. */
  static async start(command: ServerCommand, signal: AbortSignal): Promise<ServerProcess> {
    const server = new ServerProcess(command);
    try {
      await server.#awaitService(command, signal);
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Throws ServerProcessError when it has died. */
  check(): void {
    if (this.#failure === undefined) return;
    const lines = this.#log().trim().split("\n").slice(-12).join("\n");
    throw new ServerProcessError(
      `${this.name} ${this.#failure}${lines === "" ? "" : `; it said:\n${lines}`}`,
    );
  }

  /** Memory now, and at its peak; undefined where the kernel does not say. */
  memoryMiB(): ReturnType<typeof memoryMiBOf> {
    return memoryMiBOf(this.#child.pid);
  }

  /** Of the processes that it is made of, itself among them. */
  cpuTimes(): readonly ProcessTimes[] {
    return timesOfTree(this.#child.pid);
  }

  /** Processor time so far; undefined where the kernel does not say. */
  threadTimes(): ThreadTimes | undefined {
    return threadTimesOf(this.#child.pid);
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    if (!running.has(this.#child)) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  /** SIGTERM, and SIGKILL when that is not heard in time. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!running.has(child)) return;
    const ended = once(child, "exit");
    child.kill("SIGTERM");
    const lastResort = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    await ended;
    clearTimeout(lastResort);
  }

  async #awaitService({ port, readyText = "" }: ServerCommand, signal: AbortSignal): Promise<void> {
    const deadlineMs = performance.now() + START_MS_MAX;
    while (!(this.#holds(port) && this.#log().includes(readyText))) {
      signal.throwIfAborted();
      this.check();
      if (performance.now() > deadlineMs) {
        throw new ServerProcessError(
          `${this.name} does not serve on UDP port ${port} after ${START_MS_MAX / 1000} s: see ${this.#logFile}`,
        );
      }
      await sleep(POLL_MS);
    }
    await sleep(SETTLE_MS);
    this.check();
  }

  #log(): string {
    return readFileSync(this.#logFile, "latin1");
  }

  /** Whether somebody in the server's network holds the port: nobody else is there to do so. */
  #holds(port: number): boolean {
    const process = `/proc/${this.#child.pid}`;
    try {
      const isThere = readlinkSync(`${process}/ns/net`) !== readlinkSync("/proc/self/ns/net");
      if (this.#entersNamespace && !isThere) return false;
      const sockets = readFileSync(`${process}/net/udp`, "latin1");
      const suffix = port.toString(16).toUpperCase().padStart(4, "0");
      return new RegExp(`^\\s*\\d+: [0-9A-F]{8}:${suffix} `, "m").test(sockets);
    } catch {
      return false;
    }
  }
}

/** For an exit handler: ends, by process id, whatever still runs. */
export function killServers(): void {
  for (const child of running) child.kill("SIGKILL");
}
