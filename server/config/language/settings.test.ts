import { describe, expect, test } from "vitest";
import { configOf, contextOf, type TestPacket } from "../grammar/config.testing.ts";
import { classify, evaluateScopes, scopesOf } from "../model/evaluate.ts";
import type { Settings } from "./settings.ts";

function settingsOf(text: string, packet: TestPacket = {}): Settings {
  const config = configOf(text);
  const context = contextOf(packet);
  return evaluateScopes(config, scopesOf(config, { members: classify(config, context) }), context);
}

describe("CONF-11: own options and option spaces", () => {
  const types: readonly (readonly [type: string, value: string, bytes: number[]])[] = [
    ["ip-address", "10.0.0.1", [10, 0, 0, 1]],
    ["array of ip-address", "10.0.0.1, 10.0.0.2", [10, 0, 0, 1, 10, 0, 0, 2]],
    ["text", '"ab"', [97, 98]],
    ["string", '"ab"', [97, 98]],
    ["string", "1:a:ff", [1, 10, 255]],
    ["boolean", "true", [1]],
    ["boolean", "off", [0]],
    ["unsigned integer 8", "255", [255]],
    ["integer 8", "-1", [255]],
    ["signed integer 16", "-2", [255, 254]],
    ["unsigned integer 32", "0x01020304", [1, 2, 3, 4]],
    ["array of unsigned integer 16", "1,0x100,010", [0, 1, 1, 0, 0, 8]],
    ["domain-name", "ab.c", [2, 97, 98, 1, 99, 0]],
    ["domain-list", '"a.b", "c.b"', [1, 97, 1, 98, 0, 1, 99, 1, 98, 0]],
    ["domain-list compressed", '"a.b", "c.b"', [1, 97, 1, 98, 0, 1, 99, 0xc0, 2]],
    ["{ unsigned integer 8, string }", "0 05:42", [0, 5, 0x42]],
    [
      "array of { ip-address, integer 8 }",
      "10.0.0.1 2, 10.0.0.3 4",
      [10, 0, 0, 1, 2, 10, 0, 0, 3, 4],
    ],
    ["{ boolean, array of integer 8 }", "true 1, 2", [1, 1, 2]],
  ];
  for (const [type, value, bytes] of types) {
    test(`${type}: ${value}`, () => {
      const settings = settingsOf(`option own code 200 = ${type}; option own ${value};`);
      expect([...(settings.option(200) ?? [])]).toEqual(bytes);
      expect(settings.optionCodes()).toEqual([200]);
    });
  }

  const space = `
    option space ccc;
    option ccc.second code 2 = ip-address;
    option ccc.first code 1 = ip-address;
    option ccc.realm code 6 = string;
    option wrap code 122 = encapsulate ccc;`;

  test("an encapsulating option holds what is set of its space, in order of code", () => {
    const settings = settingsOf(`${space} option ccc.second 10.0.0.2; option ccc.first 10.0.0.1;`);
    expect([...(settings.option(122) ?? [])]).toEqual([1, 4, 10, 0, 0, 1, 2, 4, 10, 0, 0, 2]);
    expect(settings.optionCodes()).toEqual([122]);
  });

  test("nothing set, nothing sent", () => {
    const settings = settingsOf(space);
    expect(settings.option(122)).toBeUndefined();
    expect(settings.optionCodes()).toEqual([]);
  });

  test("a value of its own comes before the space", () => {
    const settings = settingsOf(`${space} option ccc.first 10.0.0.1; option wrap 1:2;`);
    expect([...(settings.option(122) ?? [])]).toEqual([1, 2]);
  });

  test("CLASS-3: vendor-option-space fills option 43, for members only", () => {
    const text = `${space} option ccc.realm 01:41:00;
      class "mta" { match if substring (option vendor-class-identifier, 0, 4) = "pktc";
        vendor-option-space ccc; }`;
    const mta = settingsOf(text, { options: { 60: "pktc1.0:05" } });
    expect([...(mta.option(43) ?? [])]).toEqual([6, 3, 1, 0x41, 0]);
    expect(mta.optionCodes()).toEqual([43, 122]);
    expect(settingsOf(text).option(43)).toBeUndefined();
    expect(settingsOf(text).optionCodes()).toEqual([122]);
  });

  test("option 125 through the built-in space of enterprises", () => {
    const settings = settingsOf(`option space cl; option cl.tftp code 2 = array of ip-address;
      option vendor.cl code 4491 = encapsulate cl; option cl.tftp 10.0.0.1;`);
    expect([...(settings.option(125) ?? [])]).toEqual([0, 0, 0x11, 0x8b, 6, 2, 4, 10, 0, 0, 1]);
    expect(settings.optionCodes()).toEqual([125]);
  });

  test("option 125 through an own space of wide codes", () => {
    const settings = settingsOf(`option space vivso code width 4 length width 1;
      option space cl; option cl.tftp code 2 = ip-address;
      option vivso.cl code 4491 = encapsulate cl; option op125 code 125 = encapsulate vivso;
      option cl.tftp 10.0.0.1;`);
    expect([...(settings.option(125) ?? [])]).toEqual([0, 0, 0x11, 0x8b, 6, 2, 4, 10, 0, 0, 1]);
  });

  test("a computed value that is too long for its space is left out", () => {
    const long = "x".repeat(200);
    const settings = settingsOf(
      `${space} option ccc.first 10.0.0.1; option ccc.realm = concat (option host-name, "${long}");`,
      { options: { 12: long } },
    );
    expect([...(settings.option(122) ?? [])]).toEqual([1, 4, 10, 0, 0, 1]);
  });

  test("spaces that encapsulate each other come to an end", () => {
    const settings = settingsOf(`option space a; option space b;
      option a.x code 1 = encapsulate b; option b.x code 1 = encapsulate a;
      option b.y code 2 = text; option b.y "z"; option wrap code 200 = encapsulate a;`);
    const value = settings.option(200) ?? new Uint8Array(0);
    expect(value.length).toBeGreaterThan(0);
    expect(value.length).toBeLessThan(100);
  });

  test("a redefined option takes its new type everywhere", () => {
    const settings = settingsOf(
      'option subnet-mask code 1 = text; option subnet-mask "m"; option other code 2 = text;',
    );
    expect([...(settings.option(1) ?? [])]).toEqual([109]);
  });
});

test("CONF-12: a computed host name, as the guide writes it", () => {
  const octet = (index: number) =>
    `suffix (concat ("0", binary-to-ascii (16, 8, "", substring (hardware, ${index}, 1))), 2)`;
  const settings = settingsOf(
    `option host-name = concat (${[1, 2, 3, 4, 5, 6].map(octet).join()});`,
    {
      mac: "00:e0:6f:58:4d:0a",
    },
  );
  expect(new TextDecoder().decode(settings.option(12))).toBe("00e06f584d0a");
});

test("settings of one client do not leak into the next", () => {
  const config = configOf('if exists nis-domain { option host-name "x"; }');
  const hostNameFor = (packet: TestPacket) =>
    evaluateScopes(config, [config.root], contextOf(packet)).option(12);
  expect(hostNameFor({ options: { 40: "y" } })).toBeDefined();
  expect(hostNameFor({})).toBeUndefined();
});
