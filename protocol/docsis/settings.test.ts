import { describe, expect, test } from "vitest";
import { formatHex, parseHex } from "../hex.ts";
import { describeCmSettings, readCmSettings } from "./cm-config.ts";
import { cmTlvs } from "./cm-tlvs.ts";
import type { Plain } from "./plain.ts";
import { decodeTlvs, encodeTlvs, type Tlv } from "./tlv.ts";
import type { TlvTable } from "./tlv-definition.ts";

function tlvsOf(data: unknown): readonly Tlv[] {
  const reading = readCmSettings(data);
  return reading.kind === "ok" ? reading.tlvs : expect.unreachable(JSON.stringify(reading));
}

function problemsOf(data: unknown): string[] {
  const reading = readCmSettings(data);
  if (reading.kind === "ok") return [];
  return reading.problems.map(({ path, message }) => `${path.join("/")} ${message}`);
}

describe("a setting by name has these bytes, and its bytes have that name", () => {
  const table: readonly (readonly [Plain, string])[] = [
    [{ networkAccess: 1 }, "030101"],
    [{ downstreamFrequencyHz: 4_294_967_295 }, "0104ffffffff"],
    [{ classOfService: { classId: 1, upstreamBurstBytesMax: 258 } }, "04070101010602 0102"],
    [{ classOfService: {} }, "0400"],
    [{ softwareFilename: "a.bin" }, "0905612e62696e"],
    [{ snmpWriteControl: { oid: "1.3.6.1", forbidden: true } }, "0a0606032b060101"],
    [{ snmpObject: { oid: "1.3.6.1", integer: -2 } }, "0b0a300806032b06010201fe"],
    [{ snmpObject: { oid: "1.3.6.1", text: "public" } }, "0b0f300d06032b060104067075626c6963"],
    [{ snmpObject: { oid: "1.3.6.1", hex: "00ff" } }, "0b0b300906032b0601040200ff"],
    [{ snmpObject: { oid: "1.3.6.1", counter64: "256" } }, "0b0b300906032b060146020100"],
    [{ snmpObject: { oid: "1.3.6.1", ipAddress: "10.0.0.1" } }, "0b0d300b06032b060140040a000001"],
    [{ snmpObject: { oid: "1.3.6.1", objectIdentifier: "0.0" } }, "0b0a300806032b0601060100"],
    [{ snmpObject: { oid: "1.3.6.1", null: true } }, "0b09300706032b06010500"],
    [{ snmpObject: { oid: "1.3.6.1", opaque: "01" } }, "0b0a300806032b0601440101"],
    [{ cpeMac: "02:10:00:00:00:01" }, "0e06021000000001"],
    [{ tftpModemAddress: "10.1.2.3" }, "14040a010203"],
    [{ upstreamClassifier: { vlan: { userPriority: [0, 7] } } }, "16060b0401020007"],
    [
      { upstreamClassifier: { ethernet: { destinationMac: "02:00:00:00:00:01" } } },
      "160a0a080106020000000001",
    ],
    [{ upstreamServiceFlow: { serviceClassName: "gold" } }, "18070405676f6c6400"],
    [{ subscriberManagementCpeAddresses: ["1.2.3.4", "5.6.7.8"] }, "24080102030405060708"],
    [{ subscriberManagementFilterGroups: [1, 258] }, "250400010102"],
    [{ softwareServerIpv6: "2001:db8::1" }, "3a1020010db8000000000000000000000001"],
    [{ manufacturerCvc: "30820102" }, "200430820102"],
    [
      { snmpCoexistence: { transportAccess: { address: "10.0.0.1:161" } } },
      "350a020801060a00000100a1",
    ],
    [{ snmpCoexistence: { transportAccess: { address: "10.0.0.1" } } }, "3508020601040a000001"],
    [
      { snmpCoexistence: { transportAccess: { mask: "[2001:db8::1]:0" } } },
      "35160214021220010db80000000000000000000000010000",
    ],
    [
      { channelAssignment: [{ upstreamChannelId: 1 }, { upstreamChannelId: 2 }] },
      "3806010101010102",
    ],
    [
      { vendorSpecific: { vendorId: "ffffff", loadBalancingPolicyId: 1 } },
      "2b0b0803ffffff010400000001",
    ],
    [{ eRouter: { tr069: { url: "http://a" } } }, "ca0c020a0208687474703a2f2f61"],
    [{ type: 201, hex: "0a0b" }, "c9020a0b"],
  ];
  for (const [setting, spaced] of table) {
    const hex = spaced.replaceAll(" ", "");
    test(JSON.stringify(setting), () => {
      expect(formatHex(encodeTlvs(tlvsOf([setting])))).toBe(hex);
      const tlvs = decodeTlvs(parseHex(hex) ?? expect.unreachable(hex));
      expect(describeCmSettings(tlvs)).toEqual([setting]);
    });
  }
});

describe("bytes that a name would not bring back are written raw", () => {
  const table: readonly (readonly [string, string, Plain])[] = [
    ["a wrong length", "03020101", { type: 3, hex: "0101" }],
    ["a value out of range", "030102", { type: 3, hex: "02" }],
    ["text with a control character", "09010a", { type: 9, hex: "0a" }],
    [
      "text that should end in zero",
      "1804040261 62",
      { upstreamServiceFlow: [{ type: 4, hex: "6162" }] },
    ],
    ["a group that is cut", "0402 0105", { type: 4, hex: "0105" }],
    ["a pad in a group", "04020000", { type: 4, hex: "0000" }],
    ["an unknown field", "0403630101", { classOfService: [{ type: 99, hex: "01" }] }],
    [
      "BER with a long length",
      "0b0a30820006060129020101",
      { type: 11, hex: "30820006060129020101" },
    ],
    ["a list with half an element", "25030001 02", { type: 37, hex: "000102" }],
    ["an address of 5 bytes", "14050a01020304", { type: 20, hex: "0a01020304" }],
    [
      "the field of a real vendor",
      "2b0b080300095b010400000001",
      { vendorSpecific: [{ vendorId: "00095b" }, { type: 1, hex: "00000001" }] },
    ],
  ];
  for (const [name, spaced, setting] of table) {
    test(name, () => {
      const hex = spaced.replaceAll(" ", "");
      const tlvs = decodeTlvs(parseHex(hex) ?? expect.unreachable(hex));
      expect(describeCmSettings(tlvs)).toEqual([setting]);
      expect(formatHex(encodeTlvs(tlvsOf([setting])))).toBe(hex);
    });
  }
});

test("the order is kept, and a certificate goes on in further TLVs", () => {
  const hex = "ab".repeat(600);
  const tlvs = tlvsOf([{ maxCpe: 2 }, { coSignerCvc: hex }, { networkAccess: 0 }]);
  expect(tlvs.map(({ type, value }) => [type, value.length])).toEqual([
    [18, 1],
    [33, 254],
    [33, 254],
    [33, 92],
    [3, 1],
  ]);
  expect(tlvsOf(describeCmSettings(tlvs))).toEqual(tlvs);
});

describe("mistakes are told with their path", () => {
  const table: readonly (readonly [string, unknown, readonly string[]])[] = [
    ["no settings", undefined, [" must be a list of settings, not nothing"]],
    ["text", "x", [' must be a list of settings, not "x"']],
    ["an item that is none", [1], ["0 must be a setting such as {maxCpe: 1}, not 1"]],
    ["an unknown name", [{ maxCPE: 1 }], ["0/maxCPE is not known here"]],
    [
      "out of range",
      [{ networkAccess: 2 }],
      ["0/networkAccess must be a whole number from 0 to 1, not 2"],
    ],
    ["a fraction", [{ maxCpe: 1.5 }], ["0/maxCpe must be a whole number from 1 to 255, not 1.5"]],
    [
      "a number as text",
      [{ maxCpe: "1" }],
      ['0/maxCpe must be a whole number from 1 to 255, not "1"'],
    ],
    [
      "two names in an item",
      [{ maxCpe: 1, networkAccess: 1 }],
      ["0 must have one name: start each setting of a list with its own dash"],
    ],
    [
      "an empty item",
      [{}],
      ["0 must have one name: start each setting of a list with its own dash"],
    ],
    [
      "a group that is a number",
      [{ classOfService: 1 }],
      ["0/classOfService must be a list of settings, not 1"],
    ],
    [
      "two mistakes",
      [{ classOfService: { classId: 17 } }, { tftpModemAddress: "10.0.0" }],
      [
        "0/classOfService/classId must be a whole number from 1 to 16, not 17",
        '1/tftpModemAddress must be an address such as 10.0.0.1, not "10.0.0"',
      ],
    ],
    [
      "a multiplier that is no power of two",
      [{ upstreamServiceFlow: { requestedBytesMultiplier: 12 } }],
      [
        "0/upstreamServiceFlow/requestedBytesMultiplier must be a power of two from 1 to 16, not 12",
      ],
    ],
    [
      "a multiplier of nothing",
      [{ upstreamServiceFlow: { requestedBytesMultiplier: 0 } }],
      ["0/upstreamServiceFlow/requestedBytesMultiplier must be a power of two from 1 to 16, not 0"],
    ],
    [
      "a short hex",
      [{ upstreamServiceFlow: { tosOverwrite: "01" } }],
      [
        '0/upstreamServiceFlow/tosOverwrite must be hexadecimal text of 2 bytes, in quotes, not "01"',
      ],
    ],
    [
      "text that is too long",
      [{ upstreamServiceFlow: { serviceClassName: "sixteen-letters!" } }],
      [
        '0/upstreamServiceFlow/serviceClassName must be text of 1 to 15 printable ASCII characters (others need {type, hex}), not "sixteen-letters!"',
      ],
    ],
    ["a raw MIC", [{ type: 6, hex: "00" }], ["0/type 6 is the CM MIC, which is added on encoding"]],
    [
      "a raw end mark",
      { type: 255, hex: "" },
      ["type 255 is the end mark, which is added on encoding"],
    ],
    ["a raw pad", [{ type: 0, hex: "" }], ["0/type must be a number from 1 to 255, not 0"]],
    ["raw without hex", [{ type: 9 }], ["0/hex must be hexadecimal text in quotes, not nothing"]],
    ["a raw number", [{ type: 9, hex: 10 }], ["0/hex must be hexadecimal text in quotes, not 10"]],
    ["256 bytes", [{ type: 9, hex: "00".repeat(256) }], ["0/hex has 256 bytes, the most is 255"]],
    [
      "a group of 256 bytes",
      [{ eRouter: [{ type: 9, hex: "00".repeat(254) }] }],
      ["0/eRouter has 256 bytes, the most is 255"],
    ],
    [
      "an object that is too long",
      [{ snmpObject: { oid: "1.3.6", text: "x".repeat(250) } }],
      ["0/snmpObject has 261 bytes, the most is 255"],
    ],
    [
      "an object without an OID",
      [{ snmpObject: { integer: 1 } }],
      ['0/snmpObject needs an oid as text such as "1.3.6.1.2.1.69.1.6.3.0", not nothing'],
    ],
    [
      "an object with a bad OID",
      [{ snmpObject: { oid: "sysName.0", text: "x" } }],
      ['0/snmpObject "sysName.0" is not an object identifier such as 1.3.6.1.2.1'],
    ],
    [
      "an object with two values",
      [{ snmpObject: { oid: "1.3", integer: 1, text: "x" } }],
      [
        "0/snmpObject needs exactly one of integer, text, hex, objectIdentifier, ipAddress, counter32, gauge32, timeTicks, opaque, counter64, null, not integer, text",
      ],
    ],
    [
      "an object with a value that is none",
      [{ snmpObject: { oid: "1.3", ipAddress: "x" } }],
      ['0/snmpObject has no ipAddress that can be: "x"'],
    ],
    [
      "an inherited name",
      [{ snmpObject: { oid: "1.3", toString: 1 } }],
      [
        "0/snmpObject needs exactly one of integer, text, hex, objectIdentifier, ipAddress, counter32, gauge32, timeTicks, opaque, counter64, null, not toString",
      ],
    ],
    ["too many", new Array(10_001).fill({ maxCpe: 1 }), [" has more than 10000 items"]],
  ];
  for (const [name, data, problems] of table) {
    test(name, () => expect(problemsOf(data)).toEqual(problems));
  }

  test("an unknown name comes with those that are known", () => {
    const reading = readCmSettings([{ classOfService: { classID: 1 } }]);
    expect(reading).toMatchObject({
      problems: [{ unknown: { name: "classID", known: expect.arrayContaining(["classId"]) } }],
    });
  });

  test("no more than 50 are told", () => {
    expect(problemsOf(new Array(1000).fill({ x: 1 }))).toHaveLength(50);
  });
});

describe("addresses with a mask or a length that cannot be", () => {
  const table: readonly Plain[] = [
    { cpeMac: "02:10:00:00:00" },
    { upstreamClassifier: { ethernet: { destinationMac: "02:00:00:00:00:01/ff/ff" } } },
    { upstreamClassifier: { ethernet: { destinationMac: "02:00:00:00:00:01/ff" } } },
    { snmpCoexistence: { transportAccess: { address: "10.0.0.1:65536" } } },
    { snmpCoexistence: { transportAccess: { address: "10.0.0:1" } } },
    { subscriberManagementIpv6Prefixes: ["2001:db8::/129"] },
    { subscriberManagementIpv6Prefixes: ["2001:db8::"] },
    { subscriberManagementIpv6Prefixes: ["2001:db8::/1/2"] },
    { subscriberManagementCpeAddresses: [] },
    { subscriberManagementCpeAddresses: ["10.0.0.1", 5] },
    { subscriberManagementFilterGroups: [65_536] },
    { snmpWriteControl: { oid: "1.3.6" } },
    { snmpWriteControl: { oid: "1.3.6", forbidden: 1 } },
  ];
  for (const setting of table) {
    test(JSON.stringify(setting), () => expect(problemsOf([setting])).toHaveLength(1));
  }
});

test("every name and number is there once, and no name is that of a raw setting", () => {
  const check = (table: TlvTable, path: string): void => {
    expect(table.byName.size, path).toBe(table.byType.size);
    for (const definition of table.byName.values()) {
      expect(["type", "hex"], path).not.toContain(definition.name);
      expect(definition.least, `${path}.${definition.name}`).toBeLessThanOrEqual(definition.most);
      check(definition.fields, `${path}.${definition.name}`);
    }
  };
  check(cmTlvs, "");
});

test("every setting of the reference has a name", () => {
  const numbers = [
    1, 2, 3, 4, 5, 9, 10, 11, 12, 14, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 28, 29, 32, 33, 34,
    35, 36, 37, 38, 39, 40, 41, 42, 43, 45, 53, 54, 55, 56, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67,
    68, 69, 70, 71, 72, 202, 217,
  ];
  expect(numbers.filter((type) => !cmTlvs.byType.has(type))).toEqual([]);
});
