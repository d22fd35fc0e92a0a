import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeNetascii, NetasciiDecoder, netasciiLength } from "./netascii.testing.ts";
import { NetasciiEncoder } from "./netascii.ts";

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** Bytes in which line ends are common. */
const lines = fc
  .array(fc.constantFrom(0x0a, 0x0d, 0x00, 0x41, 0xff), { maxLength: 60 })
  .map((list) => Uint8Array.from(list));

function decodeAll(pieces: readonly Uint8Array[]): Uint8Array {
  const decoder = new NetasciiDecoder();
  const decoded = pieces.map((piece) => decoder.decode(piece));
  return Uint8Array.from([...decoded, decoder.end()].flatMap((piece) => [...piece]));
}

/** Cuts as a block size does. */
function piecesOf(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return pieces;
}

describe("encoding", () => {
  test.each([
    ["", ""],
    ["a\nb", "a\r\nb"],
    ["a\r\nb", "a\r\0\r\nb"],
    ["\r", "\r\0"],
    ["\n\n", "\r\n\r\n"],
    ["\0\xff", "\0\xff"],
  ])("%j becomes %j", (text, expected) => {
    expect(textOf(encodeNetascii(bytesOf(text)))).toBe(expected);
    expect(netasciiLength(bytesOf(text))).toBe(expected.length);
    expect(textOf(decodeAll([bytesOf(expected)]))).toBe(text);
  });

  test("a pair lies across two blocks", () => {
    const encoder = new NetasciiEncoder();
    const block = new Uint8Array(2);
    expect(encoder.encodeInto(bytesOf("a\nb"), block)).toEqual({ read: 2, written: 2 });
    expect([textOf(block), encoder.pending]).toEqual(["a\r", true]);
    expect(encoder.encodeInto(bytesOf("b"), block)).toEqual({ read: 1, written: 2 });
    expect([textOf(block), encoder.pending]).toEqual(["\nb", false]);
  });

  test("the second byte of a pair comes out without any more source", () => {
    const encoder = new NetasciiEncoder();
    expect(encoder.encodeInto(bytesOf("\n"), new Uint8Array(1))).toEqual({ read: 1, written: 1 });
    const last = new Uint8Array(4);
    expect(encoder.encodeInto(new Uint8Array(0), last)).toEqual({ read: 0, written: 1 });
    expect(last[0]).toBe(0x0a);
  });

  test("blocks of any size from pieces of any size are the whole text", () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }), check),
      { seed: 764 },
    );

    function check(bytes: Uint8Array, pieceBytes: number, blockBytes: number): void {
      const encoder = new NetasciiEncoder();
      const out: number[] = [];
      const block = new Uint8Array(blockBytes);
      for (const piece of piecesOf(bytes, pieceBytes)) {
        let read = 0;
        while (read < piece.length) {
          const step = encoder.encodeInto(piece.subarray(read), block);
          out.push(...block.subarray(0, step.written));
          read += step.read;
        }
      }
      while (encoder.pending) {
        const { written } = encoder.encodeInto(new Uint8Array(0), block);
        out.push(...block.subarray(0, written));
      }
      expect(Uint8Array.from(out)).toEqual(encodeNetascii(bytes));
    }
  });
});

describe("decoding", () => {
  test.each([
    ["a CR before another character", "a\rb", "a\rb"],
    ["a CR at the end", "a\r", "a\r"],
    ["two CRs", "\r\r\n", "\r\n"],
    ["a bare LF", "a\nb", "a\nb"],
    ["a NUL without a CR", "\0", "\0"],
  ])("%s loses nothing", (_name, given, expected) => {
    expect(textOf(decodeAll([bytesOf(given)]))).toBe(expected);
  });

  test("round trip, whatever the block size", () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 9 }), (bytes, blockBytes) => {
        expect(decodeAll(piecesOf(encodeNetascii(bytes), blockBytes))).toEqual(bytes);
      }),
      { seed: 1350 },
    );
  });

  test("any bytes decode the same whatever the block size", () => {
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 9 }), (bytes, blockBytes) => {
        expect(decodeAll(piecesOf(bytes, blockBytes))).toEqual(decodeAll([bytes]));
      }),
      { seed: 1123 },
    );
  });

  test("a decoder begins anew after its end", () => {
    const decoder = new NetasciiDecoder();
    decoder.decode(bytesOf("\r"));
    decoder.end();
    expect(textOf(decoder.decode(bytesOf("\n")))).toBe("\n");
  });
});
