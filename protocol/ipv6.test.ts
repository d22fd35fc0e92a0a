import { isIPv6 } from "node:net";
import { assert as check, property, uint8Array } from "fast-check";
import { expect, test } from "vitest";
import { formatIpv6, IPV6_BYTES, parseIpv6 } from "./ipv6.ts";

test.each([
  ["::", "::"],
  ["::1", "::1"],
  ["1::", "1::"],
  ["2001:db8::1", "2001:db8::1"],
  ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["1:0:3:4:5:6:7:8", "1:0:3:4:5:6:7:8"],
  ["::ffff:192.0.2.1", "::ffff:c000:201"],
  ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
])("%s is %s", (text, canonical) => {
  expect(formatIpv6(parseIpv6(text) ?? new Uint8Array())).toBe(canonical);
});

test.each([
  ...["", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::"],
  ...["1:2:3:4:5:6:7:8::", ":1:2:3:4:5:6:7", "1.2.3.4", "1.2.3.4::", "::1.2.3"],
])("%j is no address", (text) => {
  expect(parseIpv6(text)).toBeUndefined();
  expect(isIPv6(text)).toBe(false);
});

test("what is formatted is parsed again", () => {
  check(
    property(uint8Array({ minLength: IPV6_BYTES, maxLength: IPV6_BYTES }), (bytes) => {
      const text = formatIpv6(bytes);
      expect(isIPv6(text)).toBe(true);
      expect(parseIpv6(text)).toEqual(Uint8Array.from(bytes));
    }),
  );
});
