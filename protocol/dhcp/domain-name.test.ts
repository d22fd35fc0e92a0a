import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import {
  decodeDomainName,
  decodeDomainNames,
  encodeDomainName,
  encodeDomainNames,
} from "./domain-name.ts";
import { bytesOfHex } from "./samples.testing.ts";

const label63 = "a".repeat(63);

describe("encodeDomainName", () => {
  test.each([
    // The realm as operators write it by hand in a dhcpd.conf (docsis-mta.kerberos).
    ["BASIC.1", "05 4241534943 01 31 00"],
    ["example.net.", "07 6578616d706c65 03 6e6574 00"],
    [".", "00"],
    ["a\\.b.c", "03 612e62 01 63 00"],
    ["a\\\\b", "03 615c62 00"],
    ["\\255\\000", "02 ff00 00"],
  ])("%s", (name, hex) => {
    expect(encodeDomainName(name)).toEqual(bytesOfHex(hex));
  });

  test.each([
    ["", /empty label/],
    ["..", /empty label/],
    [".a", /empty label/],
    ["a..b", /empty label/],
    [`${label63}a`, /more than 63/],
    [`${label63}.${label63}.${label63}.${label63}`, /more than 255/],
    ["é", /bad character at 1/],
    ["a\\", /bad character at 2/],
    ["a\\256", /bad character at 2/],
  ])("refuses %j", (name, message) => {
    expect(() => encodeDomainName(name)).toThrow(EncodeError);
    expect(() => encodeDomainName(name)).toThrow(message);
  });

  test("takes a name of exactly 255 bytes", () => {
    const name = `${label63}.${label63}.${label63}.${"a".repeat(61)}`;
    expect(encodeDomainName(name)).toHaveLength(255);
    expect(decodeDomainName(encodeDomainName(name), 0, false)).toEqual({ name, end: 255 });
  });
});

describe("encodeDomainNames", () => {
  test("writes what ISC dhcpd was seen to send for two names", () => {
    expect(encodeDomainNames(["a.example.net", "example.net"], true)).toEqual(
      bytesOfHex("0161076578616d706c65036e657400c002"),
    );
  });

  test("does not compress a plain list", () => {
    expect(encodeDomainNames(["a.b", "b"], false)).toEqual(bytesOfHex("01610162000162 00"));
  });

  test("does not take a dot inside a label for a border", () => {
    const names = ["x.a.b", "a\\.b"];
    expect(decodeDomainNames(encodeDomainNames(names, true), true)).toEqual(names);
  });
});

describe("decodeDomainNames", () => {
  const label = fc
    .uint8Array({ minLength: 1, maxLength: 20 })
    .map((bytes) => Array.from(bytes, (byte) => `\\${String(byte).padStart(3, "0")}`).join(""));
  const plain = fc.constantFrom("a", "net", "example", "A", "cm-1");
  const name = fc
    .array(fc.oneof(label, plain), { minLength: 1, maxLength: 6 })
    .map((labels) => labels.join("."));
  const names = fc.array(fc.oneof(name, fc.constant(".")), { maxLength: 8 });

  test("reads what encodeDomainNames writes, compressed or not", () => {
    fc.assert(
      fc.property(names, fc.boolean(), (given, compressed) => {
        const bytes = encodeDomainNames(given, compressed);
        const decoded = decodeDomainNames(bytes, compressed);
        expect(decoded).toHaveLength(given.length);
        expect(encodeDomainNames(decoded, compressed)).toEqual(bytes);
        expect(decoded.map(encodeDomainName)).toEqual(given.map(encodeDomainName));
      }),
      { seed: 1035 },
    );
  });

  test("any bytes are names or a DecodeError", () => {
    // Small numbers, so that lengths and pointers often make sense.
    const byte = fc.oneof(fc.nat(8), fc.constantFrom(0xc0, 0xc1, 0x40, 0x80), fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 60 }), fc.boolean(), (list, mayPoint) => {
        const bytes = Uint8Array.from(list);
        try {
          for (const decoded of decodeDomainNames(bytes, mayPoint)) {
            expect(decodeDomainNames(encodeDomainName(decoded), false)).toEqual([decoded]);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { seed: 3397, numRuns: 2_000 },
    );
  });

  test.each([
    ["a label without its end", "03 6161", true],
    ["no final 0", "01 61", true],
    ["half a pointer", "01 61 c0", true],
    ["a pointer to itself", "c000", true],
    ["a pointer forwards", "c003 00 00", true],
    ["a pointer in a loop", "01 61 c000", true],
    ["a pointer where there is none", "0161 00 c000", false],
    ["a reserved label type", "40 00", true],
    ["a name of 256 bytes", `${`3f${"61".repeat(63)}`.repeat(3)}3e${"61".repeat(62)}00`, true],
  ])("%s is refused", (_name, hex, mayPoint) => {
    expect(() => decodeDomainNames(bytesOfHex(hex), mayPoint)).toThrow(DecodeError);
  });

  test("a pointer cannot make a name grow beyond 255 bytes", () => {
    const long = `${`3f${"61".repeat(63)}`.repeat(3)}00`;
    const bytes = bytesOfHex(`${long}3f${"62".repeat(63)}c000`);
    expect(() => decodeDomainNames(bytes, true)).toThrow(DecodeError);
  });
});
