import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { Population } from "../scenarios/population/population.ts";
import { PhaseStreams } from "../simulator/load/streams.ts";
import { phaseMsMax } from "../simulator/plan/run-plan.ts";
import { expectedLoad } from "./expected-load.ts";
import { loadScenario } from "./options/scenario-input.ts";
import { captureOutput } from "./output.testing.ts";
import { runScenario } from "./scenario.ts";

const folder = mkdtempSync(join(tmpdir(), "prov-scenario-"));
const said = captureOutput();

afterEach(() => {
  vi.unstubAllEnvs();
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

mkdirSync(join(folder, "site"));
write(
  "site/common.yaml",
  `schema: provlab/scenario@1
population: { cableModems: 90, mtas: 30, cmtsCount: 3 }
server: { leaseSeconds: 60 }
`,
);
const good = write(
  "good.yaml",
  `include: site/common.yaml
name: good
phases:
  - name: connect
    streams: [{ exchange: discover, ratePerSecond: 50 }]
    until: all-bound
  - name: peak
    powerCycle: true
    streams:
      - exchange: discover
        ratePerSecond: \${RATE:-3}
      - { exchange: renew, ratePerSecond: 50 }
    duration: 40 s
thresholds: [peak.renew.latencyMs.p99 < 10]
`,
);
const bad = write("bad.yaml", "schema: provlab/scenario@1\nname: Bad\nphases: []\n");

describe("check", () => {
  test("tells of each file whether it is right", async () => {
    expect(await runScenario(["check", good])).toBe(0);
    expect(said.stdout).toBe(`${good}: ok\n`);
    said.forget();
    expect(await runScenario(["check", good, bad, join(folder, "none.yaml")])).toBe(2);
    expect(said.stdout).toContain(`${good}: ok\n${bad}:2: name is "Bad"`);
    expect(said.stdout).toContain("none.yaml: there is no such file\n");
  });

  test("--format json is for programs", async () => {
    expect(await runScenario(["check", "--format", "json", good, bad])).toBe(2);
    const [first, second] = JSON.parse(said.stdout) as { ok: boolean; problems: object[] }[];
    expect(first).toEqual({ file: good, ok: true, problems: [] });
    expect(second!.problems).toContainEqual(
      expect.objectContaining({ file: bad, line: 2, path: "name" }),
    );
    expect(await runScenario(["check", "--format", "xml", good])).toBe(2);
    expect(said.stderr).toMatch(/--format xml: write text or json/);
  });
});

describe("the hash", () => {
  test("covers included files and the variables that are named, and no others", () => {
    const before = loadScenario(good, []).sha256;
    vi.stubEnv("UNRELATED", "1");
    expect(loadScenario(good, []).sha256).toBe(before);
    vi.stubEnv("RATE", "4");
    const { scenario, sha256 } = loadScenario(good, []);
    expect(scenario.phases[1].streams[0]).toMatchObject({ ratePerSecond: 4 });
    expect(sha256).not.toBe(before);
    vi.unstubAllEnvs();
    const common = "site/other.yaml";
    write(common, "schema: provlab/scenario@1\npopulation: { cableModems: 91 }\n");
    const other = write(
      "other.yaml",
      `include: ${common}\nname: o\nphases: [{ name: a, streams: [{ exchange: discover, ratePerSecond: 1 }], duration: 1 s }]\n`,
    );
    const first = loadScenario(other, []).sha256;
    write(common, "schema: provlab/scenario@1\npopulation: { cableModems: 92 }\n");
    expect(loadScenario(other, []).sha256).not.toBe(first);
  });
});

describe("explain", () => {
  test("has the plan in words, in 80 columns, with what may surprise", async () => {
    expect(await runScenario(["explain", good])).toBe(0);
    expect(said.stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    const words = said.stdout.replace(/\s+/g, " ");
    expect(words).toContain("120 devices (seed 1): 90 cable-modem, 30 mta.");
    expect(words).toContain("discover: 120 transactions among 120 devices, 50 a second");
    expect(words).toContain("renew: 2,000 transactions among 114 devices, 50 a second");
    expect(words).toContain("the 99th percentile of peak renew latencyMs is below 10 ms");
    expect(words).toContain("devices also renew by themselves from 30 s on");
  });

  test("warns of rates that few devices cannot have", async () => {
    const setting = "phases.1.streams.1.ratePerSecond=500";
    expect(await runScenario(["explain", good, "--set", setting])).toBe(0);
    const words = said.stdout.replace(/\s+/g, " ");
    expect(words).toContain("Warning: renew of phase peak asks 120 devices 500 times a second");
    expect(words).toContain("Warning: discover of phase peak has nobody to ask: its part of");
  });

  test("warns of a goal out of reach, and of a stream with nobody to ask", async () => {
    const settings = ["phases.0.timeLimit=1 s", "phases.1.powerCycle=false"];
    expect(
      await runScenario(["explain", good, ...settings.flatMap((text) => ["--set", text])]),
    ).toBe(0);
    expect(said.stdout).toContain("Warning: phase connect cannot reach its goal");
    expect(said.stdout).toContain("Warning: discover of phase peak has nobody to ask");
  });

  test("expects as many arrivals as the schedule of the run hands out", () => {
    const { scenario } = loadScenario(good, []);
    const population = new Population(scenario.population);
    const bound = new Set<number>();
    expectedLoad(scenario).forEach(({ plan: phase, streams, boundAfter }, phaseIndex) => {
      const schedule = new PhaseStreams({
        ...{ phase, phaseIndex, seed: scenario.seed, population },
        holdsLease: (device) => bound.has(device),
        owns: () => true,
        worker: { index: 0, count: 1 },
        inFlight: () => 0,
      });
      const counts = streams.map(() => 0);
      const limits = { nowMs: Number.POSITIVE_INFINITY, endMs: phaseMsMax(phase), count: 1e6 };
      schedule.takeDue(limits, (stream, device) => {
        counts[stream] += 1;
        if (device >= 0) bound.add(device);
        return true;
      });
      expect(streams.map(({ arrivals }) => arrivals)).toEqual(counts);
      expect(boundAfter).toBe(bound.size);
    });
  });
});
