import { expect, test } from "vitest";
import { runSlices } from "../campaign/sliced-run.ts";
import { expressionCampaign, expressionFile } from "./expression-campaign.ts";

const seed = 20_261_124;

test(`8,000 statements with expressions are read or refused, and evaluated (seed ${seed})`, async () => {
  const campaign = expressionCampaign(seed);
  const { signal } = new AbortController();
  const report = await runSlices(campaign, 3000, { signal, onProgress: () => undefined });
  const { accepted, files } = campaign.tally;
  expect(report.failure).toBeUndefined();
  expect(report.count).toBeGreaterThanOrEqual(3000);
  // Both sides must be exercised: a fuzzer whose files are all wrong proves nothing.
  expect(accepted).toBeGreaterThan(files / 3);
  expect(accepted).toBeLessThan(files * 0.9);
  expect(report.memory.isFlat).toBe(true);
});

test("a file of a seed can be made again by itself", () => {
  expect(expressionFile(seed, 17)).toEqual(expressionFile(seed, 17));
  expect(expressionFile(seed, 17)).not.toEqual(expressionFile(seed, 18));
});
