import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";

/*
 * Domain names on the wire (RFC 1035, section 3.1) and as text. In text, `\.` is a dot inside a
 * label, `\\` a backslash and `\DDD` a byte in decimal (RFC 1035, section 5.1); the dot at the end
 * may be left out, and "." is the root.
 */

const LABEL_BYTES_MAX = 63;
const NAME_BYTES_MAX = 255;
const POINTER_FLAGS = 0xc0;
const POINTER_OFFSET_MAX = 0x3fff;

const BACKSLASH = 0x5c;
const DOT = 0x2e;

export interface DecodedName {
  readonly name: string;
  /** Offset of the byte after the name. */
  readonly end: number;
}

/** Length-prefixed labels and the final 0, without compression. Throws EncodeError. */
export function encodeDomainName(name: string): Uint8Array {
  const bytes: number[] = [];
  for (const label of labelsOf(name)) bytes.push(label.length, ...label);
  bytes.push(0);
  return Uint8Array.from(bytes);
}

/**
 * Names one after the other. `compressed`: when an earlier name has the same tail, a pointer replaces it,
 * counted from the first byte of the list (RFC 3397, section 2). Throws EncodeError.
 */
export function encodeDomainNames(names: readonly string[], compressed: boolean): Uint8Array {
  const bytes: number[] = [];
  const offsets = new Map<string, number>();
  for (const name of names) {
    const labels = labelsOf(name);
    let pointer: number | undefined;
    for (let i = 0; i < labels.length && pointer === undefined; i += 1) {
      const tail = labels.slice(i).join("/");
      pointer = compressed ? offsets.get(tail) : undefined;
      if (pointer !== undefined) continue;
      if (bytes.length <= POINTER_OFFSET_MAX) offsets.set(tail, bytes.length);
      bytes.push(labels[i].length, ...labels[i]);
    }
    if (pointer === undefined) bytes.push(0);
    else bytes.push(POINTER_FLAGS | (pointer >>> 8), pointer & 255);
  }
  return Uint8Array.from(bytes);
}

/**
 * Decodes one name at `start`. Throws DecodeError "bad-domain-name"; pointers may only lead backwards.
 */
export function decodeDomainName(bytes: Uint8Array, start: number, mayPoint: boolean): DecodedName {
  let name = "";
  let nameBytes = 1;
  let at = start;
  let end = -1;
  // Where the current run of labels began. Each pointer must lead before it, so the loop ends.
  let runStart = start;
  for (;;) {
    if (at >= bytes.length) throw new DecodeError("bad-domain-name", at);
    const length = bytes[at];
    if (length === 0) return { name: name === "" ? "." : name, end: end < 0 ? at + 1 : end };
    if ((length & POINTER_FLAGS) === POINTER_FLAGS) {
      if (!mayPoint || at + 1 >= bytes.length) throw new DecodeError("bad-domain-name", at);
      const target = ((length & ~POINTER_FLAGS) << 8) | bytes[at + 1];
      if (target >= runStart) throw new DecodeError("bad-domain-name", at);
      if (end < 0) end = at + 2;
      at = target;
      runStart = target;
      continue;
    }
    nameBytes += 1 + length;
    if (length > LABEL_BYTES_MAX || at + 1 + length > bytes.length || nameBytes > NAME_BYTES_MAX) {
      throw new DecodeError("bad-domain-name", at);
    }
    name += (name === "" ? "" : ".") + textOfLabel(bytes, at + 1, length);
    at += 1 + length;
  }
}

/** Decodes names that fill the bytes exactly. Throws DecodeError "bad-domain-name". */
export function decodeDomainNames(bytes: Uint8Array, mayPoint: boolean): string[] {
  const names: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { name, end } = decodeDomainName(bytes, at, mayPoint);
    names.push(name);
    at = end;
  }
  return names;
}

function labelsOf(name: string): number[][] {
  if (name === ".") return [];
  const labels: number[][] = [];
  let label: number[] = [];
  let at = 0;
  while (at < name.length) {
    const character = name.charCodeAt(at);
    if (character === DOT) {
      labels.push(label);
      label = [];
      at += 1;
      continue;
    }
    const escaped = character === BACKSLASH;
    const decimal = escaped ? /^\d{3}/.exec(name.slice(at + 1, at + 4)) : null;
    const byte = decimal !== null ? Number(decimal[0]) : name.charCodeAt(escaped ? at + 1 : at);
    // NaN, after a lone backslash at the end, fails the comparison too.
    if (!(byte <= (decimal === null ? 127 : 255))) {
      throw new EncodeError(`"${name}" is not a domain name: bad character at ${at + 1}`);
    }
    label.push(byte);
    at += decimal !== null ? 4 : escaped ? 2 : 1;
  }
  if (label.length > 0) labels.push(label);
  checkLabels(name, labels);
  return labels;
}

function checkLabels(name: string, labels: readonly (readonly number[])[]): void {
  if (labels.length === 0 || labels.some((label) => label.length === 0)) {
    throw new EncodeError(`"${name}" is not a domain name: it has an empty label`);
  }
  if (labels.some((label) => label.length > LABEL_BYTES_MAX)) {
    throw new EncodeError(`"${name}" has a label of more than ${LABEL_BYTES_MAX} bytes`);
  }
  const nameBytes = labels.reduce((sum, label) => sum + 1 + label.length, 1);
  if (nameBytes > NAME_BYTES_MAX) {
    throw new EncodeError(`"${name}" has more than ${NAME_BYTES_MAX} bytes`);
  }
}

function textOfLabel(bytes: Uint8Array, start: number, length: number): string {
  let text = "";
  for (let i = start; i < start + length; i += 1) {
    const byte = bytes[i];
    if (byte === DOT || byte === BACKSLASH) text += `\\${String.fromCharCode(byte)}`;
    else if (byte <= 0x20 || byte >= 0x7f) text += `\\${String(byte).padStart(3, "0")}`;
    else text += String.fromCharCode(byte);
  }
  return text;
}
