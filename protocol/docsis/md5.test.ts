import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { formatHex } from "./hex.ts";
import { hmacMd5, Md5, md5 } from "./md5.ts";
import { latin1Bytes } from "./plain.ts";

const fill = (byte: number, count: number): Uint8Array => new Uint8Array(count).fill(byte);

describe("MD5, the test suite of RFC 1321, appendix A.5", () => {
  const vectors: readonly (readonly [string, string])[] = [
    ["", "d41d8cd98f00b204e9800998ecf8427e"],
    ["a", "0cc175b9c0f1b6a831c399e269772661"],
    ["abc", "900150983cd24fb0d6963f7d28e17f72"],
    ["message digest", "f96b697d7cb7938d525a2f31aaf161d0"],
    ["abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"],
    [
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
      "d174ab98d277d9f5a5611c2c9f419d9f",
    ],
    ["1234567890".repeat(8), "57edf4a22be3c955ac49da2e2107b67a"],
  ];
  for (const [text, digest] of vectors) {
    test(`"${text}"`, () => expect(formatHex(md5(latin1Bytes(text)))).toBe(digest));
  }
});

describe("HMAC-MD5, the test cases of RFC 2202, section 2", () => {
  const longKey = fill(0xaa, 80);
  const vectors: readonly (readonly [string, Uint8Array, Uint8Array, string])[] = [
    ["1", fill(0x0b, 16), latin1Bytes("Hi There"), "9294727a3638bb1c13f48ef8158bfc9d"],
    [
      "2",
      latin1Bytes("Jefe"),
      latin1Bytes("what do ya want for nothing?"),
      "750c783e6ab0b503eaa86e310a5db738",
    ],
    ["3", fill(0xaa, 16), fill(0xdd, 50), "56be34521d144c88dbb8c733f0e8b3f6"],
    [
      "4",
      Uint8Array.from({ length: 25 }, (_, i) => i + 1),
      fill(0xcd, 50),
      "697eaf0aca3a3aea3a75164746ffaa79",
    ],
    ["5", fill(0x0c, 16), latin1Bytes("Test With Truncation"), "56461ef2342edc00f9bab995690efd4c"],
    [
      "6",
      longKey,
      latin1Bytes("Test Using Larger Than Block-Size Key - Hash Key First"),
      "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd",
    ],
    [
      "7",
      longKey,
      latin1Bytes("Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data"),
      "6f630fad67cda0ee1fb1f562db3aa53e",
    ],
  ];
  for (const [number, key, data, digest] of vectors) {
    test(`test case ${number}`, () => expect(formatHex(hmacMd5(key, [data]))).toBe(digest));
    test(`test case ${number}, the data in pieces`, () => {
      expect(formatHex(hmacMd5(key, [data.subarray(0, 7), data.subarray(7)]))).toBe(digest);
    });
  }
});

test("every length around the block size agrees with another implementation, in any pieces", () => {
  for (let length = 0; length <= 200; length += 1) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
    const expected = createHash("md5").update(bytes).digest("hex");
    expect(formatHex(md5(bytes))).toBe(expected);
    const running = new Md5();
    for (let at = 0; at < length; at += 13) running.update(bytes.subarray(at, at + 13));
    expect(formatHex(running.digest())).toBe(expected);
  }
});
