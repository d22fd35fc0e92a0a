import { expect, test } from "vitest";
import { DecodeError, decodeErrorCodes } from "./decode-error.ts";

test("codes are distinct", () => {
  expect(new Set(decodeErrorCodes).size).toBe(decodeErrorCodes.length);
});

test("an error says what and where, without a stack, and leaves the stack limit alone", () => {
  const limit = Error.stackTraceLimit;
  const error = new DecodeError("truncated", 12);
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({ code: "truncated", offset: 12, message: "truncated at byte 12" });
  expect(error.stack).not.toContain("decode-error");
  expect(Error.stackTraceLimit).toBe(limit);
});
