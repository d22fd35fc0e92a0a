import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { formatHex, parseHex } from "../hex.ts";
import {
  decodeMtaConfig,
  describeMtaSettings,
  encodeMtaConfig,
  hashOids,
  readMtaSettings,
} from "./mta-config.ts";
import type { Plain } from "./plain.ts";
import type { Tlv } from "./tlv.ts";

const DIAL_PLAN = "1.3.6.1.4.1.4115.11.1.2.1";
const short: Plain = { snmpObject: { oid: "1.3.6.1.4.1.4491.2.2.1.1.1.7.0", integer: 1 } };
const long: Plain = { snmpObject: { oid: DIAL_PLAN, text: "0".repeat(506) } };

function tlvsOf(data: unknown): readonly Tlv[] {
  const reading = readMtaSettings(data);
  return reading.kind === "ok" ? reading.tlvs : expect.unreachable(JSON.stringify(reading));
}

function bytesOf(hex: string): Uint8Array {
  return parseHex(hex) ?? expect.unreachable(hex);
}

test("a long object is in TLV 64, as in PacketCable_TLV64.cm of github.com/rlaager/docsis", () => {
  const hex = formatHex(encodeMtaConfig(tlvsOf([long])));
  // The head of that file, and the delimiter at its end.
  expect(hex.startsWith("fe010140020f3082020b060b2b06010401a0130b010201048201fa3030")).toBe(true);
  expect(hex.endsWith("30fe01ff")).toBe(true);
  expect(hex).toHaveLength(2 * (3 + 3 + 0x20f + 3));
});

test("settings come back as they were", () => {
  const settings: Plain[] = [
    short,
    long,
    { vendorSpecific: [{ vendorId: "00095b" }, { type: 1, hex: "01" }] },
    { type: 64, hex: "3006060129020101" },
    { type: 200, hex: "" },
  ];
  const { tlvs, hash } = decodeMtaConfig(encodeMtaConfig(tlvsOf(settings)));
  expect(hash).toBeUndefined();
  expect(describeMtaSettings(tlvs)).toEqual(settings);
  expect(decodeMtaConfig(bytesOf("fe0101fe01ff"))).toEqual({ tlvs: [], hash: undefined });
});

describe("the hash is SHA-1 of the file without it, in the last object", () => {
  for (const realm of ["north-america", "europe"] as const) {
    test(realm, () => {
      const plain = encodeMtaConfig(tlvsOf([short, long]));
      const hashed = encodeMtaConfig(tlvsOf([short, long]), realm);
      const digest = createHash("sha1").update(plain).digest("hex");
      expect(formatHex(hashed).endsWith(`0414${digest}fe01ff`)).toBe(true);
      const config = decodeMtaConfig(hashed);
      expect(config.hash).toEqual({ realm, isRight: true });
      expect(describeMtaSettings(config.tlvs)).toEqual([short, long]);
      hashed[20] ^= 1;
      expect(decodeMtaConfig(hashed).hash).toEqual({ realm, isRight: false });
    });
  }

  test("an object of that name with another value is none", () => {
    const setting: Plain = { snmpObject: { oid: hashOids.europe, hex: "00" } };
    const { tlvs, hash } = decodeMtaConfig(encodeMtaConfig(tlvsOf([setting])));
    expect(hash).toBeUndefined();
    expect(describeMtaSettings(tlvs)).toEqual([setting]);
  });
});

describe("what is no file of an MTA is refused", () => {
  const table: readonly (readonly [string, string])[] = [
    ["nothing", ""],
    ["one delimiter", "fe01ff"],
    ["no start", "0b0030fe01ff"],
    ["a wrong start", "fe0102fe01ff"],
    ["no end", "fe0101c80100"],
    ["bytes after the end", "fe0101fe01ff00"],
    ["a delimiter in between", "fe0101fe0101fe01ff"],
    ["a pad in between", "fe01010000fe01ff"],
    ["TLV 64 with one byte of length", "fe010140"],
    ["TLV 64 that is too long", "fe010140ffff00fe01ff"],
    ["a cable modem's file", "030101ff"],
  ];
  for (const [name, hex] of table) {
    test(name, () => expect(() => decodeMtaConfig(bytesOf(hex))).toThrow(DecodeError));
  }

  test("settings that the encoder adds, and those that do not fit", () => {
    const refused: readonly Tlv[] = [
      { type: 254, value: Uint8Array.of(1) },
      { type: 0, value: new Uint8Array() },
      { type: 11, value: new Uint8Array(256) },
      { type: 64, value: new Uint8Array(65_536) },
    ];
    for (const tlv of refused) expect(() => encodeMtaConfig([tlv])).toThrow(EncodeError);
    const many = new Array<Tlv>(5).fill({ type: 64, value: new Uint8Array(60_000) });
    expect(() => encodeMtaConfig(many)).toThrow(EncodeError);
    expect(readMtaSettings([{ type: 254, hex: "01" }])).toMatchObject({ kind: "failed" });
    expect(readMtaSettings([{ maxCpe: 1 }])).toMatchObject({ kind: "failed" });
  });
});

const SEED = 20_261_125;
test(`damaged files are refused or described without loss, seed ${SEED}`, () => {
  const prng = new Prng(SEED, 0);
  const sample = encodeMtaConfig(tlvsOf([short, { type: 64, hex: "00" }, short, short]), "europe");
  let decoded = 0;
  let refused = 0;
  for (let round = 0; round < 3000; round += 1) {
    const bytes = sample.slice();
    bytes[prng.nextBelow(bytes.length)] = prng.nextBelow(256);
    try {
      const { tlvs } = decodeMtaConfig(bytes);
      expect(tlvsOf(describeMtaSettings(tlvs))).toEqual(tlvs);
      decoded += 1;
    } catch (error) {
      expect(error).toBeInstanceOf(DecodeError);
      refused += 1;
    }
  }
  expect(decoded).toBeGreaterThan(1000);
  expect(refused).toBeGreaterThan(200);
});
