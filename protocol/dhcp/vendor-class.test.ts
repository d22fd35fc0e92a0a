import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EncodeError } from "../encode-error.ts";
import { bytesOfHex } from "./samples.testing.ts";
import {
  buildVendorClass,
  type CableVendorClass,
  DocsisVersion,
  ModemCapability,
  MtaCapability,
  parseVendorClass,
} from "./vendor-class.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe("option 60 of cable devices", () => {
  test("a DOCSIS 1.1 modem and its capabilities", () => {
    const modem: CableVendorClass = {
      family: "docsis",
      version: "1.1",
      capabilities: [
        { code: ModemCapability.concatenation, value: Uint8Array.of(1) },
        { code: ModemCapability.docsisVersion, value: Uint8Array.of(DocsisVersion["1.1"]) },
      ],
    };
    expect(textOf(buildVendorClass(modem))).toBe("docsis1.1:0506010101020101");
    expect(parseVendorClass(buildVendorClass(modem))).toEqual(modem);
  });

  test("a DOCSIS 3.0 modem that has its capabilities in option 125", () => {
    const modem: CableVendorClass = { family: "docsis", version: "3.0" };
    expect(textOf(buildVendorClass(modem))).toBe("docsis3.0:");
    expect(parseVendorClass(bytesOf("docsis3.0:"))).toEqual(modem);
    expect(parseVendorClass(bytesOf("docsis3.0"))).toEqual(modem);
  });

  test("an MTA's string as it was seen in the field, upper case or lower", () => {
    const text = "pktc1.0:051f0101000201020901010b04060903040c01010d01010f010110010912020007";
    for (const written of [text, text.toUpperCase()]) {
      const mta = parseVendorClass(bytesOf(written));
      expect(mta).toMatchObject({ family: "pktc", version: "1.0" });
      expect(mta?.capabilities?.map(({ code }) => code)).toEqual([
        1, 2, 9, 0x0b, 0x0c, 0x0d, 0x0f, 0x10, 0x12,
      ]);
      const codecs = mta?.capabilities?.find(({ code }) => code === MtaCapability.codecs);
      expect(codecs?.value).toEqual(bytesOfHex("06090304"));
      expect(textOf(buildVendorClass(mta ?? { family: "docsis", version: "1.0" }))).toBe(text);
    }
  });

  test("round trip", () => {
    const capability = fc.record({ code: fc.nat(255), value: fc.uint8Array({ maxLength: 8 }) });
    const vendorClass = fc.record(
      {
        family: fc.constantFrom("docsis", "pktc"),
        version: fc.constantFrom("1.0", "1.1", "1.5", "2.0", "3.0", "3.1"),
        capabilities: fc.array(capability, { maxLength: 20 }),
      },
      { requiredKeys: ["family", "version"] },
    ) as fc.Arbitrary<CableVendorClass>;
    fc.assert(
      fc.property(vendorClass, (given) => {
        expect(parseVendorClass(buildVendorClass(given))).toEqual(given);
      }),
      { seed: 60 },
    );
  });

  test.each([
    "",
    "MSFT 5.0",
    "docsis",
    "docsis3",
    "docsis3.0x",
    "xdocsis3.0:",
    "docsis3.0:0",
    "docsis3.0:05",
    "docsis3.0:0501",
    "docsis3.0:050201",
    "docsis3.0:05020102",
    "docsis3.0:0603010101",
    "docsis3.0:0503010101ff",
    "docsis3.0:0503zz0101",
    "docsis3.0:\n",
    `docsis3.0:05ff${"00".repeat(300)}`,
  ])("%j is none", (text) => {
    expect(parseVendorClass(bytesOf(text))).toBeUndefined();
  });

  test("any bytes are a value or undefined", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (tail) => {
        const given = Uint8Array.of(...bytesOf("docsis3.0:05"), ...tail);
        const parsed = parseVendorClass(given);
        expect(parsed === undefined || parsed.family === "docsis").toBe(true);
      }),
      { seed: 61 },
    );
  });

  test.each([
    ["a version of one digit", { family: "docsis", version: "3" }, /"3" is not a version/],
    [
      "capabilities of 256 bytes",
      { family: "pktc", version: "1.0", capabilities: [{ code: 1, value: new Uint8Array(254) }] },
      /has 256 bytes/,
    ],
  ] as readonly (readonly [string, CableVendorClass, RegExp])[])(
    "%s cannot be written",
    (_name, given, message) => {
      expect(() => buildVendorClass(given)).toThrow(EncodeError);
      expect(() => buildVendorClass(given)).toThrow(message);
    },
  );
});
