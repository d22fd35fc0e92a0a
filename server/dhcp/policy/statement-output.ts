import type { Logger } from "../../../base/log.ts";
import type { LogMessage } from "../../config/language/program.ts";
import type { Settings } from "../../config/language/settings.ts";

/** What `log` statements said, and which commands `execute` statements ask for. */
export type StatementOutput = Pick<Settings, "messages" | "commands">;

/** dhcpd cuts its lines off there. */
const LINE_BYTES_MAX = 1023;

/** Passes on what statements said, each at its level. */
export function logMessages(messages: readonly LogMessage[], logger: Logger): void {
  for (const { priority, text } of messages) {
    // dhcpd ends at `log (fatal, …)`: one client could stop the service for all.
    logger[priority === "fatal" ? "error" : priority](logLine(text));
  }
}

/**
 * Bytes of a packet may stand in the text (one character a byte), and may not write lines of their own
 * into the log: what is not printable is written as octal digits.
 */
function logLine(text: string): string {
  const bytes = Uint8Array.from(text.slice(0, LINE_BYTES_MAX), (one) => one.charCodeAt(0));
  const octal = (one: string): string => `\\${one.charCodeAt(0).toString(8).padStart(3, "0")}`;
  return new TextDecoder().decode(bytes).replace(/\p{Cc}|[\u2028\u2029]/gu, octal);
}
