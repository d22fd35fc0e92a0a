import { expect, test } from "vitest";
import { sampleResult } from "../../reports/result/sample-result.testing.ts";
import { drillTable, oneLine, troubleList } from "./drill-table.ts";
import { isClean, latest, remaining, talliesOf } from "./drill-tally.ts";
import { type DrillEvent, type DrillTrial, trialOf, trialWithoutResult } from "./drill-trial.ts";

const event = (changes: Partial<DrillEvent> = {}): DrillEvent => ({
  ...{ name: "kill", text: "kill -9 of node a", rtoMs: 400 },
  ...{ detectedAfterMs: 300, activeAfterMs: 350, devicesAffected: 10, devicesUnserved: 0 },
  ...{ outageMsP99: 5000, steadyAfterMs: 6000 },
  ...changes,
});

const trial = (changes: Partial<DrillTrial> = {}): DrillTrial => ({
  ...{
    drill: "kill",
    seed: 1,
    devices: 2000,
    loadPercent: 11,
    atOnce: 1,
    verdict: "pass",
    reasons: [],
  },
  ...{ lost: 0, duplicate: 0, changed: 0, unled: 0, events: [event()], commit: "abc" },
  ...changes,
});

test("what is left: each drill with the first seed first, and invalid runs again", () => {
  const done = [trial(), trial({ drill: "pause", verdict: "invalid" }), trial({ seed: 2 })];
  const left = remaining(["kill", "pause"], [1, 2], done);
  expect(left.map(({ drill, seed }) => `${drill} ${seed}`)).toEqual(["pause 1", "pause 2"]);
});

test("a run that was played again counts once, and runs of another size not at all", () => {
  const trials = [trial({ verdict: "invalid" }), trial(), trial({ devices: 80_000 })];
  expect(latest(trials, { devices: 2000, loadPercent: 11, atOnce: 1 })).toEqual([trial()]);
});

test("figures are those of runs that prove something; what must not happen counts everywhere", () => {
  const [tally] = talliesOf(
    ["kill", "pause"],
    [
      trial(),
      trial({ seed: 2, verdict: "fail", events: [event({ rtoMs: 900, devicesAffected: 30 })] }),
      trial({ seed: 3, events: [event({ rtoMs: 0 })] }),
      trial({ seed: 4, verdict: "invalid", lost: 2, events: [event({ rtoMs: 5000 })] }),
    ],
  );
  expect(tally).toMatchObject({
    ...{ drill: "kill", runs: 4, lost: 2, verdicts: { pass: 2, fail: 1, invalid: 1 } },
    conditions: [{ times: 3, rtoMsP50: 400, rtoMsMax: 900, devicesAffectedMedian: 10 }],
  });
});

test("a service that did not come back is worse than any time", () => {
  const runs = [trial(), trial({ seed: 2, verdict: "fail", events: [event({ rtoMs: null })] })];
  const tallies = talliesOf(["kill"], runs);
  expect(tallies[0].conditions[0]).toMatchObject({ rtoMsP50: null, rtoMsMax: null });
  expect(drillTable(tallies)).toContain("| not back | not back |");
});

test.each(["lost", "duplicate", "changed", "unled"] as const)("%s: not clean", (what) => {
  expect(isClean(talliesOf(["kill"], [trial()]))).toBe(true);
  expect(isClean(talliesOf(["kill"], [trial({ verdict: "invalid", [what]: 1 })]))).toBe(false);
});

test("the table has a row a condition, and a drill's own figures once", () => {
  const failback = event({ name: "failback", text: "fail-back", rtoMs: 0, devicesAffected: 0 });
  const table = drillTable(talliesOf(["kill"], [trial({ events: [event(), failback] })]));
  expect(table.split("\n").slice(2, 4)).toEqual([
    "| kill | kill: kill -9 of node a | 1 | 0.40 s | 0.40 s | 10 | 5.00 s | 0 | 0 | 0 | 0 | 1 pass |",
    "|  | failback: fail-back | 1 | none | none | 0 | 5.00 s |  |  |  |  |  |",
  ]);
});

test("a run without a result is invalid, and says why", () => {
  const run = { drill: "kill", seed: 7, devices: 2000, loadPercent: 11, atOnce: 1 };
  const none = trialWithoutResult(run, "It ended with 1 and no result: no etcd");
  expect(drillTable(talliesOf(["kill"], [none]))).toContain("1 invalid |");
  expect(troubleList([trial(), none])).toBe(
    "- kill, seed 7: invalid. It ended with 1 and no result: no etcd\n",
  );
  expect(oneLine(["mount:\n  no", "two"])).toBe("mount: no; two");
});

test("takes its figures from a result", () => {
  const { safety } = sampleResult();
  const result = sampleResult({
    verdict: "fail",
    reasons: ["It did."],
    safety: {
      ...{ ...safety, acknowledgedLeasesLost: 1, doubleAllocations: 2 },
      ...{ addressesChangedOnRenewal: 3, addressesChangedAfterFailover: 4 },
      acknowledgedWithoutLeadership: 5,
    },
  });
  const run = { drill: "kill", seed: 3, devices: 2000, loadPercent: 11, atOnce: 1 };
  expect(trialOf(run, result)).toMatchObject({
    ...{ ...run, verdict: "fail", lost: 1, duplicate: 2, changed: 7, unled: 5, events: [] },
  });
});
