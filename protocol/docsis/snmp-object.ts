import { formatHex, parseHex } from "../hex.ts";
import { latin1Bytes, latin1Text } from "../latin1.ts";
import { ipv4Bytes, ipv4Text } from "./address-text.ts";
import type { BerValue, VarBind } from "./ber.ts";
import type { Plain } from "./plain.ts";
import { isPlainObject, isPrintable, show } from "./plain.ts";

const COUNTER64 = /^\d{1,20}$/;

/** The keys that name the type of the value, and how each value is read. */
const readers: Readonly<Record<string, (value: unknown) => BerValue | undefined>> = {
  integer: (value) => (typeof value === "number" ? { kind: "integer", value } : undefined),
  text: (value) =>
    typeof value === "string" && isPrintable(value)
      ? { kind: "octetString", value: latin1Bytes(value) }
      : undefined,
  hex: (value) => octets("octetString", value),
  oid: () => undefined,
  objectIdentifier: (value) =>
    typeof value === "string" ? { kind: "objectIdentifier", value } : undefined,
  ipAddress: (value) => {
    const bytes = typeof value === "string" ? ipv4Bytes(value) : undefined;
    return bytes === undefined ? undefined : { kind: "ipAddress", value: bytes };
  },
  counter32: (value) => (typeof value === "number" ? { kind: "counter32", value } : undefined),
  gauge32: (value) => (typeof value === "number" ? { kind: "gauge32", value } : undefined),
  timeTicks: (value) => (typeof value === "number" ? { kind: "timeTicks", value } : undefined),
  opaque: (value) => octets("opaque", value),
  counter64: (value) => {
    const digits = typeof value === "number" ? String(value) : value;
    if (typeof digits !== "string" || !COUNTER64.test(digits)) return undefined;
    return { kind: "counter64", value: BigInt(digits) };
  },
  null: (value) => (value === true ? { kind: "null" } : undefined),
};

const valueKeys = Object.keys(readers).filter((key) => key !== "oid");

/** Reads `{oid: 1.3.6.1.2.1.69.1.6.3.0, integer: 1}` as a VarBind, or returns what is wrong with it. */
export function readSnmpObject(data: unknown): VarBind | { readonly message: string } {
  if (!isPlainObject(data)) {
    return { message: `must be an object with oid and one of ${valueKeys.join(", ")}` };
  }
  const { oid } = data;
  if (typeof oid !== "string") {
    return { message: `needs an oid as text such as "1.3.6.1.2.1.69.1.6.3.0", not ${show(oid)}` };
  }
  const keys = Object.keys(data).filter((key) => key !== "oid");
  const [key] = keys;
  if (keys.length !== 1 || !valueKeys.includes(key)) {
    const written = keys.length === 0 ? "none" : keys.join(", ");
    return { message: `needs exactly one of ${valueKeys.join(", ")}, not ${written}` };
  }
  const value = readers[key](data[key]);
  return value === undefined
    ? { message: `has no ${key} that can be: ${show(data[key])}` }
    : { oid, value };
}

export function describeSnmpObject({ oid, value }: VarBind): Plain {
  switch (value.kind) {
    case "integer":
    case "counter32":
    case "gauge32":
    case "timeTicks":
      return { oid, [value.kind]: value.value };
    case "counter64":
      return { oid, counter64: String(value.value) };
    case "objectIdentifier":
      return { oid, objectIdentifier: value.value };
    case "ipAddress":
      return { oid, ipAddress: ipv4Text(value.value) };
    case "null":
      return { oid, null: true };
    case "opaque":
      return { oid, opaque: formatHex(value.value) };
    case "octetString": {
      const text = latin1Text(value.value);
      return isPrintable(text) ? { oid, text } : { oid, hex: formatHex(value.value) };
    }
  }
}

function octets(kind: "octetString" | "opaque", value: unknown): BerValue | undefined {
  const bytes = typeof value === "string" ? parseHex(value) : undefined;
  return bytes === undefined ? undefined : { kind, value: bytes };
}
