import { describe, expect, test } from "vitest";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { type DhcpPacket, decodePacket, messageType } from "../../../protocol/dhcp/packet.ts";
import { parseVendorClass } from "../../../protocol/dhcp/vendor-class.ts";
import type { messageShapes } from "../../../scenarios/population/captured-persona.ts";
import { type DocsisVersion, Population } from "../../../scenarios/population/population.ts";
import { type MessageFields, MessageTemplates } from "./message-templates.ts";

const population = new Population({
  cableModems: 200,
  mtas: 20,
  cpes: 20,
  smartMeters: 20,
  cmtsCount: 3,
});
const [, firstMta, firstCpe, firstMeter] = population.firstOf;
const templates = new MessageTemplates(population);
const fields: MessageFields = {
  xid: 0xdead_beef,
  secs: 0x1234,
  ciaddr: 0x7f40_0010,
  requested: 0x7f40_0011,
  server: 0x7f00_0001,
};

function write(device: number, shape: (typeof messageShapes)[number]): DhcpPacket {
  const target = new Uint8Array(1024).fill(0x55);
  const length = templates.write(device, shape, fields, target);
  expect(target[length]).toBe(0x55);
  expect(target[templates.endOffset]).toBe(OptionCode.end);
  return decodePacket(target.subarray(0, length));
}

function modemOf(version: DocsisVersion): number {
  for (let device = 0; device < 200; device += 1) {
    if (population.docsisVersionOf(device) === version) return device;
  }
  throw new Error(`no ${version} modem among them`);
}

function textOf(packet: DhcpPacket, code: number): string | undefined {
  const value = packet.options.get(code);
  return value === undefined ? undefined : Buffer.from(value).toString("latin1");
}

describe("every message of every device decodes to what was asked for", () => {
  for (const [shape, type, has50, has54] of [
    ["discover", 1, false, false],
    ["request-selecting", 3, true, true],
    ["request-rebooting", 3, true, false],
    ["request-extending", 3, false, false],
    ["decline", 4, true, true],
    ["release", 7, false, true],
  ] as const) {
    test(`${shape} (RFC 2131 table 4 and 5)`, () => {
      for (const device of [...Array(20).keys(), firstMta + 3, firstCpe + 4, firstMeter + 5]) {
        const packet = write(device, shape);
        expect(messageType(packet)).toBe(type);
        expect(packet).toMatchObject({ op: 1, htype: 1, hlen: 6, hops: 0, flags: 0 });
        expect(packet).toMatchObject({ xid: 0xdead_beef, secs: 0x1234, ciaddr: 0x7f40_0010 });
        expect(packet).toMatchObject({ yiaddr: 0, siaddr: 0, giaddr: 0 });
        expect(packet.chaddr).toEqual(population.macOf(device));
        expect(packet.options.getUInt32(50)).toBe(has50 ? 0x7f40_0011 : undefined);
        expect(packet.options.getUInt32(54)).toBe(has54 ? 0x7f00_0001 : undefined);
        expect(packet.bytes?.length).toBeGreaterThanOrEqual(300);
        expect(packet.bytes?.length).toBeLessThanOrEqual(548);
      }
    });
  }
});

describe("identity by kind (SYS-2)", () => {
  for (const [version, pattern] of [
    ["1.0", undefined],
    ["1.1", /^docsis1\.1:05[0-9a-f]+$/],
    ["2.0", /^docsis2\.0:05[0-9a-f]+$/],
    ["3.0", /^docsis3\.0:05[0-9a-f]+$/],
    ["3.1", /^docsis3\.1:05[0-9a-f]+$/],
  ] as const) {
    test(`CLASS-2, CLASS-9: option 60 of a DOCSIS ${version} modem`, () => {
      const packet = write(modemOf(version), "discover");
      const vendorClass = textOf(packet, 60);
      if (pattern === undefined) {
        expect(vendorClass).toBeUndefined();
        return;
      }
      expect(vendorClass).toMatch(pattern);
      const parsed = parseVendorClass(packet.options.get(60) ?? new Uint8Array(0));
      expect(parsed).toMatchObject({ family: "docsis", version });
      expect(parsed?.capabilities?.length).toBeGreaterThan(10);
      expect(packet.options.has(OptionCode.vendorOptions)).toBe(version.startsWith("3"));
    });
  }
  test("CLASS-3: an MTA says pktc1.0: and its capabilities, and has no client identifier", () => {
    const packet = write(firstMta, "discover");
    expect(textOf(packet, 60)).toMatch(/^pktc1\.0:05[0-9a-f]+$/);
    expect(packet.options.has(61)).toBe(false);
    expect([...(packet.options.get(55) ?? [])]).toContain(122);
  });
  test("a CPE and a meter say neither", () => {
    expect(textOf(write(firstCpe, "discover"), 60)).not.toMatch(/^(docsis|pktc)/);
    expect(textOf(write(firstMeter, "discover"), 60)).toMatch(/^iec62056:/);
  });
  test("the client identifier is hardware type and MAC of this very device", () => {
    for (const device of [0, 7, firstCpe + 9, firstMeter + 11]) {
      const expected = [1, ...population.macOf(device)];
      expect([...(write(device, "discover").options.get(61) ?? [])]).toEqual(expected);
    }
  });
  test("serial number and host name hold the unit", () => {
    expect(textOf(write(171, "discover"), 43)).toContain("PL0000ab");
    expect(textOf(write(firstCpe + 18, "discover"), 12)).toBe("cpe-000012");
  });
});

test("a lease time that a device asks for is in what asks for a lease, and nowhere else", () => {
  const asking = new Population({
    ...{ cableModems: 20, mtas: 5, cpes: 5, smartMeters: 5, cmtsCount: 3 },
    leaseSeconds: { min: 600, max: 90_000 },
  });
  const templatesOfAsking = new MessageTemplates(asking);
  const asked = (device: number, shape: (typeof messageShapes)[number]): number | undefined => {
    const target = new Uint8Array(1024);
    const length = templatesOfAsking.write(device, shape, fields, target);
    return decodePacket(target.subarray(0, length)).options.getUInt32(OptionCode.leaseTime);
  };
  for (let device = 0; device < asking.size; device += 1) {
    const seconds = asking.leaseSecondsOf(device);
    expect(seconds).toBeGreaterThanOrEqual(600);
    for (const shape of ["discover", "request-selecting", "request-rebooting"] as const) {
      expect(asked(device, shape)).toBe(seconds);
    }
    expect(asked(device, "request-extending")).toBe(seconds);
    expect(asked(device, "decline")).toBeUndefined();
    expect(asked(device, "release")).toBeUndefined();
  }
  expect(write(0, "discover").options.has(OptionCode.leaseTime)).toBe(false);
});
