import { describe, expect, test } from "vitest";
import { DecodeError } from "../decode-error.ts";
import { EncodeError } from "../encode-error.ts";
import { decodeValue, encodeValue, type OptionType } from "./option-value.ts";

describe("ip6", () => {
  const one: OptionType = { fields: ["ip6"], repeat: "none" };
  const many: OptionType = { fields: ["u8", "ip6"], repeat: "all" };

  test("one address", () => {
    const bytes = encodeValue(one, ["2001:db8::1"]);
    expect(Buffer.from(bytes).toString("hex")).toBe("20010db8000000000000000000000001");
    expect(decodeValue(one, bytes)).toEqual(["2001:db8::1"]);
  });

  test("in records", () => {
    const values = [7, "::1", 8, "fe80::2"];
    const bytes = encodeValue(many, values);
    expect(bytes).toHaveLength(34);
    expect(decodeValue(many, bytes)).toEqual(values);
  });

  test("what is none", () => {
    expect(() => encodeValue(one, ["10.0.0.1"])).toThrow(EncodeError);
    expect(() => encodeValue(one, [1])).toThrow(EncodeError);
    expect(() => decodeValue(one, new Uint8Array(15))).toThrow(DecodeError);
  });
});
