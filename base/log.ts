/** What edges write to; cores return values instead. One line a message, without its newline. */
export interface Logger {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
}

const discard = (): void => undefined;

/** Writes nothing. */
export const nullLogger: Logger = { error: discard, warn: discard, info: discard, debug: discard };
