import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import type { Logger, LogLevel } from "../../base/log.ts";
import { LogOutput } from "./log-output.ts";

/** syslog's severities (RFC 5424, table 2) of our four levels. */
const severities = { error: 3, warn: 4, info: 6, debug: 7 } as const;

/** syslog's facilities (RFC 5424, table 1) by the names that `log-facility` takes. */
const facilities: Readonly<Record<string, number>> = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
};

/** What syslog does not take at once waits; beyond this many characters, lines are dropped. */
const syslogPendingMax = 1024 * 1024;
const restartMsMin = 10_000;
const syslogSocket = "/dev/log";

export interface LogWriterOptions {
  readonly standardError: boolean;
  /** A facility of `log-facility`; undefined: not to syslog. */
  readonly syslogFacility: string | undefined;
  /** Keeps `info` off standard error (`-q`), not off syslog. */
  readonly quiet?: boolean;
}

/**
 * The log of a server, as dhcpd keeps it: bare lines on standard error, or syslog, or both. Lines
 * gather until `flush`, so that a batch of packets costs one system call; errors go out at once.
 */
export class LogWriter implements Logger {
  #options: LogWriterOptions;
  readonly #output = new LogOutput((count) => this.#output.write(droppedLines(count)));
  #syslog: SyslogPipe | undefined;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.configure(options);
  }

  /** Sends what follows elsewhere: to another facility, or no more to the terminal. */
  configure(options: LogWriterOptions): void {
    this.flush();
    this.#options = options;
    const facility = facilities[options.syslogFacility ?? ""];
    if (facility === this.#syslog?.facility) return;
    this.#syslog?.close();
    this.#syslog = facility === undefined ? undefined : new SyslogPipe(facility);
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

/** Feeds the system's `logger`, which speaks to syslog's datagram socket as Node cannot. */
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

/** Whether lines for syslog reach anybody: if not, nobody needs to build one for each packet. */
export function isSyslogPresent(): boolean {
  return existsSync(syslogSocket);
}

export function droppedLines(count: number): string {
  return `${count} log lines were dropped`;
}

/** What came from the network or a file must not steer a terminal or forge a second line. */
export function printable(line: string): string {
  return line.replace(controlCharacters, (character) => {
    return `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });
}
