import { describe, expect, test } from "vitest";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { formatHex, parseHex } from "../hex.ts";
import { latin1Bytes } from "../latin1.ts";
import {
  decodeOidElement,
  decodeVarBind,
  encodeOidElement,
  encodeVarBind,
  type VarBind,
} from "./ber.ts";

const bytesOf = (hex: string): Uint8Array => parseHex(hex) ?? expect.unreachable(hex);
const OID = "1.3.6.1.2.1.69.1.6.3.0";
const OID_HEX = "060a2b060102014501060300";

describe("values of SNMPv2 (RFC 2578) in BER", () => {
  // The first two are in tests/docsis1_0_filters_oidnum.cm and PacketCable_TLV64.cm of the public
  // encoder rlaager/docsis; the others follow X.690, section 8.
  const table: readonly (readonly [string, VarBind, string])[] = [
    ["integer 1", { oid: OID, value: { kind: "integer", value: 1 } }, `300f${OID_HEX}020101`],
    [
      "text longer than 127 bytes",
      { oid: OID, value: { kind: "octetString", value: latin1Bytes("0".repeat(506)) } },
      `3082020a${OID_HEX}048201fa${"30".repeat(506)}`,
    ],
    ["integer 0", { oid: OID, value: { kind: "integer", value: 0 } }, `300f${OID_HEX}020100`],
    ["integer 127", { oid: OID, value: { kind: "integer", value: 127 } }, `300f${OID_HEX}02017f`],
    ["integer 128", { oid: OID, value: { kind: "integer", value: 128 } }, `3010${OID_HEX}02020080`],
    ["integer -1", { oid: OID, value: { kind: "integer", value: -1 } }, `300f${OID_HEX}0201ff`],
    [
      "integer -129",
      { oid: OID, value: { kind: "integer", value: -129 } },
      `3010${OID_HEX}0202ff7f`,
    ],
    [
      "the least integer",
      { oid: OID, value: { kind: "integer", value: -(2 ** 31) } },
      `3012${OID_HEX}020480000000`,
    ],
    [
      "the most unsigned",
      { oid: OID, value: { kind: "gauge32", value: 2 ** 32 - 1 } },
      `3013${OID_HEX}420500ffffffff`,
    ],
    ["counter32", { oid: OID, value: { kind: "counter32", value: 300 } }, `3010${OID_HEX}4102012c`],
    ["time ticks", { oid: OID, value: { kind: "timeTicks", value: 5 } }, `300f${OID_HEX}430105`],
    [
      "counter64",
      { oid: OID, value: { kind: "counter64", value: 2n ** 64n - 1n } },
      `3017${OID_HEX}460900ffffffffffffffff`,
    ],
    ["null", { oid: OID, value: { kind: "null" } }, `300e${OID_HEX}0500`],
    [
      "address",
      { oid: OID, value: { kind: "ipAddress", value: Uint8Array.of(10, 1, 2, 3) } },
      `3012${OID_HEX}40040a010203`,
    ],
    [
      "opaque",
      { oid: OID, value: { kind: "opaque", value: Uint8Array.of(0x9f) } },
      `300f${OID_HEX}44019f`,
    ],
    [
      "object identifier with wide arcs",
      { oid: OID, value: { kind: "objectIdentifier", value: "2.999.4294967295.0" } },
      `3016${OID_HEX}06088837 8fffffff7f00`.replace(" ", ""),
    ],
  ];
  for (const [name, varBind, hex] of table) {
    test(`${name} is encoded`, () => expect(formatHex(encodeVarBind(varBind))).toBe(hex));
    test(`${name} is decoded`, () => expect(decodeVarBind(bytesOf(hex))).toEqual(varBind));
    test(`${name}: no truncation decodes`, () => {
      const bytes = bytesOf(hex);
      for (let end = 0; end < bytes.length; end += 1) {
        expect(() => decodeVarBind(bytes.subarray(0, end))).toThrow(DecodeError);
      }
    });
  }
});

test("lengths in more bytes than necessary are read", () => {
  const loose = bytesOf(`308200 10${OID_HEX}02820001 07`.replaceAll(" ", ""));
  expect(() => decodeVarBind(loose)).toThrow(DecodeError);
  const right = bytesOf(`30820011${OID_HEX}0282000107`);
  expect(decodeVarBind(right).value).toEqual({ kind: "integer", value: 7 });
});

describe("what is no VarBind is refused", () => {
  const table: readonly (readonly [string, string])[] = [
    ["nothing", ""],
    ["another tag", `310f${OID_HEX}020101`],
    ["bytes after it", `300f${OID_HEX}02010100`],
    ["bytes after the value", `3010${OID_HEX}02010100`],
    ["no OID first", "3006020101020101"],
    ["an OID that does not end", "300706022b86020101"],
    ["an empty OID", "30050600020101"],
    ["an unknown type", `300f${OID_HEX}470101`],
    ["an empty integer", `300e${OID_HEX}0200`],
    ["an integer of 33 bits", `3013${OID_HEX}02050100000000`],
    ["a negative counter", `300f${OID_HEX}4101ff`],
    ["a counter64 of 65 bits", `3017${OID_HEX}460901ffffffffffffffff`],
    ["an address of 3 bytes", `3011${OID_HEX}40030a0102`],
    ["a null with a value", `300f${OID_HEX}050100`],
    ["an endless length", `3080${OID_HEX}0201010000`],
    ["a length of 4 bytes", `30840000000f${OID_HEX}020101`],
  ];
  for (const [name, hex] of table) {
    test(name, () => expect(() => decodeVarBind(bytesOf(hex))).toThrow(DecodeError));
  }
});

describe("what cannot be encoded is refused", () => {
  const oids = ["", "1", "1.40.1", "3.1", "1.3.4294967296", "1.3.x", "1..3", "1.3.", "1.03", "a"];
  for (const oid of oids) {
    test(`the OID "${oid}"`, () => {
      expect(() => encodeVarBind({ oid, value: { kind: "null" } })).toThrow(EncodeError);
    });
  }
  const values: readonly VarBind["value"][] = [
    { kind: "integer", value: 2 ** 31 },
    { kind: "integer", value: 1.5 },
    { kind: "integer", value: Number.NaN },
    { kind: "counter32", value: -1 },
    { kind: "gauge32", value: 2 ** 32 },
    { kind: "counter64", value: -1n },
    { kind: "counter64", value: 2n ** 64n },
    { kind: "objectIdentifier", value: "x" },
    { kind: "ipAddress", value: Uint8Array.of(1) },
    { kind: "octetString", value: new Uint8Array(65_536) },
  ];
  for (const value of values) {
    const written = "value" in value ? String(value.value).slice(0, 20) : "";
    test(`${value.kind} ${written}`, () => {
      expect(() => encodeVarBind({ oid: OID, value })).toThrow(EncodeError);
    });
  }
});

test("an OID may have a dot before it, and an element of its own", () => {
  expect(formatHex(encodeOidElement(".1.3.6"))).toBe("06022b06");
  expect(decodeOidElement(bytesOf("06022b0601"))).toEqual({ oid: "1.3.6", end: 4 });
});

test("more than 128 arcs are refused both ways", () => {
  const arcs = (count: number): string => ["1", "3", ...new Array(count - 2).fill("1")].join(".");
  expect(encodeOidElement(arcs(128))).toHaveLength(2 + 127);
  expect(() => encodeOidElement(arcs(129))).toThrow(EncodeError);
  const long = Uint8Array.of(6, 0x81, 128, 0x2b, ...new Array<number>(127).fill(1));
  expect(() => decodeOidElement(long)).toThrow(DecodeError);
});
