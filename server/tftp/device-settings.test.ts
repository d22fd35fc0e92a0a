import { describe, expect, test } from "vitest";
import { describeCmSettings, readCmSettings } from "../../protocol/docsis/cm-config.ts";
import type { Tlv } from "../../protocol/docsis/tlv.ts";
import { overlayProblems, overlaySettings } from "./device-settings.ts";

function tlvsOf(settings: unknown): readonly Tlv[] {
  const reading = readCmSettings(settings);
  if (reading.kind === "failed") throw new Error(JSON.stringify(reading.problems));
  return reading.tlvs;
}

const location = "1.3.6.1.2.1.1.6.0";
const contact = "1.3.6.1.2.1.1.4.0";
const flow = (reference: number, maxSustainedRate: number, more: object = {}) => ({
  upstreamServiceFlow: { reference, maxSustainedRate, ...more },
});
const snmp = (oid: string, text: string) => ({ snmpObject: { oid, text } });
const macs = (...list: string[]) => list.map((cpeMac) => ({ cpeMac }));

describe("a device's settings laid over a template's", () => {
  test.each<[string, unknown[], unknown[], unknown[]]>([
    ["none", [{ maxCpe: 4 }], [], [{ maxCpe: 4 }]],
    [
      "one in its place",
      [{ networkAccess: 1 }, { maxCpe: 4 }, { privacyEnable: 1 }],
      [{ maxCpe: 9 }],
      [{ networkAccess: 1 }, { maxCpe: 9 }, { privacyEnable: 1 }],
    ],
    ["a new one", [{ maxCpe: 4 }], [{ networkAccess: 0 }], [{ maxCpe: 4 }, { networkAccess: 0 }]],
    [
      "all of a type",
      [...macs("02:00:00:00:00:01"), { maxCpe: 4 }, ...macs("02:00:00:00:00:02")],
      macs("02:00:00:00:00:03", "02:00:00:00:00:04", "02:00:00:00:00:05"),
      [...macs("02:00:00:00:00:03", "02:00:00:00:00:04", "02:00:00:00:00:05"), { maxCpe: 4 }],
    ],
    [
      "the fields of a flow",
      [flow(1, 1000, { trafficPriority: 5 }), flow(2, 2000)],
      [flow(2, 5000, { trafficPriority: 1 })],
      [flow(1, 1000, { trafficPriority: 5 }), flow(2, 5000, { trafficPriority: 1 })],
    ],
    [
      "fields that the flow keeps",
      [flow(1, 1000, { trafficPriority: 5 })],
      [flow(1, 9000)],
      [flow(1, 9000, { trafficPriority: 5 })],
    ],
    ["one more flow", [flow(1, 1000)], [flow(2, 9000)], [flow(1, 1000), flow(2, 9000)]],
    [
      "flows of the other direction stay",
      [flow(1, 1000), { downstreamServiceFlow: { reference: 1, maxSustainedRate: 7 } }],
      [flow(1, 9000)],
      [flow(1, 9000), { downstreamServiceFlow: { reference: 1, maxSustainedRate: 7 } }],
    ],
    [
      "a class of service, by its id",
      [{ classOfService: { classId: 1, upstreamBitsPerSecondMax: 10 } }],
      [{ classOfService: { classId: 1, downstreamBitsPerSecondMax: 20 } }],
      [
        {
          classOfService: {
            classId: 1,
            upstreamBitsPerSecondMax: 10,
            downstreamBitsPerSecondMax: 20,
          },
        },
      ],
    ],
    [
      "objects of a MIB, each by its own name",
      [snmp(contact, "noc"), snmp(location, "unknown")],
      [snmp(location, "7 Harbour Road"), snmp("1.3.6.1.2.1.1.5.0", "modem")],
      [snmp(contact, "noc"), snmp(location, "7 Harbour Road"), snmp("1.3.6.1.2.1.1.5.0", "modem")],
    ],
    [
      "what is forbidden to write",
      [{ snmpWriteControl: { oid: "1.3.6.1.2", forbidden: true } }],
      [{ snmpWriteControl: { oid: "1.3.6.1.2", forbidden: false } }],
      [{ snmpWriteControl: { oid: "1.3.6.1.2", forbidden: false } }],
    ],
    [
      "a group that stands once is replaced as a whole",
      [{ baselinePrivacy: { authorizeWaitSeconds: 10, rekeyWaitSeconds: 1 } }],
      [{ baselinePrivacy: { authorizeWaitSeconds: 20 } }],
      [{ baselinePrivacy: { authorizeWaitSeconds: 20 } }],
    ],
    [
      "extensions of one vendor, with fields that come twice",
      [
        {
          vendorSpecific: [{ vendorId: "00000c" }, { type: 9, hex: "01" }, { type: 10, hex: "05" }],
        },
        { vendorSpecific: [{ vendorId: "000fff" }, { type: 9, hex: "04" }] },
      ],
      [
        {
          vendorSpecific: [{ vendorId: "00000c" }, { type: 9, hex: "02" }, { type: 9, hex: "03" }],
        },
      ],
      [
        {
          vendorSpecific: [
            { vendorId: "00000c" },
            { type: 9, hex: "02" },
            { type: 9, hex: "03" },
            { type: 10, hex: "05" },
          ],
        },
        { vendorSpecific: [{ vendorId: "000fff" }, { type: 9, hex: "04" }] },
      ],
    ],
    [
      "one without a name",
      [{ type: 201, hex: "01" }],
      [{ type: 201, hex: "0203" }],
      [{ type: 201, hex: "0203" }],
    ],
  ])("%s", (_name, template, own, expected) => {
    const settings = overlaySettings(tlvsOf(template), tlvsOf(own));
    expect(describeCmSettings(settings)).toEqual(describeCmSettings(tlvsOf(expected)));
  });

  test("a raw flow of the template that nobody can read is left as it is", () => {
    const template = tlvsOf([{ type: 24, hex: "0105" }, flow(1, 10)]);
    expect(overlaySettings(template, tlvsOf([flow(1, 20)]))).toEqual(
      tlvsOf([{ type: 24, hex: "0105" }, flow(1, 20)]),
    );
  });
});

test.each<[string, unknown[], readonly string[]]>([
  ["nothing", [{ maxCpe: 1 }, flow(1, 2), flow(2, 2), ...macs("02:00:00:00:00:03")], []],
  [
    "a flow that could be any",
    [{ upstreamServiceFlow: { maxSustainedRate: 5 } }],
    ["upstreamServiceFlow needs its reference, which tells which one it is"],
  ],
  [
    "an object that cannot be read",
    [{ type: 11, hex: "01" }],
    ["snmpObject needs its oid, which tells which one it is"],
  ],
  [
    "the same flow twice",
    [flow(1, 2), flow(1, 3)],
    ["upstreamServiceFlow comes twice with the same reference"],
  ],
])("%s is wrong with a device's settings", (_name, own, problems) => {
  expect(overlayProblems(tlvsOf(own))).toEqual(problems);
});
