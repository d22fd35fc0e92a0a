import { expect, test } from "vitest";
import { readJson } from "./json-content.ts";

function messageOf(text: string): string {
  const reading = readJson(new TextEncoder().encode(text), (value) => ({ kind: "ok", value }));
  return reading.kind === "failed" ? reading.message : JSON.stringify(reading.value);
}

const lines = (count: number): string => `{"a": 1},\n`.repeat(count);

test.each([
  ["JSON", `{"a": [1, "é"]}`, /^{"a":\[1,"é"]}$/],
  ["a missing comma", `[\n{"a": 1}\n{"a": 2}]`, /^is not JSON: Expected .*\bline 3\b/],
  [
    "a bare word",
    `[${lines(20)}{"a": x}]`,
    /^is not JSON: Unexpected token 'x', in or after line 2\d$/,
  ],
  [
    "a bare word at the start",
    "not JSON",
    /^is not JSON: Unexpected token '?.'?, in or after line 1$/,
  ],
  ["half a file", `[${lines(20)}`, /^is not JSON: Unexpected end of JSON input$/],
  ["nothing", "", /^is not JSON: Unexpected end of JSON input$/],
  ["half a string", `["abc`, /^is not JSON: Unterminated string/],
])("%s", (_name, text, message) => {
  expect(messageOf(text)).toMatch(message);
});

test("a secret that is taken for JSON is not shown", () => {
  for (const secret of ["hunter2", `"hunter2`, "hunter2 ".repeat(10), "{hunter2}", "[hunter2"]) {
    expect(messageOf(secret)).not.toMatch(/hun?t?e?r?2/);
  }
});
