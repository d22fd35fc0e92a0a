import { describe, expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { expectationOf, FileHashes } from "./file-hash.ts";

function fileOf(length: number): Uint8Array {
  const prng = new Prng(3, length);
  return Uint8Array.from({ length }, () => prng.nextUInt32());
}

function hashInPieces(bytes: Uint8Array, cut: (left: number) => number) {
  const hashes = new FileHashes(3);
  hashes.reset(1);
  for (let at = 0; at < bytes.length; ) {
    const length = Math.min(bytes.length - at, cut(bytes.length - at));
    hashes.update(1, bytes.subarray(at, at + length));
    at += length;
  }
  return {
    lengthBytes: hashes.lengthBytes(1),
    hashHigh: hashes.high(1),
    hashLow: hashes.low(1),
  };
}

describe("the hash of a file that comes in blocks", () => {
  for (const pieceBytes of [1, 2, 3, 5, 8, 512, 1428]) {
    test(`blocks of ${pieceBytes} make the hash of the whole`, () => {
      for (const length of [0, 1, 2, 3, 4, 5, 511, 1428, 3001]) {
        const file = fileOf(length);
        expect(hashInPieces(file, () => pieceBytes)).toEqual(expectationOf(file));
      }
    });
  }

  test("pieces of any size make the hash of the whole", () => {
    const prng = new Prng(9, 9);
    const file = fileOf(2000);
    for (let round = 0; round < 50; round += 1) {
      expect(hashInPieces(file, () => prng.nextBelow(20))).toEqual(expectationOf(file));
    }
  });

  test("every flipped bit changes both halves", () => {
    const file = fileOf(131);
    const { hashHigh, hashLow } = expectationOf(file);
    for (let bit = 0; bit < file.length * 8; bit += 1) {
      const flipped = file.slice();
      flipped[bit >>> 3] ^= 1 << (bit & 7);
      const changed = expectationOf(flipped);
      expect(changed.hashHigh).not.toBe(hashHigh);
      expect(changed.hashLow).not.toBe(hashLow);
    }
  });

  test("exchanged blocks, a lost block and zeros at the end are noticed", () => {
    const file = fileOf(2048);
    const swapped = Uint8Array.from([...file.subarray(512, 1024), ...file.subarray(0, 512)]);
    const seen = new Set(
      [
        file.subarray(0, 1024),
        swapped,
        file.subarray(512, 1024),
        new Uint8Array(0),
        new Uint8Array(1),
        new Uint8Array(4),
        new Uint8Array(5),
      ].map((bytes) => {
        const { hashHigh, hashLow } = expectationOf(bytes);
        return `${hashHigh} ${hashLow}`;
      }),
    );
    expect(seen.size).toBe(7);
  });

  test("100,000 small files have 100,000 hashes, and half of the bits are set", () => {
    const hashes = new FileHashes(1);
    const bytes = new Uint8Array(6);
    const high = new Set<number>();
    const both = new Set<number>();
    let bits = 0;
    for (let number = 0; number < 100_000; number += 1) {
      bytes[3] = number >>> 16;
      bytes[4] = number >>> 8;
      bytes[5] = number;
      hashes.reset(0);
      hashes.update(0, bytes);
      high.add(hashes.high(0));
      // 52 of the 64 bits, which a number can hold.
      both.add((hashes.high(0) & 0xf_ffff) * 2 ** 32 + hashes.low(0));
      for (let word = hashes.high(0); word !== 0; word &= word - 1) bits += 1;
    }
    expect(both.size).toBe(100_000);
    // By chance alone, one or two of 100,000 numbers of 32 bits are equal.
    expect(high.size).toBeGreaterThan(99_985);
    expect(Math.abs(bits / 100_000 - 16)).toBeLessThan(0.1);
  });
});
