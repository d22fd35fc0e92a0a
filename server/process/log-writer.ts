import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { Logger, LogLevel } from "../../base/log.ts";
import { facilityNames } from "../../protocol/syslog/priority.ts";
import { LogOutput } from "./log-output.ts";

/** The syslog severities (RFC 5424, table 2) of our four levels. */
const severities = { error: 3, warn: 4, info: 6, debug: 7 } as const;

const facilities: readonly string[] = facilityNames;

/** Lines wait when syslog is slow; beyond this many characters they are dropped. */
const syslogPendingMax = 1024 * 1024;
const restartMsMin = 10_000;
const syslogSocket = "/dev/log";

export interface LogWriterOptions {
  readonly standardError: boolean;
  /** The facility from `log-facility`; undefined: do not log to syslog. */
  readonly syslogFacility: string | undefined;
  /** Keeps `info` lines off standard error (`-q`), but not out of syslog. */
  readonly quiet?: boolean;
}

/**
 * A server's log in dhcpd's style: bare lines on standard error, in syslog, or both. Lines gather until
 * `flush`, so that a batch of packets costs one system call; errors and warnings are written at once.
 */
export class LogWriter implements Logger {
  #options: LogWriterOptions;
  readonly #output = new LogOutput((count) => this.#output.write(droppedLines(count)));
  #syslog: SyslogPipe | undefined;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.configure(options);
  }

  /** Changes where later lines go: another facility, or no longer the terminal. */
  configure(options: LogWriterOptions): void {
    this.flush();
    this.#options = options;
    const facility = facilities.indexOf(options.syslogFacility ?? "");
    if (facility === (this.#syslog?.facility ?? -1)) return;
    this.#syslog?.close();
    this.#syslog = facility < 0 ? undefined : new SyslogPipe(facility);
  }

  error(message: string): void {
    this.#write("error", message);
    this.flush();
  }

  warn(message: string): void {
    this.#write("warn", message);
    this.flush();
  }

  info(message: string): void {
    this.#write("info", message);
  }

  debug(message: string): void {
    this.#write("debug", message);
  }

  #write(level: LogLevel, message: string): void {
    const { standardError, quiet } = this.#options;
    for (const line of message.split("\n")) {
      const text = printable(line);
      this.#syslog?.write(severities[level], text);
      if (!standardError || (quiet === true && severities[level] > severities.warn)) continue;
      this.#output.write(text);
    }
  }

  flush(): void {
    this.#syslog?.flush();
    this.#output.flush();
  }

  close(): void {
    this.#output.close();
    this.#syslog?.close();
    this.#syslog = undefined;
  }
}

/** Pipes lines to the system's `logger`, because Node cannot write to syslog's datagram socket. */
class SyslogPipe {
  readonly facility: number;
  #child: ChildProcess | undefined;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #text = "";

  constructor(facility: number) {
    this.facility = facility;
  }

  write(severity: number, line: string): void {
    if (this.#text.length > syslogPendingMax) return;
    this.#text += `<${this.facility * 8 + severity}>${line}\n`;
  }

  flush(): void {
    if (this.#text === "") return;
    const text = this.#text;
    this.#text = "";
    const input = this.#running()?.stdin;
    if (input === undefined || input === null || input.writableLength > syslogPendingMax) return;
    input.write(text);
  }

  #running(): ChildProcess | undefined {
    const nowMs = performance.now();
    if (this.#child !== undefined || nowMs - this.#startedAtMs < restartMsMin) return this.#child;
    if (!isSyslogPresent()) return undefined;
    this.#startedAtMs = nowMs;
    const child = spawn("logger", ["--prio-prefix", "--tag", "dhcpd"], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    const forget = (): void => {
      if (this.#child === child) this.#child = undefined;
    };
    child.on("error", forget).on("exit", forget);
    child.stdin.on("error", forget);
    child.unref();
    this.#child = child;
    return child;
  }

  close(): void {
    this.flush();
    this.#child?.stdin?.end();
    this.#child = undefined;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
const controlCharacters = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** Whether syslog runs here. If not, no line needs to be built for it. */
export function isSyslogPresent(): boolean {
  return existsSync(syslogSocket);
}

export function droppedLines(count: number): string {
  return `${count} log lines were dropped`;
}

/**
 * Escapes control characters, so that text from the network or a file can neither control a terminal nor
 * forge a second line.
 */
export function printable(line: string): string {
  return line.replace(controlCharacters, (character) => {
    return `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });
}
