import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadScenario } from "../../cli/scenario-input.ts";
import { type Fault, faultSchedule, nemesisVerbs } from "./fault-schedule.ts";
import { eventName, nemesisScenario, phaseNames } from "./nemesis-scenario.ts";

describe("the scenario of a round", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "provlab-nemesis-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function scenarioOf(faults: readonly Fault[]) {
    const file = join(folder, "round.yaml");
    const plan = { round: 3, seed: 99, faults, network: "namespaces" } as const;
    writeFileSync(file, nemesisScenario(plan));
    return loadScenario(file, []).scenario;
  }

  test("can be read for every schedule, and plays exactly its faults", () => {
    for (let seed = 0; seed < 30; seed += 1) {
      const faults = faultSchedule(seed, nemesisVerbs);
      const { events, seed: own } = scenarioOf(faults);
      expect(own).toBe(99);
      expect(
        events.map(({ name, moment, action, forMs }) => [name, moment, action.verb, forMs]),
        `seed ${seed}`,
      ).toEqual(
        faults.map((fault, index) => [
          eventName(fault, index),
          { kind: "phase", phase: phaseNames.faults, afterMs: fault.atMs },
          ...[fault.verb, fault.forMs],
        ]),
      );
    }
  });

  test("after the faults devices are served again, and everybody who waits counts", () => {
    const { phases, thresholds } = scenarioOf(faultSchedule(1, nemesisVerbs));
    expect(phases.map(({ name }) => name)).toEqual(Object.values(phaseNames));
    const texts = thresholds.map(({ text }) => text);
    expect(texts).toContain("calm.renew.timeouts == 0");
    expect(texts).toContain("failover.devicesUnserved == 0");
  });
});
