import { describe, expect, test } from "vitest";
import { formatHex } from "./hex.ts";
import { formatIpv6, parseIpv6 } from "./ipv6.ts";

describe("an address that is read is written as RFC 5952 says", () => {
  const table: readonly (readonly [string, string])[] = [
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
  ];
  for (const [text, expected] of table) {
    test(text, () => {
      const bytes = parseIpv6(text) ?? expect.unreachable(text);
      expect(bytes).toHaveLength(16);
      expect(formatIpv6(bytes)).toBe(expected);
    });
  }
});

test("groups are big-endian", () => {
  expect(formatHex(parseIpv6("2001:db8::a:1") ?? expect.unreachable())).toBe(
    "20010db80000000000000000000a0001",
  );
});

describe("what is no address is refused", () => {
  const table = ["", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::"];
  for (const text of [...table, "1:2:3:4::5:6:7:8", "::1%eth0", "::10.0.0.1", " ::1", "1:::2"]) {
    test(`"${text}"`, () => expect(parseIpv6(text)).toBeUndefined());
  }
});
