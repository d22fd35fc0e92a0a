import { expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { Prng } from "../../base/prng.ts";
import { type BerValue, decodeVarBind, type VarBind } from "../../protocol/docsis/ber.ts";
import {
  decodeCmConfig,
  describeCmSettings,
  encodeCmConfig,
  readCmSettings,
} from "../../protocol/docsis/cm-config.ts";
import { cmTlvs } from "../../protocol/docsis/cm-tlvs.ts";
import {
  decodeMtaConfig,
  encodeMtaConfig,
  hashOids,
  readMtaSettings,
} from "../../protocol/docsis/mta-config.ts";
import type { Plain } from "../../protocol/docsis/plain.ts";
import type { SettingsReading } from "../../protocol/docsis/settings.ts";
import type { Tlv } from "../../protocol/docsis/tlv.ts";
import { formatHex, parseHex } from "../../protocol/hex.ts";
import { latin1Bytes } from "../../protocol/latin1.ts";
import { bootFilesOf } from "../../scenarios/servers/boot-files.ts";
import { everySetting, randomValues } from "./docsis-samples.testing.ts";
import { isRaw, opaqueTypes, settingsOf } from "./docsis-settings.testing.ts";
import { type DissectedField, dissect, missingTshark } from "./tshark.testing.ts";

const secret = latin1Bytes("a secret of this test");
const END_OF_DATA = 255;
const SNMP_OBJECT = 11;
const LONG_SNMP_OBJECT = 64;

function tlvsOf(reading: SettingsReading): readonly Tlv[] {
  return reading.kind === "ok" ? reading.tlvs : expect.unreachable(JSON.stringify(reading));
}

const cmFileOf = (settings: unknown): Uint8Array =>
  encodeCmConfig(tlvsOf(readCmSettings(settings)), secret);

/** What a modem repeats in its registration request: all of its file before the end mark. */
function dissectCmFiles(files: readonly Uint8Array[]): readonly (readonly DissectedField[])[] {
  return dissect(
    "docsis_tlv",
    files.map((file) => file.subarray(0, file.lastIndexOf(END_OF_DATA))),
  );
}

/** Fails unless tshark found the same settings with the same values in the file, and both MICs. */
function expectSame(file: Uint8Array, fields: readonly DissectedField[]): void {
  const { tlvs, cmMic, cmtsMic } = decodeCmConfig(file);
  const theirs = tlvsOf(readCmSettings(settingsOf(fields)));
  expect(describeCmSettings(theirs)).toEqual(describeCmSettings(tlvs));
  expect(theirs.map(({ type }) => type)).toEqual(tlvs.map(({ type }) => type));
  const mics = ["docsis_tlv.cmmic", "docsis_tlv.cmtsmic"].map(
    (name) => fields.find((field) => field.name === name)?.hex,
  );
  expect(mics).toEqual([cmMic, cmtsMic].map((mic) => formatHex(mic ?? expect.unreachable())));
}

describeUnless(missingTshark(), "tshark reads the files of modems as we do", () => {
  test("every setting that tshark has a name for", () => {
    const file = cmFileOf(everySetting);
    const [fields] = dissectCmFiles([file]);
    expectSame(file, fields!);
    // By names that say the same, not as bytes that would be equal whatever they mean.
    const raw = settingsOf(fields!).filter(isRaw);
    expect(raw.map(({ type }) => type).toSorted()).toEqual(opaqueTypes.toSorted());
    const named = settingsOf(fields!).filter((setting) => !isRaw(setting));
    expect(named).toEqual(everySetting.filter((setting) => !isOpaque(setting)));
  });

  const SEED = 20_261_126;
  test(`40 files of the same settings with other values, seed ${SEED}`, () => {
    const prng = new Prng(SEED, 0);
    const files = Array.from({ length: 40 }, () =>
      cmFileOf(randomValues(everySetting, cmTlvs, prng)),
    );
    const dissected = dissectCmFiles(files);
    expect(dissected).toHaveLength(files.length);
    for (const [index, file] of files.entries()) expectSame(file, dissected[index]!);
  });

  test("the files of the simulated modems", () => {
    const files = bootFilesOf({ seed: 1, meterImageBytes: 1024 })
      .filter(({ name }) => name.startsWith("cm-"))
      .map(({ bytes }) => bytes);
    expect(files.length).toBeGreaterThan(0);
    const dissected = dissectCmFiles(files);
    for (const [index, file] of files.entries()) expectSame(file, dissected[index]!);
    expectSameObjects(files.flatMap((file) => objectsOf(decodeCmConfig(file).tlvs)));
  });

  test("a tampered file is told apart: the comparison is not blind", () => {
    const file = cmFileOf([{ networkAccess: 1 }, { maxCpe: 3 }]);
    const [fields] = dissectCmFiles([cmFileOf([{ networkAccess: 1 }, { maxCpe: 4 }])]);
    expect(() => expectSame(file, fields!)).toThrow("deeply equal");
  });
});

function isOpaque(setting: Readonly<Record<string, Plain>>): boolean {
  const type = cmTlvs.byName.get(Object.keys(setting)[0]!)?.type;
  return type !== undefined && opaqueTypes.includes(type);
}

// tshark has no dissector for the file of an MTA. But the file is TLVs, which it splits, and each of
// them is an object of SNMP, which it reads.
const OBJECT = "1.3.6.1.4.1.4491.2.2.1.1.1.7.0";
const objectValues: readonly Plain[] = [
  { integer: 0 },
  { integer: -1 },
  { integer: 128 },
  { integer: -(2 ** 31) },
  { integer: 2 ** 31 - 1 },
  { text: "" },
  { text: "ca@callagent.example.net" },
  { hex: "00ff7f80" },
  { objectIdentifier: "1.3.6.1.4.1.4294967295.0.128" },
  { ipAddress: "192.0.2.255" },
  { counter32: 2 ** 32 - 1 },
  { gauge32: 2 ** 31 },
  { timeTicks: 8_640_000 },
  { opaque: "9f780441200000" },
  { counter64: "18446744073709551615" },
  { null: true },
];
const shortObjects: readonly Plain[] = objectValues.map((value, index) => ({
  snmpObject: { oid: `${OBJECT}.${index * 1000}`, ...(value as object) },
}));
/** Lengths of one, two and three bytes in BER, and more than TLV 11 holds. */
const longObjects: readonly Plain[] = [127, 128, 220, 255, 256, 65_000].map((length) => ({
  snmpObject: { oid: OBJECT, text: "0".repeat(length) },
}));

describeUnless(missingTshark(), "tshark reads the files of MTAs as we do", () => {
  test.each(["north-america", "europe"] as const)("delimiters, objects and hash: %s", (realm) => {
    const file = encodeMtaConfig(tlvsOf(readMtaSettings(shortObjects)), realm);
    const [fields] = dissect("docsis_tlv", [file]);
    const [start, ...objects] = settingsOf(fields!);
    const end = objects.pop();
    expect([start, end]).toEqual([
      { type: 254, hex: "01" },
      { type: 254, hex: "ff" },
    ]);
    const hash = objects.pop();
    const { tlvs } = decodeMtaConfig(file);
    expect(objects).toEqual(tlvs.map(({ type, value }) => ({ type, hex: formatHex(value) })));
    expectSameObjects(objectsOf(tlvs));
    const [shown] = dissectObjects([parseHex(String(hash?.["hex"]))!]);
    expect(shown).toContain(`name=${hashOids[realm]}`);
  });

  test("objects of every length, in TLV 11 and TLV 64", () => {
    const { tlvs } = decodeMtaConfig(encodeMtaConfig(tlvsOf(readMtaSettings(longObjects))));
    expect(new Set(tlvs.map(({ type }) => type))).toEqual(new Set([SNMP_OBJECT, LONG_SNMP_OBJECT]));
    expectSameObjects(objectsOf(tlvs));
  });

  test("the file of the simulated MTAs", () => {
    const file = bootFilesOf({ seed: 1, meterImageBytes: 1024 }).find(
      ({ name }) => name === "mta.bin",
    );
    const objects = objectsOf(decodeMtaConfig(file!.bytes).tlvs);
    expect(objects.length).toBeGreaterThan(0);
    expectSameObjects(objects);
  });
});

const objectsOf = (tlvs: readonly Tlv[]): readonly Uint8Array[] =>
  tlvs
    .filter(({ type }) => type === SNMP_OBJECT || type === LONG_SNMP_OBJECT)
    .map(({ value }) => value);

function expectSameObjects(objects: readonly Uint8Array[]): void {
  expect(dissectObjects(objects)).toEqual(objects.map((bytes) => shownBytes(decodeVarBind(bytes))));
}

/** Each object as tshark shows it when it is what an SNMP request sets. */
function dissectObjects(objects: readonly Uint8Array[]): readonly string[] {
  return dissect("snmp", objects.map(setRequestOf)).map((fields) =>
    leavesOf(fields)
      .filter(({ name }) => name === "snmp.name" || name.startsWith("snmp.value."))
      .map(({ name, show, hex }) => {
        const key = name.replace(/^snmp\.(value\.)?/, "");
        return `${key}=${shownAsBytes.has(key) ? hex : show}`;
      })
      .join(" "),
  );
}

const shownAsBytes = new Set(["octets", "opaque"]);

/** What `dissectObjects` is to say. tshark has one name for both sizes of counter. */
function shownBytes({ oid, value }: VarBind): string {
  return `name=${oid} ${shownValue(value)}`;
}

function shownValue(value: BerValue): string {
  switch (value.kind) {
    case "integer":
      return `int=${value.value}`;
    case "octetString":
      return `octets=${formatHex(value.value)}`;
    case "objectIdentifier":
      return `oid=${value.value}`;
    case "ipAddress":
      return `ipv4=${value.value.join(".")}`;
    case "counter32":
    case "counter64":
      return `counter=${value.value}`;
    case "gauge32":
      return `g32=${value.value}`;
    case "timeTicks":
      return `timeticks=${value.value}`;
    case "opaque":
      return `opaque=${formatHex(value.value)}`;
    case "null":
      return "null=";
  }
}

const leavesOf = (fields: readonly DissectedField[]): readonly DissectedField[] =>
  fields.flatMap((field) => [field, ...leavesOf(field.fields)]);

/** RFC 3416, section 3: a SetRequest-PDU in a message of SNMPv2c, with this one object. */
function setRequestOf(object: Uint8Array): Uint8Array {
  const zero = element(0x02, Uint8Array.of(0));
  const objects = element(0x30, object);
  return element(
    0x30,
    element(0x02, Uint8Array.of(1)),
    element(0x04, latin1Bytes("public")),
    element(0xa3, zero, zero, zero, objects),
  );
}

function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([Uint8Array.of(tag, 0x84), length, content]);
}
