/** Codes of the pseudo options `fqdn.NAME` (option-table.ts). */
const Part = {
  noClientUpdate: 1,
  serverUpdate: 2,
  encoded: 3,
  rcode1: 4,
  rcode2: 5,
  hostname: 6,
  domainname: 7,
  fqdn: 8,
} as const;

const HEADER_BYTES = 3;
const LABEL_BYTES_MAX = 63;
const DOT = 0x2e;
const SERVER_UPDATE = 1;
const NO_CLIENT_UPDATE_BIT = 2;
const ENCODED = 4;

/**
 * Takes the client FQDN option (RFC 4702, section 2) apart into the values of `fqdn.NAME` by code.
 * As in dhcpd the domain name of a name in wire format begins with a dot. Undefined when the option
 * is too short or its name makes no sense.
 */
export function decodeClientFqdn(option: Uint8Array): ReadonlyMap<number, Uint8Array> | undefined {
  if (option.length < HEADER_BYTES) return undefined;
  const flags = option[0];
  const parts = new Map<number, Uint8Array>();
  const flag = (bit: number): Uint8Array => Uint8Array.of((flags & bit) === 0 ? 0 : 1);
  parts.set(Part.noClientUpdate, flag(NO_CLIENT_UPDATE_BIT));
  parts.set(Part.serverUpdate, flag(SERVER_UPDATE));
  parts.set(Part.encoded, flag(ENCODED));
  parts.set(Part.rcode1, option.subarray(1, 2));
  parts.set(Part.rcode2, option.subarray(2, 3));
  const bytes = option.subarray(HEADER_BYTES);
  const isKnown = (flags & ENCODED) === 0 ? addText(bytes, parts) : addLabels(bytes, parts);
  return isKnown ? parts : undefined;
}

/** A name as text; some clients end it with NUL. */
function addText(bytes: Uint8Array, parts: Map<number, Uint8Array>): boolean {
  const name = bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes;
  const dot = name.indexOf(DOT);
  add(parts, Part.hostname, dot < 0 ? name : name.subarray(0, dot));
  if (dot >= 0) add(parts, Part.domainname, name.subarray(dot + 1));
  add(parts, Part.fqdn, name);
  return true;
}

/** A name as labels; one without the empty label at its end is the name of a host alone. */
function addLabels(bytes: Uint8Array, parts: Map<number, Uint8Array>): boolean {
  const text = bytes.slice();
  let at = 0;
  let firstLength: number | undefined;
  while (at < bytes.length && bytes[at] !== 0) {
    const length = bytes[at];
    if (length > LABEL_BYTES_MAX || at + 1 + length > bytes.length) return false;
    firstLength ??= length;
    text[at] = DOT;
    at += 1 + length;
  }
  const name = text.subarray(1, Math.max(at, 1));
  const hostLength = at < bytes.length ? (firstLength ?? 0) : name.length;
  add(parts, Part.hostname, name.subarray(0, hostLength));
  add(parts, Part.domainname, name.subarray(hostLength));
  add(parts, Part.fqdn, name);
  return true;
}

function add(parts: Map<number, Uint8Array>, code: number, value: Uint8Array): void {
  if (value.length > 0) parts.set(code, value);
}
