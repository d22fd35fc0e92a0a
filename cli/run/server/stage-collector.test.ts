import { expect, test } from "vitest";
import type { StagesReport } from "../../../server/dhcp/loop/answer-stages.ts";
import { StageCollector } from "./stage-collector.ts";

test("each phase has what was measured from its start to the next one's", async () => {
  let asked = 0;
  const reportOf = (number: number) => ({ bands: [], number }) as unknown as StagesReport;
  const collector = new StageCollector({
    takeStages: async () => {
      asked += 1;
      // The server did not answer in time when the third phase began.
      return asked === 3 ? undefined : reportOf(asked);
    },
  });
  for (let phase = 0; phase < 3; phase += 1) collector.phaseStarts(700);
  expect(await collector.finish()).toEqual([
    { report: reportOf(2), runStartMs: 700 },
    undefined,
    { report: reportOf(4), runStartMs: 700 },
  ]);
});

test("a run without a phase has none", async () => {
  const collector = new StageCollector({ takeStages: async () => undefined });
  expect(await collector.finish()).toEqual([]);
});
