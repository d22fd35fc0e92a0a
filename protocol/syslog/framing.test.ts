import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { frameCounted } from "./framing.testing.ts";
import { SyslogFramer } from "./framing.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

interface Cut {
  readonly frames: readonly string[];
  /** What came out only when the connection ended. */
  readonly tail: readonly string[];
  readonly truncated: number;
}

/** Cuts a stream that arrives in pieces of `pieceBytes`. */
function cut(stream: Uint8Array, pieceBytes = stream.length, frameBytesMax?: number): Cut {
  const framer = new SyslogFramer(frameBytesMax);
  const frames: string[] = [];
  const tail: string[] = [];
  for (let at = 0; at < stream.length; at += pieceBytes) {
    framer.push(stream.subarray(at, at + pieceBytes), (frame) => frames.push(textOf(frame)));
  }
  framer.end((frame) => tail.push(textOf(frame)));
  return { frames, tail, truncated: framer.truncated };
}

const cases: readonly (readonly [string, string, readonly string[], readonly string[]])[] = [
  ["nothing", "", [], []],
  ["one line", "<13>a\n", ["<13>a"], []],
  ["two lines", "<13>a\n<14>b\n", ["<13>a", "<14>b"], []],
  ["empty lines are left out", "\n\n<13>a\n\n", ["<13>a"], []],
  ["a line without its end", "<13>a\n<14>b", ["<13>a"], ["<14>b"]],
  ["CR LF: the CR is the parser's to drop", "<13>a\r\n", ["<13>a\r"], []],
  ["one counted message", "5 <13>a", ["<13>a"], []],
  ["two counted messages", "5 <13>a6 <13>bc", ["<13>a", "<13>bc"], []],
  ["a line end inside a counted message", "7 <13>a\nb5 <14>c", ["<13>a\nb", "<14>c"], []],
  ["both ways in one connection", "5 <13>a<14>b\n5 <15>c", ["<13>a", "<14>b", "<15>c"], []],
  ["a counted message with a line end behind it", "5 <13>a\n5 <13>b", ["<13>a", "<13>b"], []],
  ["a counted message that breaks off", "9 <13>a", [], ["<13>a"]],
  ["a count that breaks off", "12", [], ["12"]],
  ["a count of 0 is a line", "0 <13>a\n", ["0 <13>a"], []],
  ["a count with a leading zero is a line", "05 <13>a\n", ["05 <13>a"], []],
  ["a number without a blank is a line", "2026-10-11 up\n", ["2026-10-11 up"], []],
  ["a number and a line end", "42\n5 <13>a", ["42", "<13>a"], []],
  ["a number of 8 digits is a line", "12345678 x\n5 <13>a", ["12345678 x", "<13>a"], []],
  ["a negative count is a line", "-5 <13>a\n", ["-5 <13>a"], []],
];

test.each(cases)("%s", (_name, stream, frames, tail) => {
  expect(cut(bytesOf(stream))).toEqual({ frames, tail, truncated: 0 });
});

test.each(cases)("%s, byte by byte", (_name, stream, frames, tail) => {
  expect(cut(bytesOf(stream), 1)).toEqual({ frames, tail, truncated: 0 });
});

describe("the limit", () => {
  const long = "x".repeat(50);

  test.each([
    ["a counted message", `50 ${long}5 <13>a`],
    ["a line", `${long}\n<13>a\n`],
  ])("%s that is longer is cut off and counted, and the next one is whole", (_name, stream) => {
    for (const pieceBytes of [1, 7, 1000]) {
      expect(cut(bytesOf(stream), pieceBytes, 16)).toEqual({
        frames: [long.slice(0, 16), "<13>a"],
        tail: [],
        truncated: 1,
      });
    }
  });

  test.each([
    ["a counted message", `16 ${long.slice(0, 16)}`],
    ["a line", `${long.slice(0, 16)}\n`],
  ])("%s of exactly the limit is whole", (_name, stream) => {
    expect(cut(bytesOf(stream), 3, 16)).toEqual({
      frames: [long.slice(0, 16)],
      tail: [],
      truncated: 0,
    });
  });

  test("a line that never ends is one frame of the limit, however much arrives", () => {
    const framer = new SyslogFramer(64);
    const chunk = new Uint8Array(65_536).fill(0x78);
    const lengths: number[] = [];
    for (let i = 0; i < 64; i += 1) framer.push(chunk, (frame) => lengths.push(frame.length));
    expect(lengths).toEqual([]);
    framer.end((frame) => lengths.push(frame.length));
    expect([lengths, framer.truncated]).toEqual([[64], 1]);
  });

  test("the largest count skips its octets and stores none beyond the limit", () => {
    const framer = new SyslogFramer(64);
    const frames: number[] = [];
    framer.push(bytesOf("9999999 "), (frame) => frames.push(frame.length));
    const chunk = new Uint8Array(999_999).fill(0x0a);
    for (let i = 0; i < 10; i += 1) framer.push(chunk, (frame) => frames.push(frame.length));
    expect(frames).toEqual([]);
    framer.push(bytesOf("1234567895 <13>a"), (frame) => frames.push(frame.length));
    expect([frames, framer.truncated]).toEqual([[64, 5], 1]);
  });

  test("a digit too many does not run over the smallest frame", () => {
    expect(cut(bytesOf("123456789\n5 <13>a"), 1, 1)).toEqual({
      frames: ["12345678", "<13>a"],
      tail: [],
      truncated: 1,
    });
  });
});

test("a framer begins anew after its end", () => {
  const framer = new SyslogFramer();
  const frames: string[] = [];
  const keep = (frame: Uint8Array) => frames.push(textOf(frame));
  framer.push(bytesOf("100 <13>a"), keep);
  framer.end(keep);
  framer.push(bytesOf("<14>b\n"), keep);
  expect(frames).toEqual(["<13>a", "<14>b"]);
});

describe("any stream", () => {
  const message = fc.string({ minLength: 1, maxLength: 40 }).map((text) => `<13>${text}`);
  const pieceBytes = fc.integer({ min: 1, max: 50 });

  test("counted messages come back, wherever the stream is split", () => {
    fc.assert(
      fc.property(fc.array(message), pieceBytes, (messages, size) => {
        const framed = messages.flatMap((text) => [...frameCounted(bytesOf(text))]);
        expect(cut(Uint8Array.from(framed), size)).toEqual({
          frames: messages,
          tail: [],
          truncated: 0,
        });
      }),
      { seed: 6587 },
    );
  });

  test("frames do not depend on where the stream is split", () => {
    const stream = fc
      .array(fc.constantFrom(..."0123456789 <>a\n"), { maxLength: 120 })
      .map((characters) => bytesOf(characters.join("")));
    fc.assert(
      fc.property(stream, pieceBytes, (bytes, size) => {
        const frames = cut(bytes, size, 12);
        expect(frames).toEqual(cut(bytes, bytes.length, 12));
        for (const frame of [...frames.frames, ...frames.tail]) {
          expect(frame.length).toBeGreaterThan(0);
          expect(frame.length).toBeLessThanOrEqual(12);
        }
      }),
      { seed: 514, numRuns: 300 },
    );
  });
});
