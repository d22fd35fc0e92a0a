/** From what an operator must see to what only the search for a fault needs. */
export const logLevels = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof logLevels)[number];

/** What a line is about, for programs that read logs. A name includes its unit (`tookMs`). */
export type LogFields = Readonly<Record<string, string | number>>;

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: LogFields | undefined;
}

/**
 * Edges write to it; cores return values instead. A message has no newline at its end, and repeats
 * everything in its fields: people read it without them.
 */
export type Logger = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

const discard = (): void => undefined;

/** Writes nothing. */
export const nullLogger: Logger = { error: discard, warn: discard, info: discard, debug: discard };

/** A logger whose lines go to `write`; those below `least` are discarded. */
export function loggerTo(write: (line: LogLine) => void, least: LogLevel = "debug"): Logger {
  const at = (level: LogLevel): Logger[LogLevel] =>
    isLogged(level, least) ? (message, fields) => write({ level, message, fields }) : discard;
  return { error: at("error"), warn: at("warn"), info: at("info"), debug: at("debug") };
}

/** Whether a log with least level `least` includes lines of `level`. */
export function isLogged(level: LogLevel, least: LogLevel): boolean {
  return logLevels.indexOf(level) <= logLevels.indexOf(least);
}
