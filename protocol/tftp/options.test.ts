import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  acceptReadOptions,
  listTransferOptions,
  optionAckFault,
  parseReadOptions,
  parseTransferOptions,
  type TransferOptions,
} from "./options.ts";

const parse = (name: string, value: string) => parseTransferOptions([{ name, value }]);

describe("parseTransferOptions", () => {
  test.each([
    ["blksize", "8", 8],
    ["blksize", "65464", 65_464],
    ["timeout", "1", 1],
    ["timeout", "255", 255],
    ["tsize", "0", 0],
    ["tsize", "9007199254740991", Number.MAX_SAFE_INTEGER],
    ["windowsize", "1", 1],
    ["windowsize", "65535", 65_535],
  ])("%s %s is accepted", (name, value, number) => {
    expect(parse(name, value)).toEqual({ kind: "ok", options: { [name]: number } });
  });

  test.each<[string, string, string]>([
    ["blksize", "7", "not in 8 to 65464"],
    ["blksize", "65465", "not in 8 to 65464"],
    ["timeout", "0", "not in 1 to 255"],
    ["timeout", "256", "not in 1 to 255"],
    ["windowsize", "0", "not in 1 to 65535"],
    ["windowsize", "65536", "not in 1 to 65535"],
    ["tsize", "9007199254740992", "not in 0 to 9007199254740991"],
    ["tsize", "99999999999999999999", "not a decimal number"],
    ...["", " ", "-1", "+512", "0512", "5 12", "512 ", "5e2", "0x200", "512.0", "NaN", "٥١٢"].map(
      (value) => ["blksize", value, "not a decimal number"] as [string, string, string],
    ),
  ])("%s %j is refused", (name, value, reason) => {
    expect(parse(name, value)).toEqual({ kind: "refused", option: { name, value }, reason });
  });

  test("an option given twice is refused (RFC 2347)", () => {
    const option = { name: "tsize", value: "0" };
    expect(parseTransferOptions([option, option])).toMatchObject({ reason: "given twice" });
  });

  test.each(["multicast", "__proto__", "constructor", "toString"])("%s is left out", (name) => {
    expect(parse(name, "1")).toEqual({ kind: "ok", options: {} });
  });

  test("any text is a result", () => {
    const name = fc.oneof(fc.string(), fc.constantFrom("blksize", "tsize", "timeout"));
    fc.assert(
      fc.property(fc.array(fc.record({ name, value: fc.string() })), (options) => {
        expect(["ok", "refused"]).toContain(parseTransferOptions(options).kind);
      }),
      { seed: 2347 },
    );
  });
});

const integer = (min: number, max: number) => fc.integer({ min, max });
const transferOptions: fc.Arbitrary<TransferOptions> = fc.record(
  {
    blksize: integer(8, 65_464),
    timeout: integer(1, 255),
    tsize: fc.maxSafeNat(),
    windowsize: integer(1, 65_535),
  },
  { requiredKeys: [] },
);

describe("parseReadOptions", () => {
  test.each(["0", "enable", "-5", "99999999999999999999", ""])(
    "tsize %j asks for the size",
    (value) => {
      const parsed = parseReadOptions([{ name: "tsize", value }]);
      expect(parsed).toEqual({ kind: "ok", options: { tsize: 0 } });
    },
  );

  test("every other option has to have its value", () => {
    const parsed = parseReadOptions([{ name: "blksize", value: "enable" }]);
    expect(parsed).toMatchObject({ kind: "refused", reason: "not a decimal number" });
  });
});

test("listTransferOptions is the inverse of parseTransferOptions", () => {
  fc.assert(
    fc.property(transferOptions, (options) => {
      expect(parseTransferOptions(listTransferOptions(options))).toEqual({ kind: "ok", options });
    }),
    { seed: 2348 },
  );
});

describe("acceptReadOptions", () => {
  const limits = { blksizeMax: 1468, windowsizeMax: 32, fileBytes: 4096 };

  test.each([
    ["nothing asked, nothing answered", {}, {}],
    ["a smaller block", { blksize: 65_464 }, { blksize: 1468 }],
    ["a block within the limit", { blksize: 512 }, { blksize: 512 }],
    ["the timeout as it was asked for", { timeout: 7 }, { timeout: 7 }],
    ["the size of the file", { tsize: 0 }, { tsize: 4096 }],
    ["a smaller window", { windowsize: 64 }, { windowsize: 32 }],
  ])("%s", (_name, requested, expected) => {
    expect(acceptReadOptions(requested, limits)).toEqual(expected);
  });

  test("no tsize for a file whose size is not known", () => {
    expect(acceptReadOptions({ tsize: 0 }, { blksizeMax: 512, windowsizeMax: 1 })).toEqual({});
  });

  test("no client of ours finds fault with an answer of ours", () => {
    fc.assert(
      fc.property(transferOptions, integer(8, 65_464), integer(1, 64), (asked, block, window) => {
        const own = { blksizeMax: block, windowsizeMax: window, fileBytes: 9 };
        expect(optionAckFault(asked, acceptReadOptions(asked, own))).toBeUndefined();
      }),
      { seed: 7440 },
    );
  });
});

describe("optionAckFault", () => {
  const asked = { blksize: 1428, timeout: 5, tsize: 0, windowsize: 4 };

  test.each([
    ["all as asked", { ...asked, tsize: 77 }],
    ["smaller block and window", { blksize: 8, windowsize: 1 }],
    ["nothing", {}],
  ])("%s: no fault", (_name, answered) => {
    expect(optionAckFault(asked, answered)).toBeUndefined();
  });

  test.each([
    ["a larger block", asked, { blksize: 1429 }, "blksize 1428 was answered by 1429"],
    ["a larger window", asked, { windowsize: 5 }, "windowsize 4 was answered by 5"],
    ["a shorter timeout", asked, { timeout: 4 }, "timeout 5 was answered by 4"],
    ["an option nobody asked for", {}, { tsize: 9 }, "tsize was not asked for"],
  ])("%s", (_name, requested, answered, fault) => {
    expect(optionAckFault(requested, answered)).toBe(fault);
  });
});
