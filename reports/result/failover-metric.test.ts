import { describe, expect, test } from "vitest";
import { parseThreshold } from "../../scenarios/language/threshold.ts";
import { failoverResultOf } from "../failover/analyse.ts";
import { kill, killRun, runOf, secondsOf, steadily } from "../failover/made-up-run.testing.ts";
import { sampleResult } from "./sample-result.testing.ts";
import { evaluateThresholds } from "./thresholds.ts";

const failover = failoverResultOf(
  killRun([
    ["waited", 1, 9990, 14_000],
    ["waited", 2, 10_100, 12_100],
    ["waited", 3, 29_995, 30_395],
  ]),
)!;
const lost = failoverResultOf(
  runOf(20_000, steadily(1, 0, 10_001), [...secondsOf(0, 10), ...secondsOf(10, 20, 0)], {
    events: [kill],
  }),
)!;

const actualOf = (metric: string, of = failover): number | null =>
  evaluateThresholds([parseThreshold(`${metric} < 1`)!], { ...sampleResult(), failover: of })[0]
    .actual;

describe("thresholds on what an event did", () => {
  const cases: readonly (readonly [string, number | null])[] = [
    ["failover.rtoMs.max", 640],
    ["failover.rtoMs.p50", 190],
    ["failover.fail-back.rtoMs.max", 190],
    ["failover.devicesAffected", 3],
    ["failover.kill.devicesAffected", 2],
    ["failover.kill.steadyAfterMs.max", 3997],
    ["failover.detectedAfterMs.max", null],
    ["failover.reboot.rtoMs.max", null],
  ];
  test.each(cases)("%s", (metric, expected) => {
    expect(actualOf(metric)).toBe(expected);
  });

  test("outages of several events are one distribution", () => {
    expect(actualOf("failover.outageMs.max")! / 4010).toBeCloseTo(1, 2);
    expect(actualOf("failover.fail-back.outageMs.max")! / 400).toBeCloseTo(1, 2);
  });

  test("a service that did not come back fails every bound", () => {
    expect(actualOf("failover.rtoMs.max", lost)).toBeNull();
    expect(actualOf("failover.steadyAfterMs.max", lost)).toBeNull();
    expect(actualOf("failover.devicesAffected", lost)).toBe(0);
  });

  test("so does a run in which nothing happened", () => {
    const [result] = evaluateThresholds(
      [parseThreshold("failover.rtoMs.max < 1000")!],
      sampleResult(),
    );
    expect(result).toMatchObject({ actual: null, holds: false });
  });
});
