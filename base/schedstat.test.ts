import { expect, test } from "vitest";
import { parseSchedstat } from "./schedstat.ts";

test.each([
  ["866851000 2000000 1\n", { cpuMs: 866.851, starvedMs: 2 }],
  ["", undefined],
  ["1 2", undefined],
  ["-1 2 3", undefined],
  ["a b c", undefined],
])("reads schedstat %j", (text, expected) => {
  expect(parseSchedstat(text)).toEqual(expected);
});
