import { type Command, Option } from "commander";
import { pino } from "pino";
import { isLogged, type Logger, type LogLevel, loggerTo, logLevels } from "../../base/log.ts";
import { type Paint, plainText, terminalColours } from "../../reports/text/text-lines.ts";
import { LogOutput, standardError } from "../../server/process/log-output.ts";
import { droppedLines, printable } from "../../server/process/log-writer.ts";
import { hasColours } from "./report-options.ts";

const FLUSH_MS = 200;

const logFormats = ["text", "json"] as const;

export interface LogOptions {
  readonly logLevel: LogLevel;
  /** Text on a terminal and JSON elsewhere unless told. */
  readonly logFormat?: (typeof logFormats)[number];
}

/** Every command that runs until it is stopped has `--log-level` and `--log-format`. */
export function addLogOptions(command: Command): Command {
  const level = new Option("--log-level <level>", "the least that is logged");
  const format = new Option(
    "--log-format <format>",
    "of a line (default: text on a terminal, else json)",
  );
  return command
    .addOption(level.choices(logLevels).default("info"))
    .addOption(format.choices(logFormats));
}

/**
 * The log of a command that runs until it is stopped, on standard error. Each message is a line of JSON for
 * programs, or text for people. Lines go out together a few times a second, warnings and errors at once.
 */
export class ProgramLog {
  readonly logger: Logger;
  readonly #output: LogOutput;
  readonly #flushing: NodeJS.Timeout;

  constructor(
    { logLevel, logFormat = formatOf(process.stderr) }: LogOptions,
    file = standardError,
  ) {
    const paint = hasColours(process.stderr, process.env) ? terminalColours : plainText;
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

function formatOf({ isTTY }: { readonly isTTY?: boolean }): (typeof logFormats)[number] {
  return isTTY === true ? "text" : "json";
}

/** JSON escapes all other control characters. A terminal obeys these as well. */
function jsonLine(line: string): string {
  return line.replace(/[\x7f-\x9f]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`);
}

/** A message tells what its fields tell, so they are left out. One of several lines is several lines here. */
function textLine(line: string, paint: Paint): string {
  const { time, level, service, msg } = JSON.parse(line) as Readonly<Record<string, string>>;
  const colour = { error: paint.bad, warn: paint.warn }[level!] ?? plainText.good;
  const name = service === undefined ? "" : `${service}: `;
  return printable(`${name}${msg}`)
    .split("\n")
    .map((part) => `${time} ${colour(level!.padEnd(5))} ${part}`)
    .join("\n");
}
