import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { formatHex } from "./hex.ts";
import { latin1Bytes } from "./plain.ts";
import { sha1 } from "./sha1.ts";

// RFC 3174, section 7.3.
const vectors: readonly (readonly [string, string])[] = [
  ["abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
  [
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
    "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
  ],
  ["a".repeat(1_000_000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"],
  ["01234567".repeat(80), "dea356a2cddd90c7a7ecedc5ebb563934f460452"],
];
for (const [index, [text, digest]] of vectors.entries()) {
  test(`RFC 3174, test ${index + 1}`, () => {
    expect(formatHex(sha1(latin1Bytes(text)))).toBe(digest);
  });
}

test("every length around the block size agrees with another implementation", () => {
  for (let length = 0; length <= 200; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 11 + length) & 255);
    expect(formatHex(sha1(bytes))).toBe(createHash("sha1").update(bytes).digest("hex"));
  }
});
