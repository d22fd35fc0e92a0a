import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { OptionCode } from "./option-code.ts";
import {
  decodeValue,
  encodeValue,
  type FieldType,
  type OptionType,
  type OptionValue,
  optionDefinitions,
} from "./option-table.ts";
import { bytesOfHex } from "./samples.testing.ts";

function typeOf(space: string, name: string): OptionType {
  const found = optionDefinitions.find((row) => row.space === space && row.name === name);
  if (found === undefined) throw new Error(`no option ${space}.${name}`);
  return found.type;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

describe("optionDefinitions", () => {
  test("has every option of Appendix B that has a name (OPT-1)", () => {
    const listed = [
      ...range(1, 79),
      ...[81, 82, 85, 86, 87, 88, 89, 98],
      ...[112, 113, 114, 118, 119, 125],
      // Named by dhcpd though not by the guide.
      ...[91, 92, 93, 94, 97, 99, 116, 117, 124, 150],
    ];
    const codes = optionDefinitions.filter((row) => row.space === "dhcp").map((row) => row.code);
    expect(listed.filter((code) => !codes.includes(code))).toEqual([]);
  });

  test("has none of those that operators must define (OPT-3)", () => {
    const codes = optionDefinitions.filter((row) => row.space === "dhcp").map((row) => row.code);
    expect([83, 95, 120, 121, 122, 123].filter((code) => codes.includes(code))).toEqual([]);
  });

  test("names and codes are unique in their space", () => {
    const keys = optionDefinitions.flatMap(({ space, code, name }) => [
      `${space} ${code}`,
      `${space} ${name.toLowerCase()}`,
    ]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("only the last field takes the rest of an option", () => {
    const greedy: readonly FieldType[] = ["text", "bytes", "domains", "domains-compressed"];
    for (const { type } of optionDefinitions) {
      const { fields, repeat } = type;
      expect(fields.slice(0, -1).filter((field) => greedy.includes(field))).toEqual([]);
      if (fields.some((field) => greedy.includes(field))) expect(repeat).toBe("none");
    }
  });

  test.each([
    ["subnet-mask", OptionCode.subnetMask],
    ["routers", OptionCode.routers],
    ["domain-name-servers", OptionCode.domainNameServers],
    ["host-name", OptionCode.hostName],
    ["vendor-encapsulated-options", OptionCode.vendorEncapsulatedOptions],
    ["dhcp-requested-address", OptionCode.requestedAddress],
    ["dhcp-parameter-request-list", OptionCode.parameterRequestList],
    ["vendor-class-identifier", OptionCode.vendorClassIdentifier],
    ["dhcp-client-identifier", OptionCode.clientIdentifier],
    ["bootfile-name", OptionCode.bootfileName],
    ["subnet-selection", OptionCode.subnetSelection],
    ["vivco", OptionCode.vendorClass],
    ["vivso", OptionCode.vendorOptions],
    ["tftp-server-address", OptionCode.tftpServerAddress],
  ])("%s is %i", (name, code) => {
    const found = optionDefinitions.find((row) => row.space === "dhcp" && row.name === name);
    expect(found?.code).toBe(code);
  });
});

describe("values on the wire", () => {
  const cases: readonly (readonly [string, string, readonly OptionValue[], string])[] = [
    ["dhcp", "subnet-mask", [0xffff_ff00], "ffffff00"],
    ["dhcp", "time-offset", [-10_800], "ffffd5d0"],
    ["dhcp", "routers", [0xc000_0201, 0xc000_0202], "c0000201 c0000202"],
    ["dhcp", "boot-size", [0xfffe], "fffe"],
    ["dhcp", "domain-name", ["example.net"], "6578616d706c652e6e6574"],
    ["dhcp", "domain-name", ["é"], "c3a9"],
    ["dhcp", "ip-forwarding", [true], "01"],
    ["dhcp", "policy-filter", [1, 2, 3, 4], "00000001 00000002 00000003 00000004"],
    ["dhcp", "default-ip-ttl", [64], "40"],
    ["dhcp", "path-mtu-plateau-table", [68, 296], "0044 0128"],
    ["dhcp", "dhcp-parameter-request-list", [1, 3, 122], "01037a"],
    ["dhcp", "vendor-class-identifier", [bytesOfHex("00ff")], "00ff"],
    ["dhcp", "slp-directory-agent", [true, 1, 2], "01 00000001 00000002"],
    ["dhcp", "slp-service-scope", [false, "lab"], "00 6c6162"],
    ["dhcp", "bcms-controller-names", [["a.b", "b"]], "01610162 00 0162 00"],
    ["dhcp", "domain-search", [["a.b", "b"]], "01610162 00 c002"],
    ["dhcp", "pxe-interface-id", [1, 2, 3], "010203"],
    ["dhcp", "pxe-client-id", [0, bytesOfHex("aabb")], "00 aabb"],
    ["agent", "DOCSIS-device-class", [1], "00000001"],
    ["agent", "link-selection", [0x7f40_0801], "7f400801"],
    ["agent", "relay-port", [], ""],
    ["nwip", "autoretries", [3], "03"],
  ];

  test.each(cases)("%s.%s %j", (space, name, values, hex) => {
    const bytes = bytesOfHex(hex);
    expect(encodeValue(typeOf(space, name), values)).toEqual(bytes);
    expect(decodeValue(typeOf(space, name), bytes)).toEqual(values);
  });

  test.each([
    ["s8", [-128], "80"],
    ["s16", [-2], "fffe"],
    ["s16", [0x7fff], "7fff"],
    ["u32", [0xffff_ffff], "ffffffff"],
    ["s32", [-1], "ffffffff"],
    ["domain", ["a.b"], "01610162 00"],
  ] as const)("%s %j", (field, values, hex) => {
    const type: OptionType = { fields: [field], repeat: "none" };
    expect(encodeValue(type, values)).toEqual(bytesOfHex(hex));
    expect(decodeValue(type, bytesOfHex(hex))).toEqual(values);
  });

  test("text loses NULs at its end (RFC 2132, section 2) and is bytes when it is not UTF-8", () => {
    expect(decodeValue(typeOf("dhcp", "host-name"), bytesOfHex("6162 0000"))).toEqual(["ab"]);
    expect(decodeValue(typeOf("dhcp", "host-name"), bytesOfHex("61ff"))).toEqual([
      bytesOfHex("61ff"),
    ]);
  });

  test.each([
    ["dhcp", "subnet-mask", [2 ** 32], /4294967296 is not a number from 0/],
    ["dhcp", "subnet-mask", [1, 2], /2 value\(s\) given, the option takes 1$/],
    ["dhcp", "subnet-mask", ["255.255.255.0"], /"255.255.255.0" is not a value of type ip/],
    ["dhcp", "routers", [], /takes 1 or a multiple/],
    ["dhcp", "policy-filter", [1, 2, 3], /takes 2 or a multiple/],
    ["dhcp", "slp-directory-agent", [true], /takes 2 or more/],
    ["dhcp", "time-offset", [-(2 ** 31) - 1], /from -2147483648/],
    ["dhcp", "default-ip-ttl", [256], /from 0 to 255 \(u8\)/],
    ["dhcp", "default-ip-ttl", [1.5], /1.5 is not a number/],
    ["dhcp", "boot-size", [-1], /-1 is not a number/],
    ["dhcp", "ip-forwarding", [1], /1 is not a value of type flag/],
    ["dhcp", "domain-search", ["a.b"], /is not a value of type domains-compressed/],
    ["dhcp", "domain-search", [["a..b"]], /empty label/],
    ["dhcp", "host-name", [12], /12 is not a value of type text/],
    ["dhcp", "routers", [bytesOfHex("c0000201")], /4 byte\(s\) is not a value of type ip/],
    ["agent", "relay-port", [1], /takes 0/],
  ] as readonly (readonly [string, string, readonly OptionValue[], RegExp])[])(
    "%s.%s refuses %j",
    (space, name, values, message) => {
      expect(() => encodeValue(typeOf(space, name), values)).toThrow(EncodeError);
      expect(() => encodeValue(typeOf(space, name), values)).toThrow(message);
    },
  );

  test.each([
    ["dhcp", "subnet-mask", "ffffff"],
    ["dhcp", "subnet-mask", "ffffff0000"],
    ["dhcp", "routers", ""],
    ["dhcp", "routers", "c000020101"],
    ["dhcp", "policy-filter", "0000000100000002 00000003"],
    ["dhcp", "ip-forwarding", "02"],
    ["dhcp", "ip-forwarding", ""],
    ["dhcp", "boot-size", "01"],
    ["dhcp", "domain-search", "0161"],
    ["dhcp", "bcms-controller-names", "016100c000"],
    ["dhcp", "slp-directory-agent", "01"],
    ["agent", "relay-port", "00"],
  ])("%s.%s of bytes %s is a DecodeError", (space, name, hex) => {
    expect(() => decodeValue(typeOf(space, name), bytesOfHex(hex))).toThrow(DecodeError);
  });

  test("every definition: any bytes are refused, or encode to themselves again", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...optionDefinitions),
        fc.oneof(fc.uint8Array({ maxLength: 24 }), fc.constant(bytesOfHex("01616200"))),
        ({ type }, bytes) => {
          const values = decodedOrUndefined(type, bytes);
          if (values === undefined) return;
          const again = encodeValue(type, values);
          // Compression and NULs at the end of text have more than one form; values have not.
          expect(decodeValue(type, again)).toEqual(values);
        },
      ),
      { seed: 2132, numRuns: 5_000 },
    );
  });
});

function decodedOrUndefined(type: OptionType, bytes: Uint8Array): OptionValue[] | undefined {
  try {
    return decodeValue(type, bytes);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return undefined;
  }
}
