import { describe, expect, test } from "vitest";
import { type TrialResult, trialDefaults } from "../../simulator/capacity/trial.ts";
import { findCapacity } from "./capacity-run.ts";

/** A server that keeps rates up to `limit`, and trials that take `trialMs` on a clock of their own. */
async function searched(limit: number, trialMs: number, timeLimitMs: number) {
  let nowMs = 0;
  const play = async (ratePerSecond: number): Promise<TrialResult> => {
    nowMs += trialMs;
    const isKept = ratePerSecond <= limit;
    return {
      ...{ exchange: "discover", ratePerSecond, offered: 1000, answered: isKept ? 1000 : 500 },
      ...{ unansweredShare: isKept ? 0 : 0.5, latencyMsP50: 1, latencyMsP99: 2, latencyMsP999: 3 },
      ...{
        latencyMsMax: 4,
        slipMsP99: 0,
        generatorCpuPercent: 10,
        generatorStarvedPercent: 0,
        problems: [],
      },
      verdict: isKept ? "kept" : "missed",
    };
  };
  const fill = async (fillMs: number): Promise<number> => {
    nowMs += Math.min(fillMs, 10_000);
    return 80_000;
  };
  const findings = await findCapacity({
    ...{ settings: trialDefaults, repeats: 3, precision: 1.03, firstRate: 1000, rateMax: 200_000 },
    ...{ timeLimitMs, signal: new AbortController().signal, nowMs: () => nowMs },
    open: async () => {
      return {
        isFresh: true,
        player: () => ({ play, fill, violations: 0 }),
        close: async () => {},
      };
    },
    onFilled: () => {},
    onTrial: () => {},
  });
  return { findings, tookMs: nowMs };
}

describe("the time limit", () => {
  test("holds for the searches and the latency together", async () => {
    const { findings, tookMs } = await searched(40_000, 5000, 60_000);
    expect(tookMs).toBeLessThanOrEqual(60_000);
    expect(findings.repeats.map(({ end }) => end)).toEqual(["time-limit"]);
    expect(findings.maximumPerSecond).toBeGreaterThan(1000);
    expect(findings.latency.map(({ sharePercent }) => sharePercent)).toEqual([50, 80, 100]);
  });

  test("of less than a trial leaves the one that shows whether the server answers", async () => {
    const { findings, tookMs } = await searched(40_000, 5000, 1000);
    expect(tookMs).toBe(5000);
    expect(findings).toMatchObject({ maximumPerSecond: null, latency: [] });
  });

  test("that is long enough changes nothing", async () => {
    const { findings } = await searched(40_000, 5000, 3_600_000);
    expect(findings.repeats.map(({ end }) => end)).toEqual(["found", "found", "found"]);
    expect(findings.verdict).toBe("found");
  });
});
