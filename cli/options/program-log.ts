import { pino } from "pino";
import { isLogged, type Logger, type LogLevel, loggerTo, logLevels } from "../../base/log.ts";
import { type Paint, plainText } from "../../reports/text/text-lines.ts";
import { LogOutput, standardError } from "../../server/process/log-output.ts";
import { droppedLines, printable } from "../../server/process/log-writer.ts";
import { paintFor } from "./report-options.ts";
import type { Subcommand } from "./subcommand.ts";

const FLUSH_MS = 200;

const logFormats = ["text", "json"] as const;

export interface LogOptions {
  readonly logLevel: LogLevel;
  /** Text on a terminal and JSON elsewhere unless told. */
  readonly logFormat?: (typeof logFormats)[number];
}

/** Adds `--log-level` and `--log-format`, which every command has that runs until it is stopped. */
export function addLogOptions(command: Subcommand): Subcommand {
  const format = "of a line (default: text on a terminal, else json)";
  return command
    .choice("--log-level <level>", "the least that is logged", logLevels, "info")
    .choice("--log-format <format>", format, logFormats);
}

/**
 * The log of a command that runs until it is stopped, on standard error: a line of JSON for programs, or text for
 * people. Warnings and errors go out at once, other lines together a few times a second.
 */
export class ProgramLog {
  readonly logger: Logger;
  readonly #output: LogOutput;
  readonly #flushing: NodeJS.Timeout;

  constructor(
    { logLevel, logFormat = process.stderr.isTTY ? "text" : "json" }: LogOptions,
    file = standardError,
  ) {
    const paint = paintFor(process.stderr);
    const shown = logFormat === "json" ? jsonLine : (line: string) => textLine(line, paint);
    const sink = pino(
      {
        level: logLevel,
        base: null,
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (level) => ({ level }) },
      },
      { write: (line: string) => this.#output.write(shown(line.trimEnd())) },
    );
    this.#output = new LogOutput((count) => sink.error(droppedLines(count)), file);
    this.logger = loggerTo(({ level, message, fields = {} }) => {
      sink[level](fields, message);
      if (isLogged(level, "warn")) this.flush();
    }, logLevel);
    this.#flushing = setInterval(() => this.flush(), FLUSH_MS).unref();
  }

  flush(): void {
    this.#output.flush();
  }

  close(): void {
    clearInterval(this.#flushing);
    this.#output.close();
  }
}

/** JSON escapes all other control characters. A terminal obeys these as well. */
function jsonLine(line: string): string {
  return line.replace(/[\x7f-\x9f]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`);
}

/** Leaves the fields out: the message tells them. Puts time and level before each line of the message. */
function textLine(line: string, paint: Paint): string {
  const { time, level, service, msg } = JSON.parse(line) as Readonly<Record<string, string>>;
  const colour = { error: paint.bad, warn: paint.warn }[level!] ?? plainText.good;
  const name = service === undefined ? "" : `${service}: `;
  return printable(`${name}${msg}`)
    .split("\n")
    .map((part) => `${time} ${colour(level!.padEnd(5))} ${part}`)
    .join("\n");
}
