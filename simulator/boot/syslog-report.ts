import {
  encodeSyslog,
  rfc3164Timestamp,
  rfc5424Timestamp,
  type SyslogFormat,
} from "../../protocol/syslog/message.ts";
import { checkStepServers, type StepServer, type StepWire } from "./step.ts";

/** What all messages of a fleet have in common. */
export interface SyslogStyle {
  readonly format: Exclude<SyslogFormat, "bare">;
  readonly facility: number;
  readonly severity: number;
  readonly tag: string;
}

/** local7.notice in the old format, which is what small devices speak. */
export const meterStyle: SyslogStyle = {
  format: "rfc3164",
  facility: 23,
  severity: 5,
  tag: "meter",
};

interface SyslogReport {
  /** The name or address that the device gives itself. */
  readonly host: string;
  /** What its clock shows. */
  readonly unixMs: number;
  readonly text: string;
}

/**
 * Sends a device's report by syslog over UDP (RFC 5426): one datagram to each server. Nothing comes back,
 * so there is nothing to repeat and nothing to remember. Throws RangeError without a server, and
 * EncodeError for a report that does not fit STEP_PACKET_BYTES_MAX or its format.
 */
export function reportBySyslog(
  style: SyslogStyle,
  wire: Pick<StepWire, "buffer" | "send">,
  local: number,
  { host, unixMs, text }: SyslogReport,
  servers: readonly StepServer[],
): void {
  checkStepServers("syslog", servers);
  const isOld = style.format === "rfc3164";
  const timestamp = isOld ? rfc3164Timestamp(unixMs) : rfc5424Timestamp(unixMs);
  const message = { ...style, timestamp, host, text };
  for (const { address, port } of servers) {
    // The wire lends another buffer for every datagram.
    wire.send(local, encodeSyslog(message, wire.buffer(), 0), address, port);
  }
}
