import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { LabError, ToldToEnd } from "./lab-error.ts";
import {
  memoryMiBOf,
  type ProcessTimes,
  type ThreadTimes,
  threadTimesOf,
  timesOfTree,
} from "./process-usage.ts";

const READY_LOOK_MS = 20;
/** A share of the time waited so far: a long start has a long log, and polling too often slows it down. */
const READY_LOOK_SHARE = 0.05;
const LAST_LINES = 12;
const STOP_MS_MAX = 15_000;

export interface LabFile {
  /** Relative to the program's folder. */
  readonly path: string;
  readonly text: string;
  /** The file's mode, such as 0o600 for a key; 0o644 when left out. */
  readonly mode?: number;
}

/** A program to start. It works in its own folder. */
export interface LabProgram {
  /** Unique in its place, and the name of its folder and log: `prov-a`, `etcd-2`, `dhcpd-b`. */
  readonly name: string;
  /** Its name in messages; `name` when left out. */
  readonly title?: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly files?: readonly LabFile[];
  /** Empty folders that it needs. */
  readonly folders?: readonly string[];
  /** The start waits until this is true of its log so far, its files and its process. */
  readonly isReady: (log: string, read: (path: string) => string, pid: number) => boolean;
}

interface LabProcessPlace {
  /** The program's own folder and its log are made here. */
  readonly folder: string;
  /** Wraps the command line so that it runs the program in its place. */
  readonly wrap: (command: readonly string[]) => readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Called when it ends by itself. */
  readonly onDeath?: (words: string) => void;
}

/** A program that can be killed and started again on the files that it left. */
export class LabProcess {
  readonly program: LabProgram;
  readonly #place: LabProcessPlace;
  #child: ChildProcess | undefined;
  #isWanted = false;
  #isPaused = false;
  #logStart = 0;
  #death: string | undefined;

  constructor(program: LabProgram, place: LabProcessPlace) {
    this.program = program;
    this.#place = place;
  }

  /** Removes the files of an earlier run in the same folder. */
  clearFolder(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Called once, before the first start: a program that is started again finds what it left. */
  writeFiles(): void {
    const { files = [], folders = [] } = this.program;
    mkdirSync(this.folder, { recursive: true });
    for (const name of folders) mkdirSync(join(this.folder, name), { recursive: true });
    for (const { path, text, mode = 0o644 } of files) {
      mkdirSync(dirname(join(this.folder, path)), { recursive: true });
      writeFileSync(join(this.folder, path), text, { mode });
    }
    writeFileSync(this.#logFile, "");
  }

  get folder(): string {
    return join(this.#place.folder, this.program.name);
  }

  get isRunning(): boolean {
    const child = this.#child;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  get isPaused(): boolean {
    return this.#isPaused && this.isRunning;
  }

  /** Undefined while it does not run. */
  get pid(): number | undefined {
    return this.isRunning ? this.#child!.pid : undefined;
  }

  /** Starts the program, if it is not running; does not wait until it is ready. */
  launch(): void {
    if (this.isRunning) return;
    const { command, environment = {} } = this.program;
    this.#logStart = statSync(this.#logFile).size;
    const [name, ...args] = boundToUs(this.#place.wrap(command));
    const log = openSync(this.#logFile, "a");
    const child = spawn(name!, args, {
      cwd: this.folder,
      stdio: ["ignore", log, log],
      env: { ...process.env, ...environment, ...this.#place.environment },
      // In its own process group: Ctrl-C reaches only us, and we stop it.
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    this.#isWanted = true;
    this.#isPaused = false;
    this.#death = undefined;
    const tell = (how: string): void => {
      if (!this.#isWanted || child !== this.#child) return;
      this.#death ??= `${this.#title} ${how}${this.#lastWords()}`;
      this.#place.onDeath?.(this.#death);
    };
    child.once("error", (error) => tell(`cannot be started: ${error.message}`));
    child.once("exit", (status, signal) => {
      tell(`ended by itself (${signal ?? `exit status ${status}`})`);
    });
  }

  /**
   * Resolves when the program is ready. Rejects with LabError when it is not in time, with ToldToEnd when
   * somebody ended it first, with the signal's reason when that is aborted.
   */
  async ready(msMax: number, signal?: AbortSignal): Promise<void> {
    const child = this.#child;
    const startMs = systemClock.monotonicMs();
    const deadlineMs = startMs + msMax;
    const read = (path: string): string => readFileSync(join(this.folder, path), "latin1");
    while (!this.program.isReady(this.#log(), read, child?.pid ?? 0)) {
      signal?.throwIfAborted();
      if (!this.#isWanted || child !== this.#child) throw new ToldToEnd(this.#title);
      const why = this.isRunning ? `was not ready within ${msMax / 1000} s` : "does not run";
      if (!this.isRunning || systemClock.monotonicMs() > deadlineMs) {
        throw new LabError(`${this.#title} ${why}${this.#lastWords()}`);
      }
      const waitedMs = systemClock.monotonicMs() - startMs;
      const lookMs = Math.max(READY_LOOK_MS, waitedMs * READY_LOOK_SHARE);
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  }

  /** Throws LabError, with its last words, when it has ended by itself. */
  check(): void {
    if (this.#death !== undefined) throw new LabError(this.#death);
  }

  /** Memory now and at its peak; undefined where the kernel does not say. */
  memoryMiB(): ReturnType<typeof memoryMiBOf> {
    return memoryMiBOf(this.pid);
  }

  /** Processor time of the program and of the programs that it started, itself first. */
  cpuTimes(): readonly ProcessTimes[] {
    return timesOfTree(this.pid);
  }

  /** Processor time so far; undefined where the kernel does not say. */
  threadTimes(): ThreadTimes | undefined {
    return threadTimesOf(this.pid);
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL", 0);
  }

  /** Pauses it until `resume`. */
  pause(): void {
    if (!this.isRunning) return;
    process.kill(this.#child!.pid!, "SIGSTOP");
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    process.kill(this.#child!.pid!, "SIGCONT");
    this.#isPaused = false;
  }

  /** SIGTERM; false when that did not end it in time, so that SIGKILL did. */
  async stop(msMax = STOP_MS_MAX): Promise<boolean> {
    this.resume();
    return await this.#end("SIGTERM", msMax);
  }

  async #end(signal: "SIGTERM" | "SIGKILL", msMax: number): Promise<boolean> {
    this.#isWanted = false;
    const child = this.#child;
    if (child === undefined || !this.isRunning) return true;
    const ended = once(child, "exit");
    child.kill(signal);
    let isInTime = true;
    const hardStop = setTimeout(() => {
      isInTime = false;
      child.kill("SIGKILL");
    }, msMax);
    await ended;
    clearTimeout(hardStop);
    return isInTime;
  }

  get #title(): string {
    return this.program.title ?? this.program.name;
  }

  /** Beside its folder: when the program's disk is full, it still logs. */
  get #logFile(): string {
    return join(this.#place.folder, `${this.program.name}.log`);
  }

  /** Since its latest start. */
  #log(): string {
    return readFileSync(this.#logFile).subarray(this.#logStart).toString("utf8");
  }

  #lastWords(): string {
    const lines = this.#log().trim().split("\n").slice(-LAST_LINES);
    return lines.join("") === "" ? "" : `; it said:\n${lines.join("\n")}`;
  }
}

/**
 * Ends the program when this process ends, for whatever reason. The kernel signals only programs that asked
 * before we ended, so a program whose parent is already gone does not begin.
 */
function boundToUs(command: readonly string[]): string[] {
  const begin = '[ "$PPID" = "$0" ] && exec "$@"';
  return ["setpriv", "--pdeathsig", "KILL", "sh", "-c", begin, String(process.pid), ...command];
}
