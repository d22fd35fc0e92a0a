import { describe, expect, test } from "vitest";
import { readScenarioText } from "../../lab/machine/scenario-file.ts";
import { pairEvents, pairScenario, type SoakPlan, servicesScenario } from "./soak-scenarios.ts";

const plans: readonly SoakPlan[] = [
  { minutes: 2, seed: 1, percent: 5 },
  { minutes: 180, seed: 2, percent: 100 },
  { minutes: 1440, seed: 3, percent: 100 },
];

describe.each(plans)("a soak of $minutes minutes at $percent %", (plan) => {
  test.each([
    ["pair", pairScenario],
    ["services", servicesScenario],
  ])("%s: is a scenario without a mistake", (_, scenario) => {
    expect(readScenarioText("soak.yaml", scenario(plan), [])).toMatchObject({ kind: "ok" });
  });

  test("plays the same for the same seed, and another order for another", () => {
    expect(pairEvents(plan)).toEqual(pairEvents(plan));
    if (plan.minutes < 10) return;
    expect(pairEvents({ ...plan, seed: 99 })).not.toEqual(pairEvents(plan));
  });
});

test("every service that moves is brought back, before the next fault", () => {
  const events = pairEvents(plans[1]) as readonly { name: string; after: string }[];
  const at = events.map(({ after }) => Number.parseInt(after, 10));
  expect(at).toEqual(at.toSorted((one, other) => one - other));
  const moves = events.filter(({ name }) => /^pause-\d|^kill-1$/.test(name)).length;
  expect(events.filter(({ name }) => name.startsWith("failback"))).toHaveLength(moves);
});

test("every kind of fault is played in ten minutes, and the active node is killed first", () => {
  const names = (pairEvents({ minutes: 10, seed: 5, percent: 10 }) as { name: string }[]).map(
    ({ name }) => name.replace(/-\d+$/, ""),
  );
  expect(new Set(names)).toEqual(
    new Set(["kill", "pause", "stop", "kill-store", "pause-store", "failback"]),
  );
});

test("the guide's load is 300 Discovers and 600 Renews a second, with 80,000 devices", () => {
  const loading = readScenarioText("soak.yaml", pairScenario(plans[1]), []);
  if (loading.kind !== "ok") throw new Error("no scenario");
  const { population, phases } = loading.scenario;
  expect(population).toMatchObject({ cableModems: 62_000, mtas: 13_000, smartMeters: 5000 });
  expect(JSON.stringify(phases[1])).toContain("300");
  expect(JSON.stringify(phases[1])).toContain("600");
});
