import { expect } from "vitest";
import { DecodeError } from "./decode-error.ts";

/** What the decoder made of the bytes; any error that is not a DecodeError fails the test. */
export function decodeOrReject<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array) {
  try {
    return { kind: "value", value: decode(bytes) } as const;
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeError);
    return { kind: "rejected", error: error as DecodeError } as const;
  }
}

/** Decodes every prefix, the whole included, and counts the values. */
export function decodeEveryTruncation(
  decode: (bytes: Uint8Array) => unknown,
  bytes: Uint8Array,
): number {
  let values = 0;
  for (let end = 0; end <= bytes.length; end += 1) {
    const { kind, ...rest } = decodeOrReject(decode, bytes.subarray(0, end));
    if (kind === "value") values += 1;
    else if ("error" in rest) expect(rest.error.offset).toBeLessThanOrEqual(end);
  }
  return values;
}
