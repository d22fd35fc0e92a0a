import { bytesOf, concatenate, joined, numberOf } from "../bytes.ts";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { formatHex, parseHex } from "../hex.ts";
import { formatIpv6, IPV6_BYTES, parseIpv6 } from "../ipv6.ts";
import { latin1Bytes, latin1Text } from "../latin1.ts";
import { formatMac } from "../mac.ts";
import {
  ipBytes,
  ipText,
  ipv4Bytes,
  ipv4Text,
  macBytes,
  macMaskBytes,
  macMaskText,
  prefixBytes,
  transportBytes,
  transportText,
} from "./address-text.ts";
import { decodeOidElement, decodeVarBind, encodeOidElement, encodeVarBind } from "./ber.ts";
import { isPlainObject, isPrintable, type Plain, show } from "./plain.ts";
import { describeSnmpObject, readSnmpObject } from "./snmp-object.ts";
import type { TlvDefinition, ValueKind } from "./tlv-definition.ts";

/** Every kind except the group, which `settings.ts` reads itself. */
type FieldKind = Exclude<ValueKind, "group">;

interface ValueCodec {
  /** Describes a valid value, for the message about an invalid one. */
  readonly expected: (definition: TlvDefinition) => string;
  /** Undefined for an invalid value; may throw EncodeError with a better message. */
  readonly read: (value: unknown, definition: TlvDefinition) => Uint8Array | undefined;
  /** Undefined for invalid bytes; may throw DecodeError. */
  readonly describe: (bytes: Uint8Array) => Plain | undefined;
}

/** The bytes of a written value. Throws EncodeError that says what was expected. */
export function readValue(value: unknown, definition: TlvDefinition): Uint8Array {
  const codec = codecs[definition.kind as FieldKind];
  const bytes = codec.read(value, definition);
  if (bytes !== undefined) return bytes;
  throw new EncodeError(`must be ${codec.expected(definition)}, not ${show(value)}`);
}

/** The written form of bytes; undefined when they are not a value of this kind. */
export function describeValue(bytes: Uint8Array, definition: TlvDefinition): Plain | undefined {
  try {
    return codecs[definition.kind as FieldKind].describe(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

const rangeOf = ({ least, most }: TlvDefinition): string =>
  least === most ? String(least) : `${least} to ${most}`;
const isIn = (count: number, { least, most }: TlvDefinition): boolean =>
  count >= least && count <= most;

function unsigned(byteCount: number): ValueCodec {
  return {
    expected: (definition) => `a whole number from ${rangeOf(definition)}`,
    read: (value, definition) =>
      isWhole(value) && isIn(value, definition) ? bytesOf(value, byteCount) : undefined,
    describe: (bytes) => (bytes.length === byteCount ? numberOf(bytes) : undefined),
  };
}

const powerOfTwo: ValueCodec = {
  expected: (definition) => `a power of two from ${rangeOf(definition)}`,
  read: (value, definition) =>
    isWhole(value) && isIn(value, definition) && Number.isInteger(Math.log2(value))
      ? bytesOf(value, 1)
      : undefined,
  describe: (bytes) => (bytes.length === 1 ? numberOf(bytes) : undefined),
};

function unsignedList(byteCount: number): ValueCodec {
  const most = 256 ** byteCount - 1;
  return {
    expected: (definition) => `a list of ${rangeOf(definition)} whole numbers from 0 to ${most}`,
    read: (value, definition) => {
      if (!Array.isArray(value) || !isIn(value.length, definition)) return undefined;
      const list: unknown[] = value;
      const parts = list.map((item) =>
        isWhole(item) && item <= most ? bytesOf(item, byteCount) : undefined,
      );
      return joined(parts);
    },
    describe: (bytes) => pieces(bytes, byteCount)?.map(numberOf),
  };
}

function text(terminator: Uint8Array): ValueCodec {
  return {
    expected: (definition) =>
      `text of ${rangeOf(definition)} printable ASCII characters (others need {type, hex})`,
    read: (value, definition) => {
      if (typeof value !== "string" || !isPrintable(value)) return undefined;
      return isIn(value.length, definition)
        ? concatenate(latin1Bytes(value), terminator)
        : undefined;
    },
    describe: (bytes) => {
      const end = bytes.length - terminator.length;
      if (end < 0 || terminator.some((byte, i) => bytes[end + i] !== byte)) return undefined;
      const written = latin1Text(bytes.subarray(0, end));
      return isPrintable(written) ? written : undefined;
    },
  };
}

/** A value with only one written form: a kind of address. */
function written(
  expected: string,
  parse: (value: string) => Uint8Array | undefined,
  describe: (bytes: Uint8Array) => string | undefined,
): ValueCodec {
  return {
    expected: () => expected,
    read: (value) => (typeof value === "string" ? parse(value) : undefined),
    describe,
  };
}

function writtenList(
  expected: string,
  byteCount: number,
  parse: (value: string) => Uint8Array | undefined,
  format: (bytes: Uint8Array) => string,
): ValueCodec {
  return {
    expected: () => expected,
    read: (value) => {
      if (!Array.isArray(value) || value.length === 0) return undefined;
      const list: unknown[] = value;
      return joined(list.map((item) => (typeof item === "string" ? parse(item) : undefined)));
    },
    describe: (bytes) => pieces(bytes, byteCount)?.map(format),
  };
}

const hex: ValueCodec = {
  expected: (definition) => `hexadecimal text of ${rangeOf(definition)} bytes, in quotes`,
  read: (value, definition) => {
    const bytes = typeof value === "string" ? parseHex(value) : undefined;
    return bytes !== undefined && isIn(bytes.length, definition) ? bytes : undefined;
  },
  describe: formatHex,
};

const codecs: Readonly<Record<FieldKind, ValueCodec>> = {
  u8: unsigned(1),
  u16: unsigned(2),
  u24: unsigned(3),
  u32: unsigned(4),
  "u8-power-of-two": powerOfTwo,
  "u8-list": unsignedList(1),
  "u16-list": unsignedList(2),
  text: text(new Uint8Array()),
  "text-zero": text(Uint8Array.of(0)),
  hex,
  chain: { ...hex, expected: () => "hexadecimal text in quotes" },
  ipv4: written("an address such as 10.0.0.1", ipv4Bytes, (bytes) =>
    bytes.length === 4 ? ipv4Text(bytes) : undefined,
  ),
  "ipv4-list": writtenList("a list of addresses such as 10.0.0.1", 4, ipv4Bytes, ipv4Text),
  ipv6: written("an address such as 2001:db8::1", parseIpv6, (bytes) =>
    bytes.length === IPV6_BYTES ? formatIpv6(bytes) : undefined,
  ),
  "ipv6-list": writtenList(
    "a list of addresses such as 2001:db8::1",
    IPV6_BYTES,
    parseIpv6,
    formatIpv6,
  ),
  "ipv6-prefix-list": writtenList(
    "a list of prefixes such as 2001:db8::/32",
    IPV6_BYTES + 1,
    prefixBytes,
    (bytes) => `${formatIpv6(bytes)}/${bytes[IPV6_BYTES]}`,
  ),
  ip: written("an address such as 10.0.0.1 or 2001:db8::1", ipBytes, ipText),
  "transport-address": written(
    "an address and perhaps a port, such as 10.0.0.1:161 or [2001:db8::1]:161",
    transportBytes,
    transportText,
  ),
  mac: written("a MAC address such as 02:10:00:00:00:01", macBytes, (bytes) =>
    bytes.length === 6 ? formatMac(bytes) : undefined,
  ),
  "mac-mask": written(
    "a MAC address and perhaps a mask, such as 02:10:00:00:00:00/ff:ff:00:00:00:00",
    macMaskBytes,
    macMaskText,
  ),
  oid: written("an object identifier such as 1.3.6.1.2.1", encodeOidElement, (bytes) => {
    const { oid, end } = decodeOidElement(bytes);
    return end === bytes.length ? oid : undefined;
  }),
  "snmp-write-control": {
    expected: () => "an object with oid, and forbidden as true or false",
    read: (value) => {
      if (!isPlainObject(value) || Object.keys(value).length !== 2) return undefined;
      const { oid, forbidden } = value;
      if (typeof oid !== "string" || typeof forbidden !== "boolean") return undefined;
      return concatenate(encodeOidElement(oid), Uint8Array.of(forbidden ? 1 : 0));
    },
    describe: (bytes) => {
      const { oid, end } = decodeOidElement(bytes);
      if (end + 1 !== bytes.length || bytes[end] > 1) return undefined;
      return { oid, forbidden: bytes[end] === 1 };
    },
  },
  "snmp-object": {
    expected: () => "an object of a MIB",
    read: (value) => {
      const reading = readSnmpObject(value);
      if ("message" in reading) throw new EncodeError(reading.message);
      return encodeVarBind(reading);
    },
    describe: (bytes) => describeSnmpObject(decodeVarBind(bytes)),
  },
};

function isWhole(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function pieces(bytes: Uint8Array, byteCount: number): Uint8Array[] | undefined {
  if (bytes.length === 0 || bytes.length % byteCount !== 0) return undefined;
  return Array.from({ length: bytes.length / byteCount }, (_, i) =>
    bytes.subarray(i * byteCount, (i + 1) * byteCount),
  );
}
