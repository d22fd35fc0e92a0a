import { describe, expect, test } from "vitest";
import { readResult } from "./read-result.ts";
import { sampleBootResult } from "./sample-boot-result.testing.ts";
import { sampleResult } from "./sample-result.testing.ts";

const bootResult = sampleBootResult();
const bootText = JSON.stringify(bootResult);

/** The problems of a sample in which the value at the path is replaced. */
function problemsOf(path: readonly (string | number)[], value: unknown): readonly string[] {
  const damaged = JSON.parse(bootText) as object;
  const holder = path
    .slice(0, -1)
    .reduce<object>((at, key) => Reflect.get(at, key) as object, damaged);
  Reflect.set(holder, path.at(-1)!, value);
  const reading = readResult(JSON.stringify(damaged));
  return reading.kind === "failed" ? reading.problems : [];
}

test("what a run writes is read again, unchanged", () => {
  for (const result of [sampleResult(), bootResult]) {
    expect(readResult(JSON.stringify(result))).toEqual({ kind: "read", result });
  }
});

test("fields of a later minor version are kept", () => {
  const result = { ...sampleResult(), later: { x: [1] } };
  expect(readResult(JSON.stringify(result))).toEqual({ kind: "read", result });
});

describe("a text that is no result says why", () => {
  const texts: readonly (readonly [string, RegExp])[] = [
    ["", /^is not JSON: /],
    [JSON.stringify(sampleResult()).slice(0, 5000), /^is not JSON: /],
    ["null", /^is no result of prov run: "schema" is missing$/],
    ["[]", /"schema" is missing$/],
    ['{"schema":7}', /"schema" is missing$/],
    ['{"schema":"k6@1"}', /^is no result of prov run: schema is "k6@1", not provlab\/result@1$/],
    [
      '{"schema":"provlab/result@2"}',
      /^is of a later version, provlab\/result@2: .* newer Provlab$/,
    ],
  ];
  test.each(texts)("%s", (text, expected) => {
    const reading = readResult(text);
    expect(reading).toMatchObject({ kind: "failed", problems: [expect.stringMatching(expected)] });
  });
});

describe("damage is told with its place", () => {
  const histogram = ["phases", 0, "streams", 0, "latencyMs", "histogram"] as const;
  const cases: readonly (readonly [readonly (string | number)[], unknown, RegExp])[] = [
    [["verdict"], "perhaps", /^verdict: invalid option/],
    [["startedAt"], "yesterday", /^startedAt: is no ISO 8601 time$/],
    [
      ["phases", 0, "streams", 0, "completed"],
      -1,
      /^phases\[0\]\.streams\[0\]\.completed: too small/,
    ],
    [["timeSeries", 7, "bound"], "many", /^timeSeries\[7\]\.bound: invalid input/],
    [["timeSeries", 3, "serverCpuPercent"], -1, /^timeSeries\[3\]\.serverCpuPercent: too small/],
    [["phases", 0, "boot", "steps"], {}, /^phases\[0\]\.boot\.steps: invalid input/],
    [histogram, "nonsense", /^phases\[0\]\.streams\[0\]\.latencyMs\.histogram: not a histogram/],
    [
      ["timeToBoundMs", "all", "count"],
      5,
      /^timeToBoundMs\.all\.histogram: holds \d+ values, but count is 5$/,
    ],
  ];
  test.each(cases)("%j = %j", (path, value, expected) => {
    expect(problemsOf(path, value)).toEqual([expect.stringMatching(expected)]);
  });

  test("there is a limit to what is told", () => {
    const timeSeries = Array.from({ length: 100 }, () => ({}));
    expect(problemsOf(["timeSeries"], timeSeries)).toHaveLength(21);
  });
});
