import { expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { encodeNetascii } from "../../protocol/tftp/netascii.testing.ts";
import { BytesContent, NetasciiContent, READ_FAILED } from "./transfer-content.ts";

/** Half of it line ends, so that pairs are cut by every block size. */
function text(length: number, seed: number): Uint8Array {
  const random = new Prng(seed, 0);
  return Uint8Array.from({ length }, () => [10, 13, 65, 66][random.nextBelow(4)]!);
}

test("bytes are copied up to their end", () => {
  const content = new BytesContent(Uint8Array.of(1, 2, 3, 4, 5));
  const target = new Uint8Array(6);
  expect([content.copy(2, target, 1, 2), content.copy(4, target, 4, 9)]).toEqual([2, 1]);
  expect([...target]).toEqual([0, 3, 4, 0, 5, 0]);
  expect([content.copy(5, target, 0, 1), content.copy(600, target, 0, 1)]).toEqual([0, 0]);
});

test.each([
  { length: 0, blockBytes: 8 },
  { length: 1, blockBytes: 8 },
  { length: 5000, blockBytes: 8 },
  { length: 5001, blockBytes: 511 },
  { length: 30_000, blockBytes: 9000 },
])("netascii: $length bytes in blocks of $blockBytes, with blocks asked for again", (one) => {
  const { length, blockBytes } = one;
  const source = text(length, length + 1);
  const expected = encodeNetascii(source);
  const kept = 4;
  const content = new NetasciiContent(new BytesContent(source), blockBytes, kept);
  const random = new Prng(length, 1);
  const target = new Uint8Array(blockBytes + 2);
  const blocks = Math.floor(expected.length / blockBytes) + 1;
  for (let block = 0, last = -1; block < blocks; ) {
    const copied = content.copy(block * blockBytes, target, 1, blockBytes);
    const wanted = expected.subarray(block * blockBytes, (block + 1) * blockBytes);
    expect(Buffer.compare(target.subarray(1, 1 + copied), wanted)).toBe(0);
    last = Math.max(last, block);
    const goBack = random.nextBelow(4) === 0;
    block = goBack ? Math.max(0, last - random.nextBelow(kept)) : block + 1;
  }
});

test("a source that fails is a failure of the netascii too", () => {
  const failing = { size: 9, copy: () => READ_FAILED, close: () => undefined };
  expect(new NetasciiContent(failing, 8, 1).copy(0, new Uint8Array(8), 0, 8)).toBe(READ_FAILED);
});
