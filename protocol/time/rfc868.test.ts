import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOfHex } from "../dhcp/samples.testing.ts";
import { EncodeError } from "../encode-error.ts";
import { decodeEveryTruncation, decodeOrReject } from "../truncations.testing.ts";
import { decodeTime, encodeTime } from "./rfc868.ts";

function encoded(unixSeconds: number): Uint8Array {
  const target = new Uint8Array(6);
  expect(encodeTime(unixSeconds, target, 1)).toBe(5);
  return target.subarray(1, 5);
}

describe("RFC 868", () => {
  // The first four moments are the RFC's own examples; the others are where 32 bits turn.
  test.each([
    ["1970-01-01T00:00:00Z", 2_208_988_800],
    ["1976-01-01T00:00:00Z", 2_398_291_200],
    ["1980-01-01T00:00:00Z", 2_524_521_600],
    ["1983-05-01T00:00:00Z", 2_629_584_000],
    ["1968-01-20T03:14:08Z", 0x8000_0000],
    ["2036-02-07T06:28:15Z", 0xffff_ffff],
    ["2036-02-07T06:28:16Z", 0],
    ["2104-02-26T09:42:23Z", 0x7fff_ffff],
  ])("TIME-5: %s is %i", (moment, seconds) => {
    const unixSeconds = Date.parse(moment) / 1000;
    const bytes = bytesOfHex(seconds.toString(16).padStart(8, "0"));
    expect(encoded(unixSeconds)).toEqual(bytes);
    expect(decodeTime(bytes)).toBe(unixSeconds);
  });

  test("a fraction of a second is cut off, before 1970 as well", () => {
    expect(decodeTime(encoded(1.9))).toBe(1);
    expect(decodeTime(encoded(-0.1))).toBe(-1);
  });

  test("round trip", () => {
    const seconds = fc.integer({ min: 0x8000_0000 - 2_208_988_800, max: 4_233_462_143 });
    fc.assert(
      fc.property(seconds, (unixSeconds) => {
        expect(decodeTime(encoded(unixSeconds))).toBe(unixSeconds);
      }),
      { seed: 868 },
    );
  });

  test("only four bytes are a time", () => {
    expect(decodeEveryTruncation(decodeTime, bytesOfHex("83aa7e80"))).toBe(1);
    expect(decodeOrReject(decodeTime, bytesOfHex("83aa7e80 00"))).toMatchObject({
      error: { code: "too-long", offset: 4 },
    });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("%d cannot be written", (time) => {
    expect(() => encodeTime(time, new Uint8Array(4), 0)).toThrow(EncodeError);
  });

  test("no room is an EncodeError", () => {
    expect(() => encodeTime(0, new Uint8Array(4), 1)).toThrow(EncodeError);
  });
});
