import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { DecodeError, type DecodeErrorCode } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { formatHex, parseHex } from "../hex.ts";
import { latin1Bytes } from "../latin1.ts";
import {
  CONFIG_BYTES_MAX,
  checkCmMic,
  checkCmtsMic,
  decodeCmConfig,
  describeCmSettings,
  encodeCmConfig,
  readCmSettings,
} from "./cm-config.ts";
import type { Plain } from "./plain.ts";
import { encodeTlvs, type Tlv } from "./tlv.ts";

const secret = latin1Bytes("DOCSIS");

function hmacMd5(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("md5", secret).update(bytes).digest());
}

function tlvsOf(data: unknown): readonly Tlv[] {
  const reading = readCmSettings(data);
  return reading.kind === "ok" ? reading.tlvs : expect.unreachable(JSON.stringify(reading));
}

function bytesOf(hex: string): Uint8Array {
  return parseHex(hex.replaceAll(" ", "")) ?? expect.unreachable(hex);
}

// What most of the files below begin or end with.
const twoFlows: readonly Plain[] = [
  { upstreamServiceFlow: { reference: 1, qosParameterSet: 7 } },
  { downstreamServiceFlow: { reference: 2, qosParameterSet: 7 } },
];
const online: readonly Plain[] = [{ networkAccess: 1 }, ...twoFlows];

interface KnownFile {
  readonly file: string;
  readonly settings: readonly Plain[];
  readonly cmMic: string;
  readonly cmtsMic: string;
}

// Settings, and the MICs that the files of these names in tests/ of github.com/rlaager/docsis
// (commit 94e8845) have; the secret is the "DOCSIS" of its tests/key.
const knownFiles: readonly KnownFile[] = [
  {
    file: "docsis1_0_basic.cm",
    settings: [
      { networkAccess: 1 },
      { maxCpe: 3 },
      {
        classOfService: {
          classId: 1,
          downstreamBitsPerSecondMax: 20_000_000,
          upstreamBitsPerSecondMax: 10_000_000,
          privacyEnable: 0,
        },
      },
    ],
    cmMic: "817865a1f6e47e81a7364ff607a24648",
    cmtsMic: "f90e368f5d979a2d5093bbaba37f1497",
  },
  {
    file: "docsis1_0_basic_bpi.cm",
    settings: [
      { networkAccess: 1 },
      {
        classOfService: {
          classId: 1,
          downstreamBitsPerSecondMax: 20_000_000,
          upstreamBitsPerSecondMax: 10_000_000,
          upstreamPriority: 3,
          upstreamBitsPerSecondMin: 56_072,
          upstreamBurstBytesMax: 1722,
          privacyEnable: 1,
        },
      },
      {
        baselinePrivacy: {
          authorizeWaitSeconds: 10,
          reauthorizeWaitSeconds: 10,
          authorizationGraceSeconds: 600,
          operationalWaitSeconds: 10,
          rekeyWaitSeconds: 10,
          tekGraceSeconds: 600,
          authorizeRejectWaitSeconds: 9,
        },
      },
      { maxCpe: 3 },
    ],
    cmMic: "f18f77aa3574a3d73bdd1592711c0160",
    cmtsMic: "054c9bbbaa0d3f745af2513747554830",
  },
  {
    file: "docsis1_1_simple.cm",
    settings: [
      { networkAccess: 1 },
      { downstreamFrequencyHz: 681_000_000 },
      { softwareServer: "10.50.50.50" },
      { softwareFilename: "SomeFile.bin" },
      { maxCpe: 16 },
      { maxClassifiers: 20 },
      { privacyEnable: 0 },
      {
        upstreamServiceFlow: {
          reference: 1,
          qosParameterSet: 7,
          trafficPriority: 1,
          maxSustainedRate: 256_000,
          schedulingType: 2,
          requestTransmissionPolicy: "0000008a",
        },
      },
      {
        downstreamServiceFlow: {
          reference: 101,
          qosParameterSet: 7,
          trafficPriority: 1,
          maxSustainedRate: 1_000_000,
        },
      },
    ],
    cmMic: "43f19c8d8b93b667a2bbb123a081ff6a",
    cmtsMic: "0d0bbbc6fa59c362cf894ac16834772d",
  },
  {
    file: "PHS_last_tlvs.cm",
    settings: [
      ...online,
      {
        headerSuppression: {
          classifierReference: 1,
          dynamicChangeAction: 1,
          bondingChangeAction: 1,
        },
      },
    ],
    cmMic: "69c4ac44fe830e648e3b211233587bb2",
    cmtsMic: "35683985272eb1c911b7c643f749e6db",
  },
  {
    file: "TLV_36_SubscriberManagementCPEIPTable.cm",
    settings: [
      ...online,
      { subscriberManagementCpeAddresses: ["10.11.0.1", "1.2.3.5", "1.5.4.6", "1.1.1.1"] },
    ],
    cmMic: "40d02c6c63018403184b64e7298d2355",
    cmtsMic: "6239e8f4973df44bfa9843f8f559312a",
  },
  {
    file: "TLV37_SubMgmtFilters.cm",
    settings: [{ subscriberManagementFilterGroups: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] }, ...online],
    cmMic: "56f2d73c333048ffddb058d1fdc1c36c",
    cmtsMic: "6b9f3a399cea33beb9f7ae66fbced903",
  },
  {
    file: "TLV_38_8_SnmpV3TrapRxIP6.cm",
    settings: [...online, { snmpV3NotificationReceiver: { ipv6Address: "2002::2:2" } }],
    cmMic: "c298e6e8c58cbcc108ca1514198d1c8c",
    cmtsMic: "851dca5a82d3bf721a7e4648099e599d",
  },
  {
    file: "TLV_40_EnableTestModes.cm",
    settings: [...online, { enableTestModes: "01" }],
    cmMic: "b99d3ae458b292741d94e4ce1ea09a06",
    cmtsMic: "217cda741a762b69c6d0ebfbf698a443",
  },
  {
    file: "TLV_43_6_ExtendedCMTSMICConfiguration.cm",
    settings: [
      { networkAccess: 1 },
      { downstreamServiceFlow: { reference: 1, qosParameterSet: 7 } },
      { downstreamServiceFlow: { reference: 2, qosParameterSet: 7 } },
      {
        vendorSpecific: {
          vendorId: "ffffff",
          extendedCmtsMic: { hmacType: 1, tlvBitmap: "00", explicitDigest: "00" },
        },
      },
    ],
    cmMic: "700b341d1bd4b070f634c373420e6b64",
    cmtsMic: "ed4e0dea906a3d6fdbb52f7de4b82bd0",
  },
  {
    file: "TLV_53_SNMPv1v2cCoexistenceConfig.cm",
    settings: [
      ...online,
      {
        snmpCoexistence: {
          communityName: "public",
          transportAccess: { address: "1.2.3.4:69", mask: "[2002::2:2]:23" },
          accessViewType: 1,
          accessViewName: "public",
        },
      },
    ],
    cmMic: "c06e401e7aa35ec665e9a7690dc2f8f3",
    cmtsMic: "83aeca8d8fc5fc37d05ba4fc876cc631",
  },
  {
    file: "TLV_54_SNMPv3AccessViewConfiguration.cm",
    settings: [
      { snmpAccessView: { name: "public", subtree: "1.3.6", mask: "00", viewType: 1 } },
      ...online,
    ],
    cmMic: "8753d9d72ec0090af488a223a805d6e7",
    cmtsMic: "fcf5a1c58ad889dc608720d2747634ca",
  },
  {
    file: "TLV_61_SubMgmtCPEIPv6PrefixList.cm",
    settings: [
      ...online,
      {
        subscriberManagementIpv6Prefixes: ["5005::5:5/16", "2033:2:2:33::3/32", "2002::2:2/127"],
      },
    ],
    cmMic: "bddb849d542b36b15fef18b86d2d716c",
    cmtsMic: "2c5535196e51c0b2fbe6d81319bd5801",
  },
  {
    file: "docsis3_0_ChannelAssignment.cm",
    settings: [
      ...online,
      {
        channelAssignment: [
          { upstreamChannelId: 1 },
          { upstreamChannelId: 10 },
          { downstreamFrequencyHz: 410_000_000 },
          { downstreamFrequencyHz: 418_000_000 },
          { downstreamFrequencyHz: 426_000_000 },
          { downstreamFrequencyHz: 434_000_000 },
        ],
      },
    ],
    cmMic: "95760f70759e16e320ad0a9162c05eef",
    cmtsMic: "86d8197b8aa81e300620379e8ed3fe97",
  },
  {
    file: "eRouter_InitMode_TR69.cm",
    settings: [
      ...online,
      {
        eRouter: {
          initializationMode: 1,
          tr069: {
            enable: 1,
            url: "https://www.example.com/index.xml",
            username: "ExampleUsername",
            password: "ExamplePassword",
            connectionRequestUsername: "ConnectionUsername",
            connectionRequestPassword: "ConnectionPassword",
            acsOverride: 0,
          },
        },
      },
    ],
    cmMic: "25a823457d112076a8b586b687f27f41",
    cmtsMic: "ce23716193b592ade7186db7900440bb",
  },
];

describe("published files come out with their published MICs", () => {
  for (const { file, settings, cmMic, cmtsMic } of knownFiles) {
    test(file, () => {
      const bytes = encodeCmConfig(tlvsOf(settings), secret);
      const config = decodeCmConfig(bytes);
      expect(formatHex(config.cmMic ?? expect.unreachable())).toBe(cmMic);
      expect(formatHex(config.cmtsMic ?? expect.unreachable())).toBe(cmtsMic);
      expect(describeCmSettings(config.tlvs)).toEqual(settings);
      expect(checkCmMic(bytes)).toBe("right");
      expect(checkCmtsMic(bytes, secret)).toBe("right");
      expect(checkCmtsMic(bytes, latin1Bytes("docsis"))).toBe("wrong");
      expect(bytes.length % 4).toBe(0);
    });
  }

  test("docsis1_0_basic.cm byte by byte", () => {
    expect(formatHex(encodeCmConfig(tlvsOf(knownFiles[0].settings), secret))).toBe(
      "0301011201030412010101020401312d00030400989680070100" +
        "0610817865a1f6e47e81a7364ff607a24648" +
        "0710f90e368f5d979a2d5093bbaba37f1497ff00",
    );
  });
});

// That encoder takes the length of TLV 64 for two bytes when it gathers what the CMTS MIC covers,
// runs past the end and so leaves out the CM MIC that follows. A CMTS does not.
test("StaticMulticastSession.cm: the published CMTS MIC lacks the CM MIC, ours has it", () => {
  const multicast = { group: "1.2.3.4", source: "5.6.7.8", interfaceMask: "aabb" };
  const tlvs = tlvsOf([...online, { staticMulticastSession: multicast }]);
  const { cmMic, cmtsMic } = decodeCmConfig(encodeCmConfig(tlvs, secret));
  expect(formatHex(cmMic ?? expect.unreachable())).toBe("d11cc663cd9b6b02070030cc0f7ddfd1");
  const covered = encodeTlvs(tlvs.filter(({ type }) => type !== 64));
  expect(formatHex(hmacMd5(covered))).toBe("beab0af9777313eb3de54d983dc35807");
  const withMic = [tlvs[0], { type: 6, value: cmMic ?? expect.unreachable() }, tlvs[1], tlvs[2]];
  expect(cmtsMic).toEqual(hmacMd5(encodeTlvs(withMic)));
});

test("one bit changed anywhere in the settings makes the CM MIC wrong", () => {
  const bytes = encodeCmConfig(tlvsOf([{ softwareFilename: "abcdefgh" }]), secret);
  for (let at = 2; at < 10; at += 1) {
    const changed = bytes.slice();
    changed[at] ^= 1;
    expect(checkCmMic(changed)).toBe("wrong");
  }
});

test("the CMTS MIC covers what the CMTS enforces, and the CM MIC in any case", () => {
  const reference = encodeCmConfig(tlvsOf([...online, { cpeMac: "02:00:00:00:00:01" }]), secret);
  const other = reference.slice();
  const macAt = formatHex(other).indexOf("0e06") / 2;
  other[macAt + 7] = 2;
  expect(checkCmMic(other)).toBe("wrong");
  // TLV 14 is not one of those that it covers itself.
  expect(checkCmtsMic(other, secret)).toBe("right");
});

describe("a file without its MICs is told from a wrong one", () => {
  const table: readonly (readonly [string, string, string, string])[] = [
    ["no MIC at all", "030101ff", "missing", "missing"],
    ["no CMTS MIC", `030101 0610${"00".repeat(16)} ff000000`, "wrong", "missing"],
    ["no CM MIC", `030101 0710${"00".repeat(16)} ff000000`, "missing", "missing"],
    ["nothing but the end", "ff", "missing", "missing"],
  ];
  for (const [name, hex, cm, cmts] of table) {
    test(name, () => {
      expect(checkCmMic(bytesOf(hex))).toBe(cm);
      expect(checkCmtsMic(bytesOf(hex), secret)).toBe(cmts);
    });
  }
});

describe("what is no configuration file is refused", () => {
  const mic = "00".repeat(16);
  const table: readonly (readonly [string, string, DecodeErrorCode, number])[] = [
    ["nothing", "", "missing-end", 0],
    ["no end mark", "030101", "missing-end", 3],
    ["a setting that is cut", "030201", "truncated", 0],
    ["a type without a length", "03010103", "truncated", 3],
    ["a setting after the CM MIC", `0610${mic}030101ff`, "bad-option-value", 18],
    ["the CM MIC after the CMTS MIC", `0710${mic}0610${mic}ff`, "bad-option-value", 18],
    ["two CM MICs", `0610${mic}0610${mic}ff`, "bad-option-value", 18],
    ["a CM MIC of 15 bytes", `060f${mic.slice(2)}ff`, "bad-option-length", 0],
    ["a pad before the end", "030101 00 ff", "bad-option-value", 3],
    ["bytes after the end", "030101 ff 0001", "bad-option-value", 5],
    ["an MTA's file", "fe0101 fe01ff", "missing-end", 6],
  ];
  for (const [name, hex, code, offset] of table) {
    test(name, () => {
      expect(() => decodeCmConfig(bytesOf(hex))).toThrow(new DecodeError(code, offset));
    });
  }

  test("more than the largest file", () => {
    const bytes = new Uint8Array(CONFIG_BYTES_MAX + 1);
    bytes[0] = 255;
    expect(() => decodeCmConfig(bytes)).toThrow(DecodeError);
  });

  test("a setting that the encoder adds, and more settings than fit", () => {
    for (const type of [0, 6, 7, 255]) {
      const tlvs = [{ type, value: new Uint8Array(16) }];
      expect(() => encodeCmConfig(tlvs, secret)).toThrow(EncodeError);
    }
    const many = new Array<Tlv>(1100).fill({ type: 43, value: new Uint8Array(250) });
    expect(() => encodeCmConfig(many, secret)).toThrow(EncodeError);
    expect(() => encodeCmConfig([{ type: 9, value: new Uint8Array(256) }], secret)).toThrow(
      EncodeError,
    );
  });
});

test("as many empty settings as a file can have are checked like any others", () => {
  const many = new Array<Tlv>(CONFIG_BYTES_MAX / 2 - 20).fill({
    type: 1,
    value: new Uint8Array(),
  });
  const bytes = encodeCmConfig(many, secret);
  expect(checkCmtsMic(bytes, secret)).toBe("right");
  expect(decodeCmConfig(bytes).tlvs).toHaveLength(many.length);
});

const SEED = 20_261_124;
test(`damaged files are refused or described without loss, seed ${SEED}`, () => {
  const prng = new Prng(SEED, 0);
  const samples = knownFiles.map(({ settings }) => encodeCmConfig(tlvsOf(settings), secret));
  let decoded = 0;
  let refused = 0;
  for (let round = 0; round < 5000; round += 1) {
    const bytes = samples[round % samples.length].slice();
    for (let change = 0; change <= round % 3; change += 1) {
      bytes[prng.nextBelow(bytes.length)] = prng.nextBelow(256);
    }
    try {
      const { tlvs } = decodeCmConfig(bytes);
      expect(tlvsOf(describeCmSettings(tlvs))).toEqual(tlvs);
      decoded += 1;
    } catch (error) {
      expect(error).toBeInstanceOf(DecodeError);
      refused += 1;
    }
  }
  expect(decoded).toBeGreaterThan(1000);
  expect(refused).toBeGreaterThan(300);
});
