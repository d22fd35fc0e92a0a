import { describe, expect, test } from "vitest";
import { expectedLoad } from "./expected-load.ts";
import { loadText, runLoad } from "./load.ts";
import { loadScenarioText } from "./options/scenario-input.ts";
import { captureOutput } from "./output.testing.ts";

const said = captureOutput();

describe("the scenario of prov load", () => {
  test.each([
    [{ rate: 500, devices: 5000, exchange: "discover" }, 5000, 10_000],
    [{ rate: 500, devices: 5000, exchange: "boot" }, 5000, 10_000],
    [{ rate: 500, devices: 5000, exchange: "discover", duration: 60_000 }, 30_000, 60_000],
    [{ rate: 3, devices: 10, exchange: "discover" }, 10, 3334],
    [{ rate: 1_000_000, devices: 1, exchange: "discover" }, 1_000_000, 1000],
  ] as const)("%o: %d arrivals in %d ms", (load, arrivals, lengthMs) => {
    const { scenario } = loadScenarioText("load.yaml", loadText(load), []);
    const [phase] = expectedLoad(scenario);
    expect(phase).toMatchObject({ lengthMs });
    expect(phase!.streams[0]!.arrivals! - arrivals).toBeLessThanOrEqual(1);
  });
});

test("--print prints it, and runs nothing", async () => {
  expect(await runLoad(["--rate", "20", "--devices", "60", "--print"])).toBe(0);
  expect(said.stdout).toBe(loadText({ rate: 20, devices: 60, exchange: "discover" }));
});

test.each([
  [["--rate", "0"], "--rate 0: give a whole number from 1"],
  [["--duration", "20"], "--duration 20: write a duration from 1 s to 1 h"],
  [["--set", "population.modems=3"], "load.yaml: population.modems is not known here"],
])("%j is refused before anything runs", async (args, reason) => {
  expect(await runLoad(args)).toBe(2);
  expect(said.stderr).toContain(reason);
});
