import { describe, expect, test } from "vitest";
import {
  bytesOf,
  configOf,
  contextOf,
  remoteId,
  type TestPacket,
} from "../grammar/config.testing.ts";
import { evaluateScopes } from "../model/evaluate.ts";
import type { EvaluationContext } from "./program.ts";

/** The value as hex octets with colons, as the file would write it; null when there is none. */
function resultOf(
  expression: string,
  packet: TestPacket = {},
  more: Partial<EvaluationContext> = {},
): string | null {
  const config = configOf(`option result code 200 = string; option result = ${expression};`);
  const settings = evaluateScopes(config, [config.root], contextOf(packet, more));
  const value = settings.option(200);
  return value === undefined ? null : hex(value);
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

const text = (value: string): string => hex(bytesOf(value));

/** What an `if` makes of it: null counts as false. */
function isTrue(
  expression: string,
  packet: TestPacket = {},
  more: Partial<EvaluationContext> = {},
): boolean {
  const config = configOf(`if ${expression} { option host-name "yes"; }`);
  return evaluateScopes(config, [config.root], contextOf(packet, more)).option(12) !== undefined;
}

const cableModem: TestPacket = {
  mac: "00:0a:0b:c0:00:ff",
  options: {
    12: "modem",
    57: Uint8Array.of(0x02, 0x40),
    60: "docsis3.0:052401",
    61: "",
    82: remoteId("00:0a:0b:c0:00:ff"),
  },
};

describe("CONF-12: data expressions", () => {
  const cases: readonly (readonly [expression: string, value: string | null])[] = [
    ["aa:b:0", "aa:0b:00"],
    ["0a", "0a"],
    ['"a\\x41\\101\\"\\n"', "61:41:41:22:0a"],
    ["option host-name", text("modem")],
    ["option domain-name", null],
    ["option dhcp-client-identifier", ""],
    ["option unknown-60", text("docsis3.0:052401")],
    ["option agent.remote-id", "00:0a:0b:c0:00:ff"],
    ["option agent.circuit-id", null],
    ["hardware", "01:00:0a:0b:c0:00:ff"],
    ["substring (hardware, 1, 6)", "00:0a:0b:c0:00:ff"],
    ["substring (hardware, 0, 2)", "01:00"],
    ["substring (hardware, 5, 20)", "00:ff"],
    ["substring (hardware, 20, 1)", ""],
    ['substring ("docsis", 0, 3)', text("doc")],
    ['substring ("docsis", 6, 3)', ""],
    ["substring (option domain-name, 0, 3)", null],
    ['suffix ("docsis", 2)', text("is")],
    ['suffix ("docsis", 9)', text("docsis")],
    ['suffix ("docsis", 0)', ""],
    ["suffix (option domain-name, 1)", null],
    ['concat ("a", 00, option host-name)', `61:00:${text("modem")}`],
    ['concat ("a", option domain-name)', null],
    ['binary-to-ascii (16, 8, ":", substring (hardware, 1, 6))', text("0:a:b:c0:0:ff")],
    ['binary-to-ascii (10, 16, ".", 00:01:01:00)', text("1.256")],
    ['binary-to-ascii (2, 32, "", ff:ff:ff:ff)', text("1".repeat(32))],
    // dhcpd counts digits in 32 bits, and one too many when that overflows (observed).
    ['binary-to-ascii (10, 32, "", 42:3a:35:c7)', hex(bytesOf("1111111111"))],
    ['binary-to-ascii (10, 32, "", 59:68:2f:00)', hex(bytesOf("01500000000"))],
    ['binary-to-ascii (10, 32, "", ff:ff:ff:ff)', hex(bytesOf("04294967295"))],
    ['binary-to-ascii (13, 32, "", 80:00:00:00)', hex(bytesOf("0282ba4aab"))],
    ['binary-to-ascii (16, 32, "", ff:ff:ff:ff)', hex(bytesOf("ffffffff"))],
    ['binary-to-ascii (16, 16, "", 01)', null],
    ['binary-to-ascii (17, 8, "", 01)', null],
    ['binary-to-ascii (16, 9, "", 01)', null],
    ["reverse (1, 01:02:03)", "03:02:01"],
    ["reverse (2, 01:02:03:04)", "03:04:01:02"],
    ["reverse (2, 01:02:03)", null],
    ["reverse (0, 01)", null],
    ['lcase ("AbZ[1")', text("abz[1")],
    ['ucase ("AbZ{1")', text("ABZ{1")],
    ['pick-first-value (option domain-name, option host-name, "x")', text("modem")],
    ["pick-first-value (option domain-name, null)", null],
    ["encode-int (258, 8)", "02"],
    ["encode-int (258, 16)", "01:02"],
    ["encode-int (-1, 32)", "ff:ff:ff:ff"],
    ["encode-int (1 + 2 * 3, 8)", "09"],
    ["encode-int (7 / 2, 8)", "03"],
    ["encode-int (7 % 0, 8)", null],
    ["encode-int (12 & 10, 8)", "08"],
    ["encode-int (12 | 3 ^ 1, 8)", "0e"],
    ["encode-int (extract-int (option dhcp-max-message-size, 16) - 1, 16)", "02:3f"],
    ["encode-int (extract-int (option dhcp-max-message-size, 32), 16)", null],
    ["packet (0, 4)", "01:01:06:01"],
    ["packet (24, 4)", "0a:20:00:01"],
    ["packet (0, 9999)", null],
    ["leased-address", null],
    ["host-decl-name", null],
    ["filename", null],
    ["null", null],
    ["config-option domain-name", null],
  ];
  for (const [expression, value] of cases) {
    test(`${expression} is ${value}`, () => expect(resultOf(expression, cableModem)).toBe(value));
  }

  test("what the server itself knows", () => {
    const more = { leaseAddress: 0x0a200105, hostName: "noc-modem" };
    expect(resultOf("leased-address", cableModem, more)).toBe("0a:20:01:05");
    expect(resultOf("host-decl-name", cableModem, more)).toBe(text("noc-modem"));
    expect(resultOf("filename", { file: "boot" })).toBe(text("boot"));
  });

  test("a renewal without option 82 is taken with that of the lease", () => {
    const relayAgent = remoteId("02:00:00:00:00:09");
    expect(resultOf("option agent.remote-id", {}, { relayAgent })).toBe("02:00:00:00:00:09");
    expect(resultOf("option agent.remote-id", cableModem, { relayAgent })).toBe(
      "00:0a:0b:c0:00:ff",
    );
  });

  test("sub-options inside own spaces, also nested ones", () => {
    const config = configOf(`
      option space outer code width 4 length width 1;
      option space inner;
      option inner.model code 9 = text;
      option outer.cl code 4491 = encapsulate inner;
      option wrap code 125 = encapsulate outer;
      option result code 200 = string;
      option result = option inner.model;`);
    const modelIn = (bytes: Uint8Array) =>
      evaluateScopes(config, [config.root], contextOf({ options: { 125: bytes } })).option(200);
    const good = Uint8Array.of(0, 0, 0x11, 0x8b, 6, 1, 1, 0, 9, 1, 0x41);
    expect(modelIn(good)).toEqual(bytesOf("A"));
    for (let end = 0; end < good.length; end += 1) {
      expect(modelIn(good.subarray(0, end))).toBeUndefined();
    }
  });
});

describe("CONF-12: boolean expressions", () => {
  const cases: readonly (readonly [expression: string, value: boolean])[] = [
    ['substring (option vendor-class-identifier, 0, 6) = "docsis"', true],
    ['substring (option vendor-class-identifier, 0, 6) = "DOCSIS"', false],
    ["option agent.remote-id = substring (hardware, 1, 6)", true],
    ["not (option agent.remote-id = substring (hardware, 1, 6))", false],
    ["exists host-name", true],
    ["exists dhcp-client-identifier", true],
    ["exists domain-name", false],
    ["exists agent.remote-id", true],
    // Null: in dhcpd it equals null only, and differs from anything else.
    ['option domain-name = "x"', false],
    ['option domain-name != "x"', true],
    ["option domain-name = option nis-domain", true],
    // "and" is null, not false, once its left side is not true; "not" leaves null as it is.
    ["not (exists domain-name and exists host-name)", false],
    ["not (exists host-name and exists domain-name)", true],
    ["not (exists domain-name or exists nis-domain)", true],
    ["exists domain-name or exists host-name", true],
    ["extract-int (option dhcp-max-message-size, 16) = 576", true],
    ["extract-int (option dhcp-max-message-size, 16) != 576", false],
    ["((exists domain-name or exists host-name) and exists host-name)", true],
    ["exists host-name or exists domain-name and exists nis-domain", false],
  ];
  for (const [expression, value] of cases) {
    test(`${expression} is ${value}`, () => expect(isTrue(expression, cableModem)).toBe(value));
  }

  test("a text ends before its NULs, bytes do not (RFC 2132, section 2)", () => {
    const options = { 12: "modem\0\0", 60: "docsis\0" };
    expect(resultOf("option host-name", { options })).toBe(text("modem"));
    expect(resultOf("option vendor-class-identifier", { options })).toBe(text("docsis\0"));
  });

  test("known and static are the engine's to say", () => {
    expect(isTrue("known", {}, { known: true })).toBe(true);
    expect(isTrue("not known", {}, { known: true })).toBe(false);
    expect(isTrue("static", {}, { isStatic: true })).toBe(true);
    expect(isTrue("static")).toBe(false);
  });
});
