import { formatHex } from "../../protocol/hex.ts";

/**
 * Stands in a captured message for bytes that differ between devices or messages. It is as long as the
 * bytes that replace it.
 */
export type Placeholder =
  /** The last `octets` of the device's MAC, in one of `macForms`. */
  | { readonly kind: "mac"; readonly form: MacForm; readonly octets: number }
  /** The device's number among its kind, as so many hexadecimal digits. */
  | { readonly kind: "unit"; readonly digits: number }
  /** The address that is asked for, and the server's: four octets. */
  | { readonly kind: "requested" }
  | { readonly kind: "server" };

export type ValuePart = { readonly kind: "bytes"; readonly bytes: Uint8Array } | Placeholder;

export interface MacForm {
  /** In a persona file: `{mac}`, or `{mac/4}` for the last four octets. */
  readonly name: string;
  readonly isText: boolean;
  readonly isUpper: boolean;
  readonly separator: string;
}

const macForm = (name: string, isText: boolean, isUpper = false, separator = ""): MacForm => ({
  name,
  isText,
  isUpper,
  separator,
});

export const macForms: readonly MacForm[] = [
  macForm("mac", false),
  macForm("mac-text", true),
  macForm("MAC-TEXT", true, true),
  macForm("mac-colons", true, false, ":"),
  macForm("MAC-COLONS", true, true, ":"),
  macForm("mac-dashes", true, false, "-"),
  macForm("MAC-DASHES", true, true, "-"),
];

const MAC_BYTES = 6;
const UNIT_DIGITS_MAX = 12;
const ADDRESS_BYTES = 4;
const digitsOf = (text: string): Uint8Array =>
  Uint8Array.from(text, (digit) => digit.charCodeAt(0));
const lowerDigits = digitsOf("0123456789abcdef");
const upperDigits = digitsOf("0123456789ABCDEF");

/** Bytes on the wire. */
export function lengthOfPart(part: ValuePart): number {
  switch (part.kind) {
    case "bytes":
      return part.bytes.length;
    case "mac":
      return macLength(part.form, part.octets);
    case "unit":
      return part.digits;
    case "requested":
    case "server":
      return ADDRESS_BYTES;
  }
}

export function macLength({ isText, separator }: MacForm, octets: number): number {
  return isText ? 2 * octets + separator.length * (octets - 1) : octets;
}

/** Writes the last `octets` of a MAC in a form. */
export function writeMacForm(
  form: MacForm,
  octets: number,
  mac: Uint8Array,
  target: Uint8Array,
  start: number,
): void {
  const digits = form.isUpper ? upperDigits : lowerDigits;
  let at = start;
  for (let i = MAC_BYTES - octets; i < MAC_BYTES; i += 1) {
    if (!form.isText) {
      target[at] = mac[i];
      at += 1;
      continue;
    }
    if (form.separator !== "" && at > start) {
      target[at] = form.separator.charCodeAt(0);
      at += 1;
    }
    target[at] = digits[mac[i] >>> 4];
    target[at + 1] = digits[mac[i] & 15];
    at += 2;
  }
}

/** Writes a unit number in so many digits; higher digits are left out. */
export function writeUnitDigits(
  unit: number,
  digits: number,
  target: Uint8Array,
  start: number,
): void {
  let rest = unit;
  for (let at = start + digits - 1; at >= start; at -= 1) {
    target[at] = lowerDigits[rest % 16];
    rest = Math.floor(rest / 16);
  }
}

/**
 * Reads a value such as `01 {mac}` or `43 50 45 {unit/6}`: hexadecimal bytes and placeholders, with
 * or without blanks between them. Returns a sentence if the text is not a value.
 */
export function parseValue(text: string): readonly ValuePart[] | string {
  const parts: ValuePart[] = [];
  let bytes: number[] = [];
  const endBytes = (): void => {
    if (bytes.length > 0) parts.push({ kind: "bytes", bytes: Uint8Array.from(bytes) });
    bytes = [];
  };
  const pattern = /\s+|([0-9A-Fa-f]{2})|\{([^{}]*)\}/y;
  while (pattern.lastIndex < text.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(text);
    if (match === null) return `has "${text.slice(at, at + 12)}", which is no pair of digits`;
    if (match[1] !== undefined) bytes.push(Number.parseInt(match[1], 16));
    if (match[2] === undefined) continue;
    const placeholder = parsePlaceholder(match[2]);
    if (placeholder === undefined) return `has {${match[2]}}, which stands for nothing`;
    endBytes();
    parts.push(placeholder);
  }
  endBytes();
  return parts;
}

export function formatValue(parts: readonly ValuePart[]): string {
  return parts
    .map((part) => (part.kind === "bytes" ? formatHex(part.bytes) : `{${nameOf(part)}}`))
    .join(" ");
}

function nameOf(part: Placeholder): string {
  switch (part.kind) {
    case "mac":
      return part.octets === MAC_BYTES ? part.form.name : `${part.form.name}/${part.octets}`;
    case "unit":
      return `unit/${part.digits}`;
    case "requested":
    case "server":
      return part.kind;
  }
}

function parsePlaceholder(text: string): Placeholder | undefined {
  if (text === "requested" || text === "server") return { kind: text };
  const match = /^([A-Za-z-]+)(?:\/(\d{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  const count = match[2] === undefined ? undefined : Number(match[2]);
  if (match[1] === "unit") {
    const isPossible = count !== undefined && count >= 1 && count <= UNIT_DIGITS_MAX;
    return isPossible ? { kind: "unit", digits: count } : undefined;
  }
  const form = macForms.find(({ name }) => name === match[1]);
  const octets = count ?? MAC_BYTES;
  if (form === undefined || octets < 1 || octets > MAC_BYTES) return undefined;
  return { kind: "mac", form, octets };
}
