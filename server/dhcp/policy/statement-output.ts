import type { Logger } from "../../../base/log.ts";
import type { LogMessage } from "../../config/language/program.ts";
import type { Settings } from "../../config/language/settings.ts";

/** The messages of `log` statements and the commands of `execute` statements. */
export type StatementOutput = Pick<Settings, "messages" | "commands">;

/** dhcpd cuts its lines at this length. */
const LINE_BYTES_MAX = 1023;

/** Logs the messages of statements, each at its level. */
export function logMessages(messages: readonly LogMessage[], logger: Logger): void {
  for (const { priority, text } of messages) {
    // dhcpd exits at `log (fatal, …)`, so that one client can stop the service for all.
    logger[priority === "fatal" ? "error" : priority](logLine(text));
  }
}

/**
 * The text may contain bytes of a packet (one character a byte), which must not add lines to the log:
 * unprintable ones are written in octal.
 */
function logLine(text: string): string {
  const bytes = Uint8Array.from(text.slice(0, LINE_BYTES_MAX), (one) => one.charCodeAt(0));
  const octal = (one: string): string => `\\${one.charCodeAt(0).toString(8).padStart(3, "0")}`;
  return new TextDecoder().decode(bytes).replace(/\p{Cc}|[\u2028\u2029]/gu, octal);
}
