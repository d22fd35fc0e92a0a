import type { LogFields, Logger } from "../../../base/log.ts";

/** The lines about one packet, joined by "\n"; with fields when their reader wants them. */
export interface PacketLog {
  readonly text: string;
  readonly fields?: LogFields;
}

/** `prov serve` wants fields, and the lines at `debug`; `prov dhcpd` has the text alone, as dhcpd has it. */
export type PacketLogging = "text" | "fields" | "none";

export function logPacket(log: PacketLog | undefined, logger: Logger): void {
  if (log === undefined) return;
  if (log.fields === undefined) logger.info(log.text);
  else logger.debug(log.text, log.fields);
}
