import { bytesEqual } from "../bytes.ts";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { formatHex, parseHex } from "../hex.ts";
import { isPlainObject, type Plain, show } from "./plain.ts";
import {
  decodeTlvs,
  encodeTlvs,
  type LengthBytesOf,
  LONG_TLV_BYTES_MAX,
  TLV_BYTES_MAX,
  type Tlv,
} from "./tlv.ts";
import type { TlvDefinition, TlvTable } from "./tlv-definition.ts";
import { describeValue, readValue } from "./tlv-value.ts";

/** Which settings a kind of configuration file may have. */
export interface SettingsFormat {
  readonly table: TlvTable;
  /** Types that only the encoder writes, with their names. */
  readonly reserved: ReadonlyMap<number, string>;
  readonly lengthBytesOf: LengthBytesOf;
}

/** One mistake in the written settings. */
export interface SettingProblem {
  /** Path of the value, or of the object with the name: `[3, "classOfService", "classId"]`. */
  readonly path: readonly (string | number)[];
  /** Completes a sentence that starts with the path. */
  readonly message: string;
  /** An unknown name, and the known ones. */
  readonly unknown?: { readonly name: string; readonly known: readonly string[] };
}

export type SettingsReading =
  | { readonly kind: "ok"; readonly tlvs: readonly Tlv[] }
  | { readonly kind: "failed"; readonly problems: readonly SettingProblem[] };

// A longer certificate continues in the next TLV of its type (MULPI, Annex C.1.2).
const CHAIN_PIECE_BYTES = 254;
const SETTINGS_MAX = 10_000;
const PROBLEMS_MAX = 50;

type Path = readonly (string | number)[];

/**
 * Settings as YAML or JSON data: a list, in the order of the file, of objects with one name each
 * (`{maxCpe: 3}`) or of raw ones (`{type: 201, hex: 0a0b}`). A group is a list too, or an object when no
 * name occurs twice. Reports all mistakes, up to 50.
 */
export function readSettings(data: unknown, format: SettingsFormat): SettingsReading {
  const reader = new SettingsReader(format);
  const tlvs = reader.list(data, format.table, []);
  return reader.problems.length === 0
    ? { kind: "ok", tlvs }
    : { kind: "failed", problems: reader.problems.slice(0, PROBLEMS_MAX) };
}

class SettingsReader {
  readonly problems: SettingProblem[] = [];
  readonly #format: SettingsFormat;

  constructor(format: SettingsFormat) {
    this.#format = format;
  }

  list(data: unknown, table: TlvTable, path: Path): Tlv[] {
    if (Array.isArray(data)) {
      const items: unknown[] = data;
      if (items.length > SETTINGS_MAX)
        return this.#fail(path, `has more than ${SETTINGS_MAX} items`);
      return items.flatMap((item, index) => this.#item(item, table, [...path, index]));
    }
    if (!isPlainObject(data)) {
      return this.#fail(path, `must be a list of settings, not ${show(data)}`);
    }
    if (isRaw(data)) return this.#item(data, table, path);
    return Object.entries(data).flatMap(([name, value]) => this.#named(name, value, table, path));
  }

  #item(item: unknown, table: TlvTable, path: Path): Tlv[] {
    if (!isPlainObject(item)) {
      return this.#fail(path, `must be a setting such as {maxCpe: 1}, not ${show(item)}`);
    }
    if (isRaw(item)) return this.#raw(item, table, path);
    const [entry, ...more] = Object.entries(item);
    if (entry === undefined || more.length > 0) {
      return this.#fail(path, "must have one name: start each setting of a list with its own dash");
    }
    return this.#named(entry[0], entry[1], table, path);
  }

  #named(name: string, value: unknown, table: TlvTable, parent: Path): Tlv[] {
    const definition = table.byName.get(name);
    const path = [...parent, name];
    if (definition === undefined) {
      const known = [...table.byName.keys()];
      this.problems.push({ path, message: "is not known here", unknown: { name, known } });
      return [];
    }
    if (definition.kind === "group") {
      const fields = this.list(value, definition.fields, path);
      return this.#checked(definition.type, path, TLV_BYTES_MAX, () => encodeTlvs(fields));
    }
    const read = (): Uint8Array => readValue(value, definition);
    if (definition.kind === "chain") {
      const whole = this.#checked(definition.type, path, Number.POSITIVE_INFINITY, read);
      return whole.flatMap(piecesOf);
    }
    const bytesMax = definition.kind === "snmp-object" ? definition.most : TLV_BYTES_MAX;
    return this.#checked(definition.type, path, bytesMax, read);
  }

  #raw(item: Readonly<Record<string, unknown>>, table: TlvTable, path: Path): Tlv[] {
    const { type, hex } = item;
    if (typeof type !== "number" || !Number.isInteger(type) || type < 1 || type > 255) {
      return this.#fail([...path, "type"], `must be a number from 1 to 255, not ${show(type)}`);
    }
    const isOutermost = table === this.#format.table;
    const reserved = isOutermost ? this.#format.reserved.get(type) : undefined;
    if (reserved !== undefined) {
      return this.#fail([...path, "type"], `${type} is ${reserved}, which is added on encoding`);
    }
    const value = typeof hex === "string" ? parseHex(hex) : undefined;
    if (value === undefined) {
      return this.#fail([...path, "hex"], `must be hexadecimal text in quotes, not ${show(hex)}`);
    }
    const isLong = isOutermost && this.#format.lengthBytesOf(type) === 2;
    const bytesMax = isLong ? LONG_TLV_BYTES_MAX : TLV_BYTES_MAX;
    return this.#checked(type, [...path, "hex"], bytesMax, () => value);
  }

  #checked(type: number, path: Path, bytesMax: number, read: () => Uint8Array): Tlv[] {
    try {
      const value = read();
      if (value.length <= bytesMax) return [{ type, value }];
      return this.#fail(path, `has ${value.length} bytes, the most is ${bytesMax}`);
    } catch (error) {
      if (!(error instanceof EncodeError)) throw error;
      return this.#fail(path, error.message);
    }
  }

  #fail(path: Path, message: string): Tlv[] {
    this.problems.push({ path, message });
    return [];
  }
}

function isRaw(item: Readonly<Record<string, unknown>>): boolean {
  return "type" in item || "hex" in item;
}

function piecesOf({ type, value }: Tlv): Tlv[] {
  const count = Math.max(1, Math.ceil(value.length / CHAIN_PIECE_BYTES));
  return Array.from({ length: count }, (_, i) => ({
    type,
    value: value.subarray(i * CHAIN_PIECE_BYTES, (i + 1) * CHAIN_PIECE_BYTES),
  }));
}

/**
 * Settings as `readSettings` takes them. A setting is written raw when it has no name, or when its named
 * form would not give the same bytes again.
 */
export function describeSettings(tlvs: readonly Tlv[], table: TlvTable): Plain[] {
  return tlvs.map((tlv) => {
    const definition = table.byType.get(tlv.type);
    const described = definition === undefined ? undefined : describe(tlv.value, definition);
    return definition === undefined || described === undefined
      ? { type: tlv.type, hex: formatHex(tlv.value) }
      : { [definition.name]: described };
  });
}

function describe(bytes: Uint8Array, definition: TlvDefinition): Plain | undefined {
  if (definition.kind === "group") return describeGroup(bytes, fieldsFor(bytes, definition));
  if (definition.kind === "chain" && bytes.length > CHAIN_PIECE_BYTES) return undefined;
  const described = describeValue(bytes, definition);
  if (described === undefined) return undefined;
  try {
    return bytesEqual(readValue(described, definition), bytes) ? described : undefined;
  } catch (error) {
    // Out of the setting's range, so it is written raw.
    if (error instanceof EncodeError) return undefined;
    throw error;
  }
}

function fieldsFor(bytes: Uint8Array, { fields, variant }: TlvDefinition): TlvTable {
  if (variant === undefined) return fields;
  const start = bytes.subarray(0, variant.startsWith.length);
  return bytesEqual(start, variant.startsWith) ? fields : variant.otherwise;
}

function describeGroup(bytes: Uint8Array, fields: TlvTable): Plain | undefined {
  let tlvs: Tlv[];
  try {
    tlvs = decodeTlvs(bytes);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
  // Type 0 cannot be written in a group, neither by name nor raw.
  if (tlvs.some(({ type }) => type === 0)) return undefined;
  const list = describeSettings(tlvs, fields);
  const types = new Set(tlvs.map(({ type }) => type));
  const hasRaw = list.some((item) => isPlainObject(item) && isRaw(item));
  if (hasRaw || types.size < tlvs.length) return list;
  return Object.assign({}, ...list) as Plain;
}
