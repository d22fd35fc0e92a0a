import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadScenario } from "../../cli/options/scenario-input.ts";
import { packageRoot } from "../../lab/machine/package-root.ts";
import { devicesOf, loadPercentOf, settingsOf } from "./drill-scale.ts";

const folder = join(packageRoot, "scenarios");
const files = readdirSync(folder).filter((name) => /^drill-.*\.yaml$/.test(name));

describe.each(files)("%s", (file) => {
  const path = join(folder, file);
  const { scenario } = loadScenario(path, []);

  test("whole, it is as it was shipped", () => {
    expect(devicesOf(scenario.population)).toBe(80_000);
    expect(settingsOf(scenario, { devices: 80_000, loadPercent: 100, atOnce: 1 })).toEqual([]);
  });

  test("beside others it may be late", () => {
    const settings = settingsOf(scenario, { devices: 80_000, loadPercent: 100, atOnce: 2 });
    expect(loadScenario(path, settings).scenario).toEqual({
      ...scenario,
      generator: { ...scenario.generator, slipMsP99Max: 500 },
    });
  });

  test("smaller, it is still a scenario: with so many devices and such a share of the load", () => {
    const settings = settingsOf(scenario, { devices: 1999, loadPercent: 10, atOnce: 1 });
    const small = loadScenario(path, settings).scenario;
    expect(devicesOf(small.population)).toBe(1999);
    expect(small.phases[1].streams).toMatchObject([{ ratePerSecond: 30 }, { ratePerSecond: 60 }]);
    expect(small.generator).toEqual(scenario.generator);
    expect(small.thresholds.map(({ bound }) => bound)).not.toContain(80_000);
  });
});

test.each([
  [80_000, 100],
  [2000, 22],
  [100, 1],
])("%i devices carry %i %% of the load", (devices, percent) => {
  expect(loadPercentOf(devices)).toBe(percent);
});
