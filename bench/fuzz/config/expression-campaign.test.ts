import { expect, test } from "vitest";
import { expressionFile, fuzzExpressions } from "./expression-campaign.ts";

const seed = 20_261_124;

test(`8,000 statements with expressions are read or refused, and evaluated (seed ${seed})`, async () => {
  const report = await fuzzExpressions({
    seed,
    expressions: 3000,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
  expect(report.failure).toBeUndefined();
  expect(report.expressions).toBeGreaterThanOrEqual(3000);
  // Both sides must be exercised: a fuzzer whose files are all wrong proves nothing.
  expect(report.accepted).toBeGreaterThan(report.files / 3);
  expect(report.accepted).toBeLessThan(report.files * 0.9);
  expect(report.memory.isFlat).toBe(true);
});

test("a file of a seed can be made again by itself", () => {
  expect(expressionFile(seed, 17)).toEqual(expressionFile(seed, 17));
  expect(expressionFile(seed, 17)).not.toEqual(expressionFile(seed, 18));
});
