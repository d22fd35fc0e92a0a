import { DecodeError } from "../../protocol/decode-error.ts";
import { decodeOidElement, decodeVarBind } from "../../protocol/docsis/ber.ts";
import { cmTlvs } from "../../protocol/docsis/cm-tlvs.ts";
import { decodeTlvs, encodeTlvs, type Tlv } from "../../protocol/docsis/tlv.ts";
import type { TlvDefinition, TlvTable } from "../../protocol/docsis/tlv-definition.ts";
import { formatHex } from "../../protocol/hex.ts";

// A setting that may occur several times is identified by one of these fields.
const keyFields = ["reference", "classId", "vendorId"] as const;

/**
 * Lays a device's own settings over those of a template:
 *
 * - Groups with an identifying field (a `reference` in service flows and classifiers, the `classId`
 *   of `classOfService`, the `vendorId` of `vendorSpecific`) are merged field by field into the
 *   template's group with the same value, by these same rules.
 * - `snmpObject` and `snmpWriteControl` replace the template's setting for the same object.
 * - Settings of any other type replace all of the template's settings of that type.
 *
 * Settings that the template lacks come at the end. Throws DecodeError or EncodeError for a raw
 * group without fields, or one that becomes too long.
 */
export function overlaySettings(
  template: readonly Tlv[],
  own: readonly Tlv[],
  table: TlvTable = cmTlvs,
): Tlv[] {
  const left = new Map<string, Tlv[]>();
  for (const tlv of own) {
    const identity = identityOf(tlv, table);
    const same = left.get(identity);
    if (same === undefined) left.set(identity, [tlv]);
    else same.push(tlv);
  }
  const replaced = new Set(left.keys());
  const settings: Tlv[] = [];
  for (const tlv of template) {
    const identity = identityOf(tlv, table);
    const ours = left.get(identity);
    left.delete(identity);
    if (ours !== undefined) settings.push(...ours.map((mine) => merged(tlv, mine, table)));
    else if (!replaced.has(identity)) settings.push(tlv);
  }
  for (const ours of left.values()) settings.push(...ours);
  return settings;
}

/**
 * Why a device's settings cannot be laid over a template: a setting that needs an identifying field or
 * object lacks it, or occurs twice with the same one.
 */
export function overlayProblems(own: readonly Tlv[]): string[] {
  const seen = new Set<string>();
  return own.flatMap((tlv) => {
    const definition = cmTlvs.byType.get(tlv.type);
    const told = definition === undefined ? undefined : keyNameOf(definition);
    if (definition === undefined || told === undefined) return [];
    const identity = identityOf(tlv, cmTlvs);
    const isTwice = seen.has(identity);
    seen.add(identity);
    const { name } = definition;
    if (keyOf(tlv, definition) === undefined) {
      return [`${name} needs its ${told}, which tells which one it is`];
    }
    return isTwice ? [`${name} comes twice with the same ${told}`] : [];
  });
}

function merged(template: Tlv, own: Tlv, table: TlvTable): Tlv {
  const definition = table.byType.get(own.type);
  if (definition?.kind !== "group" || keyNameOf(definition) === undefined) return own;
  const fields = overlaySettings(
    decodeTlvs(template.value),
    decodeTlvs(own.value),
    definition.fields,
  );
  return { type: own.type, value: encodeTlvs(fields) };
}

/** Two settings with the same identity replace each other. */
function identityOf(tlv: Tlv, table: TlvTable): string {
  const definition = table.byType.get(tlv.type);
  const key = definition === undefined ? undefined : keyOf(tlv, definition);
  return key === undefined ? String(tlv.type) : `${tlv.type} ${key}`;
}

/** The name of the field that identifies settings of this type; undefined when there is none. */
function keyNameOf({ kind, fields }: TlvDefinition): string | undefined {
  if (kind === "snmp-object" || kind === "snmp-write-control") return "oid";
  return keyFields.find((name) => fields.byName.has(name));
}

function keyOf({ value }: Tlv, definition: TlvDefinition): string | undefined {
  const name = keyNameOf(definition);
  if (name === undefined) return undefined;
  try {
    if (definition.kind === "snmp-object") return decodeVarBind(value).oid;
    if (definition.kind === "snmp-write-control") return decodeOidElement(value).oid;
    const type = definition.fields.byName.get(name)?.type;
    const field = decodeTlvs(value).find((one) => one.type === type);
    return field === undefined ? undefined : formatHex(field.value);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
