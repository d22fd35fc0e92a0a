import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOfHex } from "../dhcp/samples.testing.ts";
import { EncodeError } from "../encode-error.ts";
import { decodeEveryTruncation } from "../truncations.testing.ts";
import {
  decodeNtp,
  encodeNtp,
  kissCode,
  NTP_BYTES,
  NtpLeap,
  NtpMode,
  type NtpPacket,
  ntpTimestampZero,
  referenceIdOf,
  referenceText,
} from "./packet.ts";

// A server's reply built by hand from RFC 5905, figure 8.
const replyHex = `
  24 02 06 ec          # no leap second, version 4, server; stratum 2; poll 6; precision -20
  00008000 00010000    # root delay 0.5 s, root dispersion 1 s
  c0000201             # its own server is 192.0.2.1
  ee000000 80000000
  ee000001 00000001
  ee000002 ffffffff
  ee000003 40000000`;

const reply: NtpPacket = {
  leap: NtpLeap.none,
  version: 4,
  mode: NtpMode.server,
  stratum: 2,
  poll: 6,
  precision: -20,
  rootDelaySeconds: 0.5,
  rootDispersionSeconds: 1,
  referenceId: 0xc000_0201,
  reference: { seconds: 0xee00_0000, fraction: 0x8000_0000 },
  originate: { seconds: 0xee00_0001, fraction: 1 },
  receive: { seconds: 0xee00_0002, fraction: 0xffff_ffff },
  transmit: { seconds: 0xee00_0003, fraction: 0x4000_0000 },
};

function encoded(packet: NtpPacket): Uint8Array {
  const target = new Uint8Array(NTP_BYTES + 4).fill(0xee);
  expect(encodeNtp(packet, target, 2)).toBe(NTP_BYTES + 2);
  expect([target[1], target[NTP_BYTES + 2]]).toEqual([0xee, 0xee]);
  return target.subarray(2, NTP_BYTES + 2);
}

describe("layout (RFC 5905, section 7.3)", () => {
  test("a server's reply", () => {
    expect(decodeNtp(bytesOfHex(replyHex))).toEqual(reply);
    expect(encoded(reply)).toEqual(bytesOfHex(replyHex));
  });

  test.each([
    ["version 3", 0x1b, { leap: 0, version: 3, mode: NtpMode.client }],
    ["version 4", 0x23, { leap: 0, version: 4, mode: NtpMode.client }],
    ["a clock that is not set", 0xe3, { leap: NtpLeap.unsynchronised, version: 4, mode: 3 }],
    ["version 0 and mode 0", 0x00, { leap: 0, version: 0, mode: 0 }],
    ["every bit", 0xff, { leap: 3, version: 7, mode: 7 }],
  ])("the first byte of a request: %s", (_name, first, expected) => {
    const bytes = new Uint8Array(NTP_BYTES);
    bytes[0] = first;
    expect(decodeNtp(bytes)).toMatchObject({ ...expected, transmit: ntpTimestampZero });
  });

  test("what follows the 48 bytes is not looked at", () => {
    expect(decodeNtp(bytesOfHex(`${replyHex}\n 00000001 ${"aa".repeat(16)}`))).toEqual(reply);
  });

  test("every truncation is a DecodeError, only the whole is a value", () => {
    expect(decodeEveryTruncation(decodeNtp, bytesOfHex(replyHex))).toBe(1);
  });
});

const word = fc.integer({ min: 0, max: 0xffff_ffff });
const short = word.map((value) => value / 65_536);
const signed = fc.integer({ min: -128, max: 127 });
const timestamp = fc.record({ seconds: word, fraction: word });
const packet: fc.Arbitrary<NtpPacket> = fc.record({
  leap: fc.nat(3),
  version: fc.nat(7),
  mode: fc.nat(7),
  stratum: fc.nat(255),
  poll: signed,
  precision: signed,
  rootDelaySeconds: short,
  rootDispersionSeconds: short,
  referenceId: word,
  reference: timestamp,
  originate: timestamp,
  receive: timestamp,
  transmit: timestamp,
});

test("every packet comes back as it was", () => {
  fc.assert(
    fc.property(packet, (given) => {
      expect(decodeNtp(encoded(given))).toEqual(given);
    }),
    { seed: 5905 },
  );
});

test("any 48 bytes come back as they were", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: NTP_BYTES, maxLength: NTP_BYTES }), (bytes) => {
      expect(encoded(decodeNtp(bytes))).toEqual(bytes);
    }),
    { seed: 4330 },
  );
});

describe("what cannot be written", () => {
  test.each([
    ["leap", 4],
    ["version", 8],
    ["mode", -1],
    ["stratum", 256],
    ["stratum", 1.5],
    ["poll", 128],
    ["precision", -129],
    ["rootDelaySeconds", -0.1],
    ["rootDispersionSeconds", 65_536],
    ["rootDispersionSeconds", Number.NaN],
    ["referenceId", -1],
    ["transmit", { seconds: 2 ** 32, fraction: 0 }],
    ["receive", { seconds: 0, fraction: 0.5 }],
  ])("%s %j", (field, value) => {
    const given = { ...reply, [field]: value } as NtpPacket;
    expect(() => encodeNtp(given, new Uint8Array(NTP_BYTES), 0)).toThrow(EncodeError);
  });

  test("a packet without room", () => {
    expect(() => encodeNtp(reply, new Uint8Array(NTP_BYTES), 1)).toThrow(EncodeError);
  });
});

describe("reference ids", () => {
  test.each([
    ["LOCL", 0x4c4f_434c],
    ["GPS", 0x4750_5300],
    ["RATE", 0x5241_5445],
  ])("%s", (text, id) => {
    expect(referenceIdOf(text)).toBe(id);
    expect(referenceText(id)).toBe(text);
  });

  test("padding with blanks is read too", () => {
    expect(referenceText(0x4750_5320)).toBe("GPS");
  });

  test.each([0, 0xc000_0201, 0x4700_5053])("%i is not text", (id) => {
    expect(referenceText(id)).toBeUndefined();
  });

  test.each(["", "LOCAL", "é", "A B"])("%j cannot be written", (text) => {
    expect(() => referenceIdOf(text)).toThrow(EncodeError);
  });
});

describe("kiss-o'-death", () => {
  const kiss = { ...reply, stratum: 0, referenceId: referenceIdOf("DENY") };

  test.each([
    ["a server at stratum 0", kiss, "DENY"],
    ["a server at stratum 2", { ...kiss, stratum: 2 }, undefined],
    ["a client at stratum 0", { ...kiss, mode: NtpMode.client }, undefined],
    ["a code that is not text", { ...kiss, referenceId: 1 }, undefined],
  ])("%s", (_name, given, code) => {
    expect(kissCode(given)).toBe(code);
  });
});
