import { agentOptionNames, agentValueKind, hardwareName } from "./agent-option.ts";
import type { BindingState, HardwareAddress, LeaseRecord, LeaseValue } from "./lease.ts";
import { formatDate } from "./lease-date.ts";

// Text is put together as bytes: a batch of renewals would otherwise make a million short strings.

const encode = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const hexDigits = encode("0123456789abcdef");
const leaseStart = encode("lease ");
const starts = encode("  starts ");
const ends = encode("  ends ");
const tstp = encode("  tstp ");
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

/** Bytes that `formatRecord` needs at most: fixed statements, and four for each byte of a value. */
export function recordBytesMax(record: LeaseRecord): number {
  let length = 640;
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
 * Left out, as ISC's grammar cannot say them: a hostname that is not printable, and sub-options of
 * option 82 that are empty or have the wrong length for their type.
 */
export function formatRecord(record: LeaseRecord, target: Uint8Array, start: number): number {
  const { bindingState, nextBindingState, rewindBindingState } = record;
  let at = put(target, start, leaseStart);
  at = putAddress(target, at, record.address);
  at = put(target, at, blockStart);
  at = putDate(target, at, starts, record.startsAt);
  at = putDate(target, at, ends, record.endsAt);
  at = putDate(target, at, tstp, record.tstp);
  at = putDate(target, at, cltt, record.cltt);
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
    at = putString(target, put(target, at, uidStart), record.clientId);
    at = put(target, at, statementEnd);
  }
  if (record.vendorClass !== undefined && record.vendorClass.length > 0) {
    at = putString(target, put(target, at, vendorStart), record.vendorClass);
    at = put(target, at, statementEnd);
  }
  if (record.variables !== undefined) at = putVariables(record.variables, target, at);
  if (record.agentOptions !== undefined) at = putAgentOptions(record.agentOptions, target, at);
  if (record.hostname !== undefined && isPlain(record.hostname, 0, record.hostname.length)) {
    at = putString(target, put(target, at, hostnameStart), record.hostname);
    at = put(target, at, statementEnd);
  }
  for (const statement of record.kept ?? []) at = putText(target, at, `  ${statement}\n`);
  return put(target, at, blockEnd);
}

function put(target: Uint8Array, start: number, text: Uint8Array): number {
  // Shorter than a memcpy call costs.
  for (let place = 0; place < text.length; place += 1) target[start + place] = text[place];
  return start + text.length;
}

export function putText(target: Uint8Array, start: number, text: string): number {
  for (let place = 0; place < text.length; place += 1) {
    target[start + place] = text.charCodeAt(place);
  }
  return start + text.length;
}

function putNumber(target: Uint8Array, start: number, value: number): number {
  let end = start + 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) end += 1;
  let rest = value;
  for (let at = end - 1; at >= start; at -= 1) {
    const tenth = Math.floor(rest / 10);
    target[at] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
  return end;
}

function putAddress(target: Uint8Array, start: number, address: number): number {
  let at = putNumber(target, start, address >>> 24);
  for (let shift = 16; shift >= 0; shift -= 8) {
    target[at] = 0x2e;
    at = putNumber(target, at + 1, (address >>> shift) & 0xff);
  }
  return at;
}

function putDate(
  target: Uint8Array,
  start: number,
  name: Uint8Array,
  seconds: number | null | undefined,
): number {
  if (seconds === 0 || seconds === undefined) return start;
  const at = put(target, start, name);
  const end =
    seconds === null || seconds >= 0xffff_ffff
      ? put(target, at, never)
      : formatDate(seconds, target, at);
  return put(target, end, statementEnd);
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
    at = isPlain(billing.hash, 0, billing.hash.length)
      ? putString(target, at, billing.hash)
      : putHexPairs(target, at, billing.hash);
  }
  return put(target, at, statementEnd);
}

function putHardware(target: Uint8Array, start: number, hardware: HardwareAddress): number {
  if (hardware.address.length === 0) return start;
  let at = put(target, start, hardwareStart);
  at =
    hardware.type === 1
      ? put(target, at, ethernet)
      : putText(target, at, hardwareName(hardware.type));
  target[at] = 0x20;
  return put(target, putHexPairs(target, at + 1, hardware.address), statementEnd);
}

function putHexPairs(target: Uint8Array, start: number, bytes: Uint8Array): number {
  let at = start;
  for (let place = 0; place < bytes.length; place += 1) {
    if (place > 0) target[at++] = 0x3a;
    target[at] = hexDigits[bytes[place] >>> 4];
    target[at + 1] = hexDigits[bytes[place] & 15];
    at += 2;
  }
  return at;
}

/** Quoted; what is not printable as three octal digits. */
function putString(target: Uint8Array, start: number, bytes: Uint8Array): number {
  let at = start;
  target[at++] = 0x22;
  for (let place = 0; place < bytes.length; place += 1) {
    const byte = bytes[place];
    if (byte < 0x20 || byte > 0x7e) {
      target[at] = 0x5c;
      target[at + 1] = 0x30 + (byte >>> 6);
      target[at + 2] = 0x30 + ((byte >>> 3) & 7);
      target[at + 3] = 0x30 + (byte & 7);
      at += 4;
    } else {
      if (byte === 0x22 || byte === 0x5c) target[at++] = 0x5c;
      target[at++] = byte;
    }
  }
  target[at] = 0x22;
  return at + 1;
}

/** Printable ASCII that needs no escape, and something of it. */
function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false;
  }
  return end > start;
}

function putVariables(
  variables: readonly (readonly [string, LeaseValue])[],
  target: Uint8Array,
  start: number,
): number {
  let at = start;
  for (const [name, value] of variables) {
    at = putText(target, at, `  set ${name} = `);
    if (value instanceof Uint8Array) at = putString(target, at, value);
    else at = putText(target, at, typeof value === "number" ? `%${value >>> 0}` : `${value}`);
    at = put(target, at, statementEnd);
  }
  return at;
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

/** Without leading zeros, as ISC prints option data. */
function putShortHex(
  target: Uint8Array,
  start: number,
  bytes: Uint8Array,
  first: number,
  end: number,
): number {
  let at = start;
  for (let place = first; place < end; place += 1) {
    if (place > first) target[at++] = 0x3a;
    if (bytes[place] > 15) target[at++] = hexDigits[bytes[place] >>> 4];
    target[at++] = hexDigits[bytes[place] & 15];
  }
  return at;
}
