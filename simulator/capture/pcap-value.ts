import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import {
  type MacForm,
  macForms,
  macLength,
  type Placeholder,
  type ValuePart,
  writeMacForm,
} from "../../scenarios/population/captured-value.ts";

interface Candidate {
  readonly part: Placeholder;
  readonly bytes: Uint8Array;
}

const MAC_BYTES = 6;
const UNIT_DIGITS = 6;
const SERIAL_CHARACTERS_MIN = 6;
const SERIAL_DIGITS_MIN = 4;
const IAID_OCTETS = 4;
const TAIL_OCTETS = 3;

/** Options that do not depend on the device, so they are not searched for a MAC. */
const fixed: ReadonlySet<number> = new Set([
  OptionCode.overload,
  OptionCode.messageType,
  OptionCode.parameterRequestList,
  OptionCode.maxMessageSize,
  OptionCode.leaseTime,
]);

/** Options that may hold a serial number or a person's name, in text. */
const named: ReadonlySet<number> = new Set([
  OptionCode.hostName,
  OptionCode.vendorEncapsulatedOptions,
  OptionCode.clientIdentifier,
  OptionCode.userClass,
  OptionCode.clientFqdn,
  OptionCode.vendorClass,
  OptionCode.vendorOptions,
]);

/** The option's value, with placeholders for parts that come from the device's MAC. */
export function withPlaceholders(
  code: number,
  value: Uint8Array,
  mac: Uint8Array,
): readonly ValuePart[] {
  if (code === OptionCode.requestedAddress) return [{ kind: "requested" }];
  if (code === OptionCode.serverIdentifier) return [{ kind: "server" }];
  if (fixed.has(code)) return bytesPart(value);
  const candidates = candidatesOf(code, mac);
  const parts: ValuePart[] = [];
  let from = 0;
  let at = 0;
  while (at < value.length) {
    const found = candidates.find(({ bytes }) => isAt(value, at, bytes));
    if (found === undefined) {
      at += 1;
      continue;
    }
    parts.push(...bytesPart(value.subarray(from, at)), found.part);
    at += found.bytes.length;
    from = at;
  }
  parts.push(...bytesPart(value.subarray(from)));
  return parts;
}

/**
 * A client-id without any octets of the MAC would make all devices one client, so the MAC's octets replace its
 * last octets.
 */
export function withOwnClientId(value: Uint8Array): readonly ValuePart[] {
  const octets = Math.min(MAC_BYTES, value.length - 1);
  const form = macForms[0];
  if (octets < 1) return bytesPart(value);
  return [...bytesPart(value.subarray(0, value.length - octets)), { kind: "mac", form, octets }];
}

/**
 * Removes values that may identify the captured device or its owner. Text like a serial number (six or more
 * letters and digits in a row, four of them digits) becomes the unit number, a host name is blanked out, and
 * keys, UUIDs and authentication become zeros.
 */
export function anonymous(code: number, parts: readonly ValuePart[]): readonly ValuePart[] {
  const isSecret = code === OptionCode.authentication || code === OptionCode.clientUuid;
  return parts.flatMap((part): readonly ValuePart[] => {
    if (part.kind !== "bytes") return [part];
    if (isSecret) return [{ kind: "bytes", bytes: new Uint8Array(part.bytes.length) }];
    if (!named.has(code)) return [part];
    const isName = code === OptionCode.hostName || code === OptionCode.clientFqdn;
    return withoutNames(part.bytes, isName);
  });
}

/** Whether the option may identify the captured device or its owner. */
export function isPersonal(code: number): boolean {
  return code === OptionCode.authentication || code === OptionCode.clientUuid || named.has(code);
}

function withoutNames(bytes: Uint8Array, isName: boolean): readonly ValuePart[] {
  const text = String.fromCharCode(...bytes);
  const parts: ValuePart[] = [];
  let from = 0;
  for (const { 0: run, index } of text.matchAll(/[0-9A-Za-z]+/g)) {
    const digits = run.replace(/[^0-9]/g, "").length;
    const isSerial = run.length >= SERIAL_CHARACTERS_MIN && digits >= SERIAL_DIGITS_MIN;
    if (!isSerial && !isName) continue;
    const blank = Math.max(0, run.length - UNIT_DIGITS);
    parts.push(...bytesPart(bytes.subarray(from, index)));
    parts.push(...bytesPart(new Uint8Array(blank).fill("x".charCodeAt(0))));
    parts.push({ kind: "unit", digits: run.length - blank });
    from = index + run.length;
  }
  parts.push(...bytesPart(bytes.subarray(from)));
  return parts;
}

/** The forms of a MAC to search for, the longest first. */
function candidatesOf(code: number, mac: Uint8Array): readonly Candidate[] {
  const texts = macForms.filter(({ isText }) => isText);
  const octets = macForms[0];
  return [
    ...texts.map((form) => candidateOf(form, MAC_BYTES, mac)),
    ...texts.map((form) => candidateOf(form, TAIL_OCTETS, mac)),
    candidateOf(octets, MAC_BYTES, mac),
    // RFC 4361: many clients use the end of their MAC as IAID.
    ...(code === OptionCode.clientIdentifier ? [candidateOf(octets, IAID_OCTETS, mac)] : []),
  ].sort((a, b) => b.bytes.length - a.bytes.length);
}

function candidateOf(form: MacForm, octets: number, mac: Uint8Array): Candidate {
  const bytes = new Uint8Array(macLength(form, octets));
  writeMacForm(form, octets, mac, bytes, 0);
  return { part: { kind: "mac", form, octets }, bytes };
}

function isAt(value: Uint8Array, at: number, bytes: Uint8Array): boolean {
  if (at + bytes.length > value.length) return false;
  for (let i = 0; i < bytes.length; i += 1) if (value[at + i] !== bytes[i]) return false;
  return true;
}

function bytesPart(bytes: Uint8Array): readonly ValuePart[] {
  return bytes.length === 0 ? [] : [{ kind: "bytes", bytes }];
}
