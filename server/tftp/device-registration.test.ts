import { describe, expect, test } from "vitest";
import { REGISTRATIONS_SCHEMA, readRegistrations, readTemplate } from "./device-registration.ts";

const mac = "02:10:00:00:00:01";
const file = (...devices: unknown[]) => ({ schema: REGISTRATIONS_SCHEMA, devices });

function messageOf(reading: ReturnType<typeof readRegistrations | typeof readTemplate>): string {
  return reading.kind === "failed" ? reading.message : "ok";
}

test("devices by their MAC, in whatever form it is written", () => {
  const settings = [{ maxCpe: 3 }];
  const reading = readRegistrations(
    file({ mac, template: "gold" }, { mac: "0210.0000.0002", template: "a-1_b.2", settings }),
  );
  if (reading.kind === "failed") throw new Error(reading.message);
  expect([...reading.value]).toEqual([
    ["021000000001", { template: "gold", settings: [], written: "" }],
    [
      "021000000002",
      {
        template: "a-1_b.2",
        settings: [{ type: 18, value: Uint8Array.of(3) }],
        written: '[{"maxCpe":3}]',
      },
    ],
  ]);
});

test("settings that stay as they were are not read again", () => {
  const read = (known: Parameters<typeof readRegistrations>[1], maxCpe: number) => {
    const devices = [
      { mac, template: "gold", settings: [{ maxCpe: 3 }] },
      { mac: "02:10:00:00:00:02", template: "gold", settings: [{ maxCpe }] },
    ];
    const reading = readRegistrations(file(...devices), known);
    if (reading.kind === "failed") throw new Error(reading.message);
    return reading.value;
  };
  const before = read(undefined, 4);
  const after = read(before, 5);
  expect(after.get("021000000001")?.settings).toBe(before.get("021000000001")?.settings);
  expect(after.get("021000000002")?.settings).toEqual([{ type: 18, value: Uint8Array.of(5) }]);
});

describe("mistakes are told with their place", () => {
  test.each<[string, unknown, string]>([
    ["a list", [], "must be an object with schema and devices, not []"],
    ["no schema", { devices: [] }, `schema must be "${REGISTRATIONS_SCHEMA}", not nothing`],
    [
      "a mistyped key",
      { ...file(), device: [] },
      "device is not known here; known are schema, devices",
    ],
    ["no devices", { schema: REGISTRATIONS_SCHEMA }, "devices must be a list, not nothing"],
    ["no object", file(1), "devices[0] must be an object with mac and template, not 1"],
    [
      "no MAC",
      file({ template: "x" }),
      "devices[0].mac must be a MAC such as 02:10:00:00:00:01, not nothing",
    ],
    [
      "one MAC twice",
      file({ mac, template: "x" }, { mac: "2:10:0:0:0:1", template: "x" }),
      'devices[1].mac "2:10:0:0:0:1" is registered before',
    ],
    [
      "a template elsewhere",
      file({ mac, template: "../x" }),
      'devices[0].template must be the name of a template, not "../x"',
    ],
    [
      "a setting out of range",
      file({ mac, template: "x", settings: [{ maxCpe: 0 }] }),
      "devices[0].settings[0].maxCpe must be a whole number from 1 to 255, not 0",
    ],
    [
      "a flow without its reference",
      file({ mac, template: "x", settings: [{ upstreamServiceFlow: { maxSustainedRate: 1 } }] }),
      "devices[0].settings: upstreamServiceFlow needs its reference, which tells which one it is",
    ],
    [
      "a mistyped key of a device",
      file({ mac, template: "x", setings: [] }),
      "devices[0].setings is not known here; known are mac, template, settings",
    ],
    [
      "a MIC",
      file({ mac, template: "x", settings: [{ type: 7, hex: "00" }] }),
      "devices[0].settings[0].type 7 is the CMTS MIC, which is added on encoding",
    ],
    [
      "more templates than can be watched",
      file(
        ...Array.from({ length: 1001 }, (_, at) => ({
          mac: at.toString(16).padStart(12, "0"),
          template: `t${at}`,
        })),
      ),
      "devices name 1001 templates, the most is 1000",
    ],
  ])("%s", (_name, data, message) => {
    expect(messageOf(readRegistrations(data))).toBe(message);
  });

  test("a bounded number of them", () => {
    const message = messageOf(readRegistrations(file(...Array.from({ length: 500 }, () => 0))));
    expect(message.split("\n")).toHaveLength(11);
    expect(message).toMatch(/ {2}and 490 more$/);
  });
});

describe("templates", () => {
  test("the file that prov cmconfig encode takes", () => {
    expect(readTemplate({ kind: "cable-modem", settings: [{ networkAccess: 1 }] })).toEqual({
      kind: "ok",
      value: [{ type: 3, value: Uint8Array.of(1) }],
    });
  });

  test.each<[string, unknown, string]>([
    ["nothing", null, "must be an object with kind and settings, not null"],
    ["an MTA", { kind: "mta", settings: [] }, 'kind must be "cable-modem", not "mta"'],
    ["no settings", { kind: "cable-modem" }, "settings must be a list of settings, not nothing"],
    [
      "a name that is not known",
      { kind: "cable-modem", settings: [{ maxCpes: 1 }] },
      "settings[0].maxCpes is not known here",
    ],
    [
      "a hash",
      { kind: "cable-modem", settings: [], hash: "europe" },
      "hash is not known here; known are kind, settings",
    ],
  ])("%s", (_name, data, message) => {
    expect(messageOf(readTemplate(data))).toBe(message);
  });
});
