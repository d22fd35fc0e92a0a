import { expect, test } from "vitest";
import { parseThreshold } from "../../scenarios/language/threshold.ts";
import { outcomeOf, PhaseRecord } from "../../simulator/measure/recorder.ts";
import type { PhasePlan } from "../../simulator/plan/run-plan.ts";
import type { PhaseSoFar } from "../../simulator/run/phase-watch.ts";
import { abortJudge } from "./abort-judge.ts";

const phase: PhasePlan = {
  name: "peak",
  streams: [{ kind: "rate", exchange: "renew", ratePerSecond: 100 }],
  until: { durationMs: 60_000 },
  timeLimitMs: 0,
  drainMs: 0,
  powerCycle: false,
};

function after(durationMs: number, latencyMs?: number): PhaseSoFar {
  const record = new PhaseRecord(1);
  if (latencyMs !== undefined) record.streams[0].latency.recordMs(latencyMs);
  const streams = [outcomeOf(phase, phase.streams[0], record.streams[0], durationMs)];
  return { name: "peak", durationMs, streams, boot: record.boot };
}

const threshold = parseThreshold("peak.renew.latencyMs.max < 10")!;

test("a threshold ends the run once it fails after its grace time, and says what was measured", () => {
  const judge = abortJudge([{ ...threshold, graceMs: 5000 }]);
  expect(judge(after(4000, 50))).toBeUndefined();
  expect(judge(after(5000, 5))).toBeUndefined();
  expect(judge(after(5000))).toBeUndefined();
  expect(judge(after(5000, 50))).toMatch(
    /^peak.renew.latencyMs.max < 10, but it was 50.* after 5 s$/,
  );
  expect(judge({ ...after(5000, 50), name: "other" })).toBeUndefined();
});

test("a threshold that does not say so ends nothing", () => {
  expect(abortJudge([threshold])(after(50_000, 50))).toBeUndefined();
});
