import { agentOptionNames, agentValueKind, hardwareName } from "./agent-option.ts";
import {
  type BindingState,
  type HardwareAddress,
  isVariableName,
  type LeaseRecord,
  type LeaseValue,
} from "./lease.ts";
import { formatDate, formatEpoch } from "./lease-date.ts";
import {
  encode,
  isPlain,
  isPlainString,
  isSayable,
  put,
  putAddress,
  putBytes,
  putHexPairs,
  putNumber,
  putShortHex,
  putString,
  putText,
  STRING_WRITTEN_MAX,
} from "./lease-text.ts";

// Text is put together as bytes: a batch of renewals would otherwise make a million short strings.

const leaseStart = encode("lease ");
const starts = encode("  starts ");
const ends = encode("  ends ");
const tstp = encode("  tstp ");
const tsfp = encode("  tsfp ");
const atsfp = encode("  atsfp ");
const cltt = encode("  cltt ");
const never = encode("never");
const binding = encode("  binding state ");
const nextBinding = encode("  next binding state ");
const rewindBinding = encode("  rewind binding state ");
const hardwareStart = encode("  hardware ");
const ethernet = encode("ethernet");
const uidStart = encode("  uid ");
const vendorStart = encode("  set vendor-class-identifier = ");
const hostnameStart = encode("  client-hostname ");
const optionStart = encode("  option ");
const statementEnd = encode(";\n");
const lineEnd = encode("\n");
const blockStart = encode(" {\n");
const blockEnd = encode("}\n");
const stateText: Readonly<Record<BindingState, Uint8Array>> = {
  free: encode("free"),
  active: encode("active"),
  expired: encode("expired"),
  released: encode("released"),
  abandoned: encode("abandoned"),
  reset: encode("reset"),
  backup: encode("backup"),
};
const agentNames = agentOptionNames.map(encode);

/** What stands at the top of a file that a rewrite made. */
export const fileHeader = encode(
  "# The format of this file is documented in the dhcpd.leases(5) manual page.\n" +
    "# This lease file was written by provlab\n\n" +
    "# authoring-byte-order entry is generated, DO NOT DELETE\n" +
    "authoring-byte-order little-endian;\n\n",
);

/** How a lease file is written: what dhcpd reads, either way. */
export interface LeaseFormat {
  /** `db-time-format local`: times as `epoch N`, with the local time in a comment. */
  readonly localTimes: boolean;
  /** `lease-id-format hex`: client identifiers as octets, not as a string. */
  readonly hexClientIds: boolean;
}

export const usualFormat: LeaseFormat = { localTimes: false, hexClientIds: false };

/** Bytes that `formatRecord` needs at most: fixed statements, and four for each byte of a value. */
export function recordBytesMax(record: LeaseRecord): number {
  let length = 900;
  length += (record.hardware?.address.length ?? 0) * 3;
  length += (record.clientId?.length ?? 0) * 4;
  length += record.hostname?.length ?? 0;
  length += (record.vendorClass?.length ?? 0) * 4;
  // A sub-option of one byte takes 3 bytes in memory, and a name and a line in the file.
  length += (record.agentOptions?.length ?? 0) * 14;
  if (record.billing !== undefined) {
    length += 40 + record.billing.className.length * 4 + (record.billing.hash?.length ?? 0) * 4;
  }
  for (const [name, value] of record.variables ?? []) {
    length += 32 + name.length + (value instanceof Uint8Array ? value.length * 4 : 0);
  }
  for (const statement of record.kept ?? []) length += 3 + statement.length;
  return length;
}

/**
 * Writes the record as ISC's write_lease does (LEASE-3, LEASE-4): one statement a line after two
 * blanks, in ISC's order. Returns the end offset; `target` has `recordBytesMax(record)` bytes left.
 * Left out, as ISC's grammar cannot say them: a hostname that is not printable; sub-options of option
 * 82 that are empty, of the wrong length for their type, or of code 0 or 255; and a hostname, a vendor
 * class or a variable that is longer than the strings that dhcpd reads.
 */
export function formatRecord(
  record: LeaseRecord,
  target: Uint8Array,
  start: number,
  format: LeaseFormat = usualFormat,
): number {
  const { localTimes, hexClientIds } = format;
  const { bindingState, nextBindingState, rewindBindingState } = record;
  let at = put(target, start, leaseStart);
  at = putAddress(target, at, record.address);
  at = put(target, at, blockStart);
  at = putDate(target, at, starts, record.startsAt, localTimes);
  at = putDate(target, at, ends, record.endsAt, localTimes);
  at = putDate(target, at, tstp, record.tstp, localTimes);
  at = putDate(target, at, tsfp, record.tsfp, localTimes);
  at = putDate(target, at, atsfp, record.atsfp, localTimes);
  at = putDate(target, at, cltt, record.cltt, localTimes);
  at = putState(target, at, binding, bindingState);
  if (nextBindingState !== undefined && nextBindingState !== bindingState) {
    at = putState(target, at, nextBinding, nextBindingState);
  }
  if (rewindBindingState !== undefined && rewindBindingState !== bindingState) {
    at = putState(target, at, rewindBinding, rewindBindingState);
  }
  at = putRareHead(record, target, at);
  if (record.hardware !== undefined) at = putHardware(target, at, record.hardware);
  if (record.clientId !== undefined && record.clientId.length > 0) {
    at = put(target, at, uidStart);
    at = hexClientIds
      ? putHexPairs(target, at, record.clientId)
      : putBytes(target, at, record.clientId);
    at = put(target, at, statementEnd);
  }
  if (record.vendorClass !== undefined && isSayable(record.vendorClass)) {
    at = putString(target, put(target, at, vendorStart), record.vendorClass);
    at = put(target, at, statementEnd);
  }
  if (record.variables !== undefined) at = putVariables(record.variables, target, at);
  if (record.agentOptions !== undefined) at = putAgentOptions(record.agentOptions, target, at);
  if (record.hostname !== undefined && isPlainString(record.hostname)) {
    at = putString(target, put(target, at, hostnameStart), record.hostname);
    at = put(target, at, statementEnd);
  }
  for (const statement of record.kept ?? []) at = putText(target, at, `  ${statement}\n`);
  return put(target, at, blockEnd);
}

function putDate(
  target: Uint8Array,
  start: number,
  name: Uint8Array,
  seconds: number | null | undefined,
  isLocal: boolean,
): number {
  if (seconds === 0 || seconds === undefined) return start;
  const at = put(target, start, name);
  if (seconds === null || seconds >= 0xffff_ffff) {
    return put(target, put(target, at, never), statementEnd);
  }
  // The comment goes to the end of the line, so the semicolon is before it.
  if (isLocal) return put(target, formatEpoch(seconds, target, at), lineEnd);
  return put(target, formatDate(seconds, target, at), statementEnd);
}

function putState(target: Uint8Array, start: number, name: Uint8Array, state: BindingState) {
  return put(target, put(target, put(target, start, name), stateText[state]), statementEnd);
}

/** Flags and billing, which few leases have. */
function putRareHead(record: LeaseRecord, target: Uint8Array, start: number): number {
  const { billing } = record;
  let at = start;
  if (record.reserved === true) at = putText(target, at, "  reserved;\n");
  if (record.bootp === true) at = putText(target, at, "  dynamic-bootp;\n");
  if (billing === undefined) return at;
  at = putText(target, at, billing.hash === undefined ? "  billing class " : "  billing subclass ");
  at = putString(target, at, encode(billing.className));
  if (billing.hash !== undefined) {
    at = putText(target, at, " ");
    at = isPlainString(billing.hash)
      ? putString(target, at, billing.hash)
      : putHexPairs(target, at, billing.hash);
  }
  return put(target, at, statementEnd);
}

function putHardware(target: Uint8Array, start: number, hardware: HardwareAddress): number {
  let at = put(target, start, hardwareStart);
  at =
    hardware.type === 1
      ? put(target, at, ethernet)
      : putText(target, at, hardwareName(hardware.type));
  target[at] = 0x20;
  const end = hardware.address.length === 0 ? at : putHexPairs(target, at + 1, hardware.address);
  return put(target, end, statementEnd);
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
    if (isBytes) at = putString(target, at, value);
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

function putAgentOptions(options: Uint8Array, target: Uint8Array, start: number): number {
  let at = start;
  let place = 0;
  while (place + 2 <= options.length) {
    const code = options[place];
    const first = place + 2;
    const end = first + options[place + 1];
    if (end > options.length) break;
    if (end > first) at = putAgentOption(code, options, first, end, target, at);
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
  // Codes that are padding and end elsewhere: dhcpd knows no such options.
  if (code === 0 || code === 255) return start;
  let at = put(target, put(target, start, optionStart), agentNames[code]!);
  target[at++] = 0x20;
  if (isNumber) {
    const high = (options[first] << 24) | (options[first + 1] << 16);
    const value = (high | (options[first + 2] << 8) | options[first + 3]) >>> 0;
    at = kind === "address" ? putAddress(target, at, value) : putNumber(target, at, value);
  } else if (isPlain(options, first, end)) {
    at = putString(target, at, options.subarray(first, end));
  } else {
    at = putShortHex(target, at, options, first, end);
  }
  return put(target, at, statementEnd);
}
