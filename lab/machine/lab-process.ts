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
import type { LabProgram } from "../pair-set-up.ts";
import { LabError, ToldToEnd } from "./lab-error.ts";

const READY_LOOK_MS = 20;
/** Of the time waited so far: a long start has long logs, and who reads them all the time slows it down. */
const READY_LOOK_SHARE = 0.05;
const LAST_LINES = 12;

export interface LabProcessPlace {
  /** Of the lab: the program's own folder and its log are made in it. */
  readonly folder: string;
  /** Puts the program where it belongs. */
  readonly wrap: (command: readonly string[]) => readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** It ended, and nobody had asked it to. */
  readonly onDeath: (words: string) => void;
}

/** One program of the lab, which may be killed and started again on the files that it left. */
export class LabProcess {
  readonly program: LabProgram;
  readonly #place: LabProcessPlace;
  #child: ChildProcess | undefined;
  #isWanted = false;
  #isPaused = false;
  #logStart = 0;

  constructor(program: LabProgram, place: LabProcessPlace) {
    this.program = program;
    this.#place = place;
  }

  /** Nothing of an earlier run in the same folder is to be found by this one. */
  clearFolder(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Once, before the first start: a program that is started again finds what it has left. */
  writeFiles(): void {
    const { files, folders = [] } = this.program;
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
      // Of a group of its own, so that Ctrl-C is heard by the run alone, which then stops it.
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    this.#isWanted = true;
    this.#isPaused = false;
    const tell = (how: string): void => {
      if (this.#isWanted && child === this.#child) {
        this.#place.onDeath(`${this.program.name} ${how}${this.#lastWords()}`);
      }
    };
    child.once("error", (error) => tell(`cannot be started: ${error.message}`));
    child.once("exit", (status, signal) => {
      tell(`ended by itself (${signal ?? `exit status ${status}`})`);
    });
  }

  /**
   * Resolves when the program says that it is ready; rejects with LabError when it does not in time, with
   * ToldToEnd when it was told to end before it was ready.
   */
  async ready(msMax: number): Promise<void> {
    const child = this.#child;
    const startMs = systemClock.monotonicMs();
    const deadlineMs = startMs + msMax;
    const read = (path: string): string => readFileSync(join(this.folder, path), "latin1");
    while (!this.program.isReady(this.#log(), read)) {
      if (!this.#isWanted || child !== this.#child) throw new ToldToEnd(this.program.name);
      const why = this.isRunning ? `was not ready within ${msMax / 1000} s` : "does not run";
      if (!this.isRunning || systemClock.monotonicMs() > deadlineMs) {
        throw new LabError(`${this.program.name} ${why}${this.#lastWords()}`);
      }
      const waitedMs = systemClock.monotonicMs() - startMs;
      const lookMs = Math.max(READY_LOOK_MS, waitedMs * READY_LOOK_SHARE);
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  }

  async kill(): Promise<void> {
    await this.#end("SIGKILL", 0);
  }

  /** Nothing of it moves until `resume`. */
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

  /** SIGTERM; SIGKILL when that has not ended it in time, which `false` tells. */
  async stop(msMax: number): Promise<boolean> {
    this.resume();
    return await this.#end("SIGTERM", msMax);
  }

  async #end(signal: "SIGTERM" | "SIGKILL", msMax: number): Promise<boolean> {
    this.#isWanted = false;
    const child = this.#child;
    if (child === undefined || !this.isRunning) return true;
    const ended = once(child, "exit");
    child.kill(signal);
    if (signal === "SIGKILL") {
      await ended;
      return true;
    }
    let isInTime = true;
    const hardStop = setTimeout(() => {
      isInTime = false;
      child.kill("SIGKILL");
    }, msMax);
    await ended;
    clearTimeout(hardStop);
    return isInTime;
  }

  /** Beside its folder: a full disk of the program does not silence it. */
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
 * The command of a program that ends when this process does, whatever ends this process. The signal comes only to
 * who has asked for it in time, so a program that finds itself without us afterwards does not begin.
 */
function boundToUs(command: readonly string[]): string[] {
  const begin = '[ "$PPID" = "$0" ] && exec "$@"';
  return ["setpriv", "--pdeathsig", "KILL", "sh", "-c", begin, String(process.pid), ...command];
}
