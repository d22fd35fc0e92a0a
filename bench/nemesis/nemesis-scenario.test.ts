import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadScenario } from "../../cli/options/scenario-input.ts";
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

  test("after the faults everybody who asks gets an answer", () => {
    const { phases, thresholds, clients } = scenarioOf(faultSchedule(1, nemesisVerbs));
    expect(phases.map(({ name }) => name)).toEqual(Object.values(phaseNames));
    expect(thresholds.map(({ text }) => text)).toEqual([
      ...["calm.discover.timeouts == 0", "calm.rebind.timeouts == 0"],
    ]);
    // All transmissions of an exchange, the last one's wait included, fit into the drain.
    const { firstDelayMs, maxDelayMs, jitterMs, transmissionsMax } = clients.retransmit;
    const waitMs = firstDelayMs + jitterMs + (transmissionsMax - 1) * (maxDelayMs + jitterMs);
    expect(phases.at(-1)!.drainMs).toBeGreaterThanOrEqual(waitMs);
  });
});
