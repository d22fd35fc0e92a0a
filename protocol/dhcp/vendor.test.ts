import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { bytesOfHex } from "./samples.testing.ts";
import {
  areSubOptions,
  decodeSubOptions,
  encodeSubOptions,
  type SubOptionWidths,
} from "./sub-options.ts";
import {
  CABLELABS_ENTERPRISE,
  decodeEncapsulated,
  decodeVendorClasses,
  decodeVendorOptions,
  encodeEncapsulated,
  encodeVendorClasses,
  encodeVendorOptions,
} from "./vendor.ts";

const bytes = fc.uint8Array({ maxLength: 60 });

describe("sub-options", () => {
  test.each([
    [{ codeBytes: 1, lengthBytes: 1 }, "07 02 aabb 08 00"],
    [{ codeBytes: 2, lengthBytes: 2 }, "0007 0002 aabb 0008 0000"],
    [{ codeBytes: 4, lengthBytes: 1 }, "00000007 02 aabb 00000008 00"],
  ] as readonly (readonly [SubOptionWidths, string])[])("widths %j", (widths, hex) => {
    const given = [
      { code: 7, value: bytesOfHex("aabb") },
      { code: 8, value: new Uint8Array(0) },
    ];
    expect(encodeSubOptions(given, widths)).toEqual(bytesOfHex(hex));
    expect(decodeSubOptions(bytesOfHex(hex), widths)).toEqual(given);
  });

  test("without a length the value is the rest", () => {
    const widths: SubOptionWidths = { codeBytes: 1, lengthBytes: 0 };
    const one = { code: 7, value: bytesOfHex("aabb") };
    expect(encodeSubOptions([one], widths)).toEqual(bytesOfHex("07aabb"));
    expect(decodeSubOptions(bytesOfHex("07aabb"), widths)).toEqual([one]);
    expect(() => encodeSubOptions([one, one], widths)).toThrow(/only one/);
  });

  test("round trip over all widths", () => {
    const widths = fc.record({
      codeBytes: fc.constantFrom(1, 2, 4),
      lengthBytes: fc.constantFrom(1, 2),
    }) as fc.Arbitrary<SubOptionWidths>;
    const code = fc.nat(255);
    fc.assert(
      fc.property(widths, fc.array(fc.record({ code, value: bytes })), (width, given) => {
        expect(decodeSubOptions(encodeSubOptions(given, width), width)).toEqual(given);
      }),
      { seed: 2132 },
    );
  });

  test("areSubOptions agrees with the decoder on any bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 20 }), (list) => {
        const given = Uint8Array.from(list);
        let decodes = true;
        try {
          decodeSubOptions(given);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
          decodes = false;
        }
        expect(areSubOptions(given)).toBe(decodes);
      }),
      { seed: 3046 },
    );
  });

  test.each([
    ["code 256 in one byte", { code: 256, value: new Uint8Array(0) }, /code 256/],
    ["code -1", { code: -1, value: new Uint8Array(0) }, /code -1/],
    ["256 bytes", { code: 1, value: new Uint8Array(256) }, /has 256 bytes, the most is 255/],
  ])("%s cannot be written", (_name, given, message) => {
    expect(() => encodeSubOptions([given])).toThrow(EncodeError);
    expect(() => encodeSubOptions([given])).toThrow(message);
  });
});

describe("option 43", () => {
  test("skips pads and stops at End", () => {
    expect(decodeEncapsulated(bytesOfHex("00 02 03 45434d 00 0a 00 ff 01"))).toEqual([
      { code: 2, value: bytesOfHex("45434d") },
      { code: 10, value: new Uint8Array(0) },
    ]);
  });

  test("round trip", () => {
    const code = fc.integer({ min: 1, max: 254 });
    fc.assert(
      fc.property(fc.array(fc.record({ code, value: bytes })), (given) => {
        expect(decodeEncapsulated(encodeEncapsulated(given))).toEqual(given);
      }),
      { seed: 43 },
    );
  });

  test.each(["02", "02 05 45434d"])("%s is refused", (hex) => {
    expect(() => decodeEncapsulated(bytesOfHex(hex))).toThrow(DecodeError);
  });

  test.each([0, 255])("code %i cannot be written", (code) => {
    expect(() => encodeEncapsulated([{ code, value: new Uint8Array(0) }])).toThrow(EncodeError);
  });
});

describe("options 124 and 125 (RFC 3925)", () => {
  test("the layout", () => {
    const vendor = {
      enterprise: CABLELABS_ENTERPRISE,
      options: [
        { code: 2, value: bytesOfHex("c0a8000c") },
        { code: 4, value: bytesOfHex("01") },
      ],
    };
    const hex = "0000118b 09 02 04 c0a8000c 04 01 01";
    expect(encodeVendorOptions([vendor])).toEqual(bytesOfHex(hex));
    expect(decodeVendorOptions(bytesOfHex(hex))).toEqual([vendor]);
  });

  test("round trip", () => {
    const enterprise = fc.integer({ min: 0, max: 0xffff_ffff });
    fc.assert(
      fc.property(fc.array(fc.record({ enterprise, data: bytes })), (given) => {
        expect(decodeVendorClasses(encodeVendorClasses(given))).toEqual(given);
      }),
      { seed: 3925 },
    );
  });

  test.each(["0000118b", "0000118b 05 01", "0000118b 01 02", "0000118b 03 02 04 c0"])(
    "option 125 of %s is refused",
    (hex) => {
      expect(() => decodeVendorOptions(bytesOfHex(hex))).toThrow(DecodeError);
    },
  );

  test("more than 255 bytes of one vendor cannot be written", () => {
    const option = { code: 1, value: new Uint8Array(200) };
    const vendors = [{ enterprise: 9, options: [option, option] }];
    expect(() => encodeVendorOptions(vendors)).toThrow(/enterprise 9 has 404 bytes/);
  });
});
