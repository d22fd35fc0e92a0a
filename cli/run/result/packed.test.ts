import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PackedError, pack, unpack } from "./packed.ts";

const BYTES_MAX = 1 << 20;

const value = {
  name: "a",
  missing: undefined,
  list: [1, null, { deep: true }],
  bytes: Uint8Array.of(1, 2, 255),
  signed: Int32Array.of(-1, 7),
  counts: Uint32Array.of(0xffff_ffff),
  times: Float64Array.of(0.1, Number.NaN, Number.POSITIVE_INFINITY),
  none: new Uint8Array(0),
};

test("plain data and typed arrays come back as they were", () => {
  const { missing: _, ...kept } = value;
  expect(unpack(pack(value, BYTES_MAX), BYTES_MAX)).toEqual(kept);
});

test("more than the limit is neither packed nor unpacked", () => {
  const zeros = { zeros: new Uint8Array(BYTES_MAX) };
  expect(() => pack(zeros, BYTES_MAX)).toThrow(/bytes are too many \(limit 1048576\)/);
  const packed = pack(zeros, 2 * BYTES_MAX);
  expect(packed.length).toBeLessThan(20_000);
  expect(() => unpack(packed, BYTES_MAX)).toThrow(PackedError);
});

/** Bytes that `unpack` reads as this text and these columns. */
function crafted(text: string, columns = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(Buffer.byteLength(text));
  return gzipSync(Buffer.concat([head, Buffer.from(text), columns]));
}

describe("what nobody packed is refused", () => {
  const whole = gunzipSync(pack(value, BYTES_MAX));
  test.each<[string, Uint8Array]>([
    ["nothing", new Uint8Array(0)],
    ["no gzip", Buffer.from("hello, world")],
    ["an end too early", gzipSync(whole.subarray(0, -1))],
    ["a byte too many", gzipSync(Buffer.concat([whole, Buffer.alloc(1)]))],
    ["a text longer than the bytes", gzipSync(Buffer.from([255, 255, 255, 255, 1]))],
    ["no JSON", crafted("{")],
    ["nesting without an end", crafted("[".repeat(200_000))],
    ["an unknown kind of column", crafted('{"$column":"Function","length":0}')],
    ["a kind of Object's own", crafted('{"$column":"constructor","length":0}')],
    ["half an element", crafted('{"$column":"Uint8Array","length":0.5}', Buffer.alloc(1))],
    ["fewer than none", crafted('{"$column":"Uint8Array","length":-1}', Buffer.alloc(1))],
    ["no number", crafted('{"$column":"Uint8Array","length":"x"}')],
    [
      "the same bytes twice",
      crafted(
        '[{"$column":"Uint8Array","length":4},{"$column":"Uint8Array","length":4}]',
        Buffer.alloc(4),
      ),
    ],
  ])("%s", (_, bytes) => {
    expect(() => unpack(bytes, BYTES_MAX)).toThrow(PackedError);
  });

  test("or read, whatever was done to its octets", () => {
    const noise = fc.uint8Array({ maxLength: 12 });
    fc.assert(
      fc.property(fc.nat(whole.length), fc.nat(16), noise, (at, cut, octets) => {
        const changed = Buffer.concat([whole.subarray(0, at), octets, whole.subarray(at + cut)]);
        try {
          unpack(gzipSync(changed), BYTES_MAX);
        } catch (error) {
          expect(error).toBeInstanceOf(PackedError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("a name that changes a prototype stays a name", () => {
    const read = unpack(crafted('{"__proto__":{"polluted":1}}'), BYTES_MAX) as object;
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  });
});
