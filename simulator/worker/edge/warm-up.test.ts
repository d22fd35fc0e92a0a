import { expect, test } from "vitest";
import { describeUnless } from "../../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../../base/net/kernel/libc.ts";
import { doraPlan, trialDefaults } from "../../capacity/trial.ts";
import type { RunPlan } from "../../plan/run-plan.ts";
import { warmUp } from "./warm-up.ts";

const devices = { cableModems: 80_000, mtas: 40_000, cpes: 0, smartMeters: 3, cmtsCount: 40 };
const server = { address: 0x7f00_0001, port: 67 };

function planFor(population: RunPlan["population"], changes: Partial<RunPlan> = {}): RunPlan {
  const target = { population, server, ports: { relay: 67, client: 68 }, seed: 1 };
  return { ...doraPlan(target, trialDefaults, 100), ...changes };
}

describeUnless(libcMissingReason(), "the warm-up of a worker", () => {
  test.each<readonly [string, RunPlan]>([
    ["many devices", planFor(devices)],
    ["one device", planFor({ ...devices, cableModems: 1, mtas: 0, smartMeters: 0, cmtsCount: 1 })],
    ["two servers", planFor(devices, { servers: [server, { ...server, address: 0x7f00_0002 }] })],
    ["a plan with a history and outages", planFor(devices, { history: true, outages: true })],
  ])("%s: they get answers", (_, plan) => {
    // A turn of the slowest machine is enough for one answer.
    expect(warmUp(plan, 1000)).toBeGreaterThan(0);
  });

  test("time is the limit", () => {
    expect(warmUp(planFor(devices), 0)).toBe(0);
  });
});
