import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { latin1Text } from "../../../protocol/latin1.ts";
import { formatMac } from "../../../protocol/mac.ts";
import { hardwareName } from "../agent-option.ts";
import type { LeaseHost } from "./lease-host.ts";
import { isPlain } from "./lease-text.ts";

/** How many blanks dhcpd puts before a statement of a host. */
const STATEMENT_INDENT = " ".repeat(8);

/**
 * A host as dhcpd writes it into its lease file (`write_host`, server/db.c of 4.4.3-P1), with the line end behind it: one
 * character a byte. The name must be a word of the lease file's grammar.
 */
export function hostText(host: LeaseHost): string {
  const { name, isDynamic, isDeleted } = host;
  const statements = isDeleted ? ["  deleted;"] : statementsOf(host);
  const lines = [`host ${name} {`, ...(isDynamic ? ["  dynamic;"] : []), ...statements, "}", ""];
  return lines.join("\n");
}

function statementsOf(host: LeaseHost): string[] {
  const { hardware, clientId, fixedAddresses, groupName, statements } = host;
  const lines: string[] = [];
  if (hardware !== undefined) {
    lines.push(`  hardware ${hardwareName(hardware.type)} ${formatMac(hardware.address)};`);
  }
  if (clientId !== undefined && clientId.length > 0) lines.push(`  uid ${clientIdText(clientId)};`);
  if (fixedAddresses.length > 0) {
    lines.push(`  fixed-address ${fixedAddresses.map(formatIpv4).join(",")};`);
  }
  if (groupName !== undefined) lines.push(`  group "${groupName}";`);
  return [...lines, ...statements.map((statement) => STATEMENT_INDENT + statement)];
}

function clientIdText(clientId: Uint8Array): string {
  if (isPlain(clientId, 0, clientId.length)) return `"${latin1Text(clientId)}"`;
  return formatMac(clientId);
}
