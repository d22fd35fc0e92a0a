import { DecodeError } from "../../protocol/decode-error.ts";
import { decodeOidElement, decodeVarBind } from "../../protocol/docsis/ber.ts";
import { cmTlvs } from "../../protocol/docsis/cm-tlvs.ts";
import { decodeTlvs, encodeTlvs, type Tlv } from "../../protocol/docsis/tlv.ts";
import type { TlvDefinition, TlvTable } from "../../protocol/docsis/tlv-definition.ts";
import { formatHex } from "../../protocol/hex.ts";

// Settings that may stand in a file several times are told apart by one of these fields.
const keyFields = ["reference", "classId", "vendorId"] as const;

/**
 * The settings of a template with a device's own laid over them:
 *
 * - service flows, classifiers and other groups with a `reference`, `classOfService` with its
 *   `classId` and `vendorSpecific` with its `vendorId`: field by field into the template's one with
 *   the same, by these same rules;
 * - `snmpObject` and `snmpWriteControl`: in the place of the template's one of the same object;
 * - any other: the device's settings of a type in the place of all that the template has of it.
 *
 * What the template does not have comes at the end. Throws DecodeError or EncodeError for a raw
 * group that holds no fields, or one that becomes too long.
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
 * Why settings of a device cannot be laid over a template: one of those that are told apart by a
 * field or an object is without it, or comes twice.
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

/** The same for settings of which one takes the place of the other. */
function identityOf(tlv: Tlv, table: TlvTable): string {
  const definition = table.byType.get(tlv.type);
  const key = definition === undefined ? undefined : keyOf(tlv, definition);
  return key === undefined ? String(tlv.type) : `${tlv.type} ${key}`;
}

/** What tells settings of this type apart; undefined when nothing does. */
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
