import { describe, expect, test } from "vitest";
import { defaultBootPolicy } from "../boot/boot-policy.ts";
import { type OutagePlan, predictOutage } from "./outage-prediction.ts";

const { ranging, registration, download } = defaultBootPolicy;

/** 62,000 modems on 16 CMTSs, 13,000 MTAs and 5,000 meters, of scenarios/power-restoration.yaml. */
const plan: OutagePlan = {
  modemsOfCmts: Array.from({ length: 16 }, () => 3875),
  mtas: 13_000,
  cpes: 0,
  smartMeters: 5000,
  withinMs: 10_000,
  roundTripMs: 0,
  ranging: { ...ranging, perSecond: 20 },
  registration: { ...registration, perSecond: 30 },
  tftp: {
    sessionsMax: 10_000,
    queueMax: 8192,
    retry: download.retry,
    windowsOf: { modem: 1, mta: 1, meter: 46 },
  },
  timeLimitMs: 900_000,
};
const modemsOnly = { ...plan, mtas: 0, smartMeters: 0 };
const unlimited = { ...ranging, perSecond: Number.POSITIVE_INFINITY };

const minutesTo = (share: 50 | 90 | 99, changes: Partial<OutagePlan>, of = modemsOnly): number =>
  predictOutage({ ...of, ...changes }).onlineMs[share]! / 60_000;

describe("the prediction of a power cut", () => {
  test("agrees with the shipped scenario's own arithmetic", () => {
    // 3,875 modems a CMTS at 20 a second: half after 1.6 min, 90 % after 2.9 min.
    expect(minutesTo(50, {})).toBeCloseTo(3875 / 2 / 20 / 60, 1);
    expect(minutesTo(90, {})).toBeCloseTo((0.9 * 3875) / 20 / 60, 0);
    // The last of them need one more wait of 16 to 48 s, but the last of all are not the 99th percent.
    expect(minutesTo(99, {})).toBeGreaterThan(2.9);
    expect(minutesTo(99, {})).toBeLessThan(3.6);
  });

  test("a CMTS that is never the limit leaves the time in which power comes back", () => {
    expect(minutesTo(99, { ranging: unlimited, registration: unlimited })).toBeCloseTo(9.9 / 60, 2);
  });

  test("the TFTP server's sessions over the time of a transfer are a rate", () => {
    // Two round trips of 500 ms: 100 sessions are 100 transfers a second; 62,000 take 620 s.
    const tftp = { ...plan.tftp, sessionsMax: 100, queueMax: 100_000 };
    const changes = { ranging: unlimited, tftp, roundTripMs: 500 };
    expect(minutesTo(99, changes)).toBeCloseTo((0.99 * 620) / 60, 1);
    const twice = { ...changes, tftp: { ...tftp, sessionsMax: 200 } };
    expect(minutesTo(99, twice) / minutesTo(99, changes)).toBeCloseTo(0.5, 1);
  });

  test("a full queue of the TFTP server costs little while those who wait are many", () => {
    const tftp = { ...plan.tftp, sessionsMax: 100, queueMax: 2000 };
    const changes = { ranging: unlimited, tftp, roundTripMs: 500 };
    const minutes = minutesTo(99, changes);
    expect(minutes).toBeGreaterThanOrEqual((0.99 * 620) / 60);
    expect(minutes).toBeLessThan((1.05 * 620) / 60);
  });

  test("MTAs come after their modems, meters do not wait for them", () => {
    const together = predictOutage(plan).onlineMs;
    const alone = predictOutage(modemsOnly).onlineMs;
    expect(together[50]!).toBeLessThan(alone[50]!);
    expect(Math.abs(together[99]! / alone[99]! - 1)).toBeLessThan(0.05);
    const meters = { ...plan, modemsOfCmts: [], mtas: 0 };
    expect(predictOutage(meters).onlineMs[99]).toBeLessThan(10_100);
  });

  test("faster CMTSs and more sessions are never slower", () => {
    const rates = [5, 10, 20, 40, 80].map((perSecond) =>
      minutesTo(99, { ranging: { ...ranging, perSecond }, timeLimitMs: 3_600_000 }, plan),
    );
    expect(rates.toSorted((a, b) => b - a)).toEqual(rates);
  });

  test("what does not happen in time is told so", () => {
    expect(predictOutage({ ...plan, timeLimitMs: 60_000 }).onlineMs[99]).toBeUndefined();
  });

  test("is worked out, not simulated: it takes no time worth speaking of", () => {
    const startedMs = performance.now();
    predictOutage(plan);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
  });
});
