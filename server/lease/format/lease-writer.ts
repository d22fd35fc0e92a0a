import { latin1Bytes } from "../../../protocol/latin1.ts";
import { agentOptionNames, agentValueKind, hardwareName } from "../agent-option.ts";
import { isVariableName, type LeaseBilling, type LeaseValue } from "../lease.ts";
import type { LeaseRow, RareExtras } from "../table/lease-row.ts";
import type { PackedClient } from "../table/packed-client.ts";
import {
  isPlain,
  isSayable,
  put,
  putAddress,
  putHexPairs,
  putNumber,
  putShortHex,
  putString,
  putText,
  STRING_WRITTEN_MAX,
} from "./lease-text.ts";
import { putTerm } from "./term-text.ts";

// Text is assembled as bytes: a batch of renewals would otherwise make a million short strings.

const leaseStart = latin1Bytes("lease ");
const hardwareWord = latin1Bytes("  hardware ");
const ethernet = latin1Bytes("ethernet");
const uidStart = latin1Bytes("  uid ");
const vendorStart = latin1Bytes("  set vendor-class-identifier = ");
const hostnameStart = latin1Bytes("  client-hostname ");
const optionStart = latin1Bytes("  option ");
const statementEnd = latin1Bytes(";\n");
const blockStart = latin1Bytes(" {\n");
const blockEnd = latin1Bytes("}\n");
const agentNames = agentOptionNames.map(latin1Bytes);

/** The first lines of a rewritten file. */
export const fileHeader = latin1Bytes(
  "# The format of this file is documented in the dhcpd.leases(5) manual page.\n" +
    "# This lease file was written by provlab\n\n" +
    "# authoring-byte-order entry is generated, DO NOT DELETE\n" +
    "authoring-byte-order little-endian;\n\n",
);

/** How a lease file is written. dhcpd reads each of these forms. */
export interface LeaseFormat {
  /** `db-time-format local`: times as `epoch N`, with the local time in a comment. */
  readonly localTimes: boolean;
  /** `lease-id-format hex`: client identifiers as octets, not as a string. */
  readonly hexClientIds: boolean;
}

export const usualFormat: LeaseFormat = { localTimes: false, hexClientIds: false };

/** Most bytes that `formatRow` needs: the fixed statements, and four bytes for each byte of a value. */
export function rowBytesMax({ client, rare }: LeaseRow): number {
  let length = 900;
  length += client.hardwareLength * 3;
  length += client.clientIdLength * 4;
  length += client.hostnameLength;
  length += client.vendorLength * 4;
  // A one-byte sub-option takes 3 bytes in memory, but a name and a whole line in the file.
  length += client.agentOptionsLength * 14;
  return rare === undefined ? length : length + rareBytesMax(rare);
}

function rareBytesMax({ billing, variables, kept }: RareExtras): number {
  let length = 0;
  if (billing !== undefined) {
    length += 40 + billing.className.length * 4 + (billing.hash?.length ?? 0) * 4;
  }
  for (const [name, value] of variables ?? []) {
    length += 32 + name.length + (value instanceof Uint8Array ? value.length * 4 : 0);
  }
  for (const statement of kept ?? []) length += 3 + statement.length;
  return length;
}

/**
 * Writes the lease as ISC's write_lease does (LEASE-3, LEASE-4): one statement a line after two blanks,
 * in ISC's order. Returns the end offset; `target` must have `rowBytesMax(row)` bytes left. Some values
 * are left out because ISC's grammar cannot express them: a hostname that is not printable; sub-options
 * of option 82 that are empty, of the wrong length for their type, or of code 0 or 255; and a hostname,
 * vendor class or variable longer than the strings that dhcpd reads.
 */
export function formatRow(
  row: LeaseRow,
  target: Uint8Array,
  start: number,
  format: LeaseFormat = usualFormat,
): number {
  const { localTimes, hexClientIds } = format;
  const { client, rare } = row;
  let at = put(target, start, leaseStart);
  at = putAddress(target, at, row.address);
  at = put(target, at, blockStart);
  at = putTerm(row, target, at, localTimes);
  if (rare?.billing !== undefined) at = putBilling(rare.billing, target, at);
  at = putClient(client, target, at, hexClientIds);
  if (isSayable(client.vendorLength)) {
    at = put(target, at, vendorStart);
    at = putString(target, at, client.vendorBytes, client.vendorStart, client.vendorLength);
    at = put(target, at, statementEnd);
  }
  if (rare?.variables !== undefined) at = putVariables(rare.variables, target, at);
  at = putAgentOptions(client, target, at);
  at = putHostname(client, target, at);
  for (const statement of rare?.kept ?? []) at = putText(target, at, `  ${statement}\n`);
  return put(target, at, blockEnd);
}

function putBilling(billing: LeaseBilling, target: Uint8Array, start: number): number {
  const { hash } = billing;
  let at = putText(target, start, hash === undefined ? "  billing class " : "  billing subclass ");
  const className = latin1Bytes(billing.className);
  at = putString(target, at, className, 0, className.length);
  if (hash !== undefined) {
    at = putText(target, at, " ");
    at =
      isSayable(hash.length) && isPlain(hash, 0, hash.length)
        ? putString(target, at, hash, 0, hash.length)
        : putHexPairs(target, at, hash, 0, hash.length);
  }
  return put(target, at, statementEnd);
}

/** Writes the hardware address and the client id. */
function putClient(
  client: PackedClient,
  target: Uint8Array,
  start: number,
  isHex: boolean,
): number {
  const { bytes, hardwareType, hardwareStart, hardwareLength } = client;
  let at = start;
  if (client.hasHardware) {
    at = put(target, at, hardwareWord);
    if (hardwareType === 1) at = put(target, at, ethernet);
    else at = putText(target, at, hardwareName(hardwareType));
    if (hardwareLength > 0) {
      target[at] = 0x20;
      at = putHexPairs(target, at + 1, bytes, hardwareStart, hardwareLength);
    }
    at = put(target, at, statementEnd);
  }
  const { clientIdStart, clientIdLength } = client;
  if (clientIdLength === 0) return at;
  at = put(target, at, uidStart);
  // dhcpd limits the length of strings but not of hexadecimal bytes.
  at =
    isHex || !isSayable(clientIdLength)
      ? putHexPairs(target, at, bytes, clientIdStart, clientIdLength)
      : putString(target, at, bytes, clientIdStart, clientIdLength);
  return put(target, at, statementEnd);
}

function putHostname(client: PackedClient, target: Uint8Array, start: number): number {
  const { bytes, hostnameStart: first, hostnameLength: length } = client;
  if (!isSayable(length) || !isPlain(bytes, first, first + length)) return start;
  const at = putString(target, put(target, start, hostnameStart), bytes, first, length);
  return put(target, at, statementEnd);
}

function putVariables(
  variables: readonly (readonly [string, LeaseValue])[],
  target: Uint8Array,
  start: number,
): number {
  let at = start;
  for (const [name, value] of variables) {
    const isBytes = value instanceof Uint8Array;
    if (!isVariableName(name) || (isBytes && value.length > STRING_WRITTEN_MAX)) continue;
    at = putText(target, at, `  set ${name} = `);
    if (isBytes) at = putString(target, at, value, 0, value.length);
    else
      at = putText(target, at, typeof value === "number" ? `%${wholeNumber(value)}` : `${value}`);
    at = put(target, at, statementEnd);
  }
  return at;
}

function wholeNumber(value: number): number {
  const { MAX_SAFE_INTEGER: max } = Number;
  return Math.max(-max, Math.min(max, Math.trunc(value))) || 0;
}

function putAgentOptions(client: PackedClient, target: Uint8Array, start: number): number {
  const { bytes, agentOptionsStart, agentOptionsLength } = client;
  const optionsEnd = agentOptionsStart + agentOptionsLength;
  let at = start;
  let place = agentOptionsStart;
  while (place + 2 <= optionsEnd) {
    const code = bytes[place];
    const first = place + 2;
    const end = first + bytes[place + 1];
    if (end > optionsEnd) break;
    if (end > first) at = putAgentOption(code, bytes, first, end, target, at);
    place = end;
  }
  return at;
}

function putAgentOption(
  code: number,
  options: Uint8Array,
  first: number,
  end: number,
  target: Uint8Array,
  start: number,
): number {
  const kind = agentValueKind(code);
  const isNumber = kind === "address" || kind === "u32";
  if (kind === "empty" || (isNumber && end - first !== 4)) return start;
  // These codes mean padding and end elsewhere, so dhcpd has no such sub-options.
  if (code === 0 || code === 255) return start;
  let at = put(target, put(target, start, optionStart), agentNames[code]);
  target[at++] = 0x20;
  if (isNumber) {
    const high = (options[first] << 24) | (options[first + 1] << 16);
    const value = (high | (options[first + 2] << 8) | options[first + 3]) >>> 0;
    at = kind === "address" ? putAddress(target, at, value) : putNumber(target, at, value);
  } else if (isPlain(options, first, end)) {
    at = putString(target, at, options, first, end - first);
  } else {
    at = putShortHex(target, at, options, first, end);
  }
  return put(target, at, statementEnd);
}
