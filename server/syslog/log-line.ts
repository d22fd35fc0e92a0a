import { formatIpv4 } from "../../protocol/ipv4.ts";
import { printableText, type SyslogMessage } from "../../protocol/syslog/message.ts";
import { facilityNames, severityNames } from "../../protocol/syslog/priority.ts";
import { formatStructuredData } from "../../protocol/syslog/structured-data.ts";

/**
 * One message as one line of a log file, without its end:
 *
 *     2026-11-24T12:03:28.123Z 127.64.0.5 meter-17 local6.info boot[12]: text
 *
 * The time is when we received it, because devices without Time or NTP send a wrong one. Then come
 * the sender's real address, the host that the message claims (`-` if none), facility and severity,
 * and the text. Line breaks in it are escaped.
 */
export function logLine(message: SyslogMessage, source: number, receivedUnixMs: number): string {
  const { facility, severity, host, tag, processId, messageId, structuredData, text } = message;
  const time = new Date(receivedUnixMs).toISOString();
  const priority = `${facilityNames[facility]}.${severityNames[severity]}`;
  let said = "";
  if (tag !== undefined || processId !== undefined) {
    said += `${tag ?? "-"}${processId === undefined ? "" : `[${processId}]`}: `;
  }
  if (messageId !== undefined) said += `${messageId} `;
  if (structuredData !== undefined) said += `${formatStructuredData(structuredData)} `;
  return `${time} ${formatIpv4(source)} ${printableText(`${host ?? "-"} ${priority} ${said}${text}`)}`;
}
