/**
 * How the value of a setting is written in text and in bytes. Numbers are big-endian. Some kinds have a
 * range, of numbers or of byte counts.
 */
export type ValueKind =
  | "u8"
  | "u16"
  | "u24"
  | "u32"
  /** One byte: 1, 2, 4 and so on, within the range. */
  | "u8-power-of-two"
  | "u8-list"
  | "u16-list"
  | "text"
  /** Text followed by a zero byte, which counts as part of the value. */
  | "text-zero"
  | "hex"
  | "ipv4"
  | "ipv4-list"
  | "ipv6"
  | "ipv6-list"
  /** Addresses with a prefix length of one byte each: `2001:db8::/32`. */
  | "ipv6-prefix-list"
  /** 4 or 16 bytes. */
  | "ip"
  /** An address and, with two more bytes, a UDP port: `10.0.0.1:161`, `[2001:db8::1]:161`. */
  | "transport-address"
  | "mac"
  /** A MAC address, optionally followed by a slash and its mask. */
  | "mac-mask"
  | "oid"
  /** An OID and one byte: 1 forbids writing below it, 0 allows it. */
  | "snmp-write-control"
  /** An object of a MIB and its value in BER. */
  | "snmp-object"
  /** Hexadecimal of any length, continued in further TLVs of the same type. */
  | "chain"
  | "group";

/** A setting with a name. `fields` belong to a group; `least` and `most` are a range. */
export interface TlvDefinition {
  readonly type: number;
  readonly name: string;
  readonly kind: ValueKind;
  readonly least: number;
  readonly most: number;
  readonly fields: TlvTable;
  readonly variant: TlvVariant | undefined;
}

/** A group whose fields have names only when its value starts with these bytes. */
export interface TlvVariant {
  readonly startsWith: Uint8Array;
  /** The names that are valid in any case. */
  readonly otherwise: TlvTable;
}

/** The settings that may occur in one place, by number and by name. */
export interface TlvTable {
  readonly byType: ReadonlyMap<number, TlvDefinition>;
  readonly byName: ReadonlyMap<string, TlvDefinition>;
}

type FieldKind = Exclude<ValueKind, "group">;

// The whole range of a kind that has one: of the number, or of the count of bytes or elements.
const ranges: Partial<Record<ValueKind, readonly [number, number]>> = {
  u8: [0, 0xff],
  u16: [0, 0xffff],
  u24: [0, 0xff_ffff],
  u32: [0, 0xffff_ffff],
  "u8-list": [1, 255],
  "u16-list": [1, 127],
  "text-zero": [1, 254],
  // As long as a certificate may be; it is cut into TLVs.
  chain: [0, 65_535],
};

export function tlvTable(...definitions: readonly TlvDefinition[]): TlvTable {
  return {
    byType: new Map(definitions.map((definition) => [definition.type, definition])),
    byName: new Map(definitions.map((definition) => [definition.name, definition])),
  };
}

const noFields = tlvTable();

/** A setting with a value. Its range is by default that of its kind. */
export function field(
  type: number,
  name: string,
  kind: FieldKind,
  [least, most]: readonly [least: number, most: number] = ranges[kind] ?? [0, 255],
): TlvDefinition {
  return { type, name, kind, least, most, fields: noFields, variant: undefined };
}

/** A setting that contains settings. */
export function group(
  type: number,
  name: string,
  ...fields: readonly TlvDefinition[]
): TlvDefinition {
  return { ...field(type, name, "hex"), kind: "group", fields: tlvTable(...fields) };
}
