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

export interface SyslogReport {
  /** The name or address that the device gives itself. */
  readonly host: string;
  /** What its clock shows. */
  readonly unixMs: number;
  readonly text: string;
}

/**
 * Devices that report by syslog over UDP (RFC 5426): one datagram to each server. Nothing comes back,
 * so there is nothing to repeat and nothing to remember.
 */
export class SyslogClient {
  readonly #style: SyslogStyle;
  readonly #wire: StepWire;

  constructor(style: SyslogStyle, wire: StepWire) {
    this.#style = style;
    this.#wire = wire;
  }

  /**
   * Sends the report to every server; returns how many datagrams that were. Throws RangeError without
   * a server, and EncodeError for a report that does not fit STEP_PACKET_BYTES_MAX or its format.
   */
  report(
    local: number,
    { host, unixMs, text }: SyslogReport,
    servers: readonly StepServer[],
  ): number {
    checkStepServers("syslog", servers);
    const isOld = this.#style.format === "rfc3164";
    const timestamp = isOld ? rfc3164Timestamp(unixMs) : rfc5424Timestamp(unixMs);
    const message = { ...this.#style, timestamp, host, text };
    for (const server of servers) {
      // The sink lends another buffer for every datagram.
      const length = encodeSyslog(message, this.#wire.buffer(), 0);
      this.#wire.send(local, length, server.address, server.port);
    }
    return servers.length;
  }
}
