import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseOverride } from "../yaml/checked-yaml.ts";
import { noContext, type Opened } from "../yaml/include.ts";
import { formatFileProblem } from "../yaml/problems.ts";
import type { Scenario } from "./scenario.ts";
import { readScenario, readWholeScenario, type WholeScenario } from "./scenario-file.ts";

const folder = dirname(dirname(fileURLToPath(import.meta.url)));

const small = `schema: provlab/scenario@1
name: small
population:
  cableModems: 10
  cmtsCount: 2
phases:
  - name: connect
    streams:
      - exchange: discover
        ratePerSecond: 5
    until: all-bound
thresholds:
  - connect.discover.latencyMs.p99 < 10
`;

function scenarioOf(text: string, ...overrides: string[]): Scenario {
  const reading = readScenario(
    "x.yaml",
    text,
    overrides.map((each) => parseOverride(each)!),
  );
  if (reading.kind === "failed") throw new Error(reading.problems.map(formatFileProblem).join());
  return reading.scenario;
}

function problemsOf(text: string): string[] {
  const reading = readScenario("x.yaml", text);
  return reading.kind === "ok" ? [] : reading.problems.map(formatFileProblem);
}

/** A shipped file, with what it includes. */
function readShipped(file: string): { readonly scenario: Scenario; readonly whole: WholeScenario } {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  const open = (name: string): Opened => ({
    ...{ kind: "ok", file: name, text: readFileSync(join(folder, name), "utf8") },
  });
  const reading = readScenario(path, text, [], { ...noContext, open });
  if (reading.kind === "failed") throw new Error(reading.problems.map(formatFileProblem).join());
  return reading;
}

const shipped = (file: string): Scenario => readShipped(file).scenario;

describe("the shipped scenarios", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  // They ask something else than whether one server holds what the guide sizes it for.
  const otherSizes = [
    "bad-network.yaml",
    "daily-life.yaml",
    "faulty-devices.yaml",
    "lossy-boot.yaml",
    "million.yaml",
    "ramp-to-breakage.yaml",
    "steps.yaml",
  ];

  test.each(files)("%s is valid, and named like its file", (file) => {
    const scenario = shipped(file);
    expect(`${scenario.name}.yaml`).toBe(file);
  });

  test.each(files)("%s is the same on a machine without its files and variables", (file) => {
    const { scenario, whole } = readShipped(file);
    const sent = JSON.parse(JSON.stringify(whole)) as WholeScenario;
    expect(readWholeScenario("the scenario", sent)).toMatchObject({ kind: "ok", scenario });
  });

  test.each(files.filter((file) => !otherSizes.includes(file)))(
    "%s has the guide's population (PERF-1)",
    (file) => {
      const { population } = shipped(file);
      const { cableModems, mtas, cpes, smartMeters } = population;
      expect(cableModems + mtas + cpes + smartMeters).toBe(80_000);
      expect(cableModems).toBeGreaterThanOrEqual(60_000);
      expect(mtas).toBeGreaterThanOrEqual(12_000);
      expect(smartMeters).toBeGreaterThanOrEqual(4000);
    },
  );

  test.each([
    ["PERF-3", "guide-discover.yaml", "discover", 300],
    ["PERF-4", "guide-renew.yaml", "renew", 600],
    ["PERF-3", "guide-mixed.yaml", "discover", 300],
    ["PERF-4", "guide-mixed.yaml", "renew", 600],
  ])("%s: %s asks for the guide's rate of %s, %i a second, and fails below it", (...row) => {
    const [, file, exchange, ratePerSecond] = row;
    const { phases, thresholds } = shipped(file);
    const rates = phases.flatMap(({ name, streams }) =>
      streams
        .filter((stream) => stream.kind === "rate" && stream.ratePerSecond === ratePerSecond)
        .map((stream) => `${name}.${stream.exchange}.achievedRatio >= 0.999`)
        .filter((text) => text.includes(`.${exchange}.`)),
    );
    expect(rates).toHaveLength(1);
    expect(thresholds.map(({ text }) => text)).toContain(rates[0]);
  });
});

test("a small scenario gets its defaults", () => {
  const scenario = scenarioOf(small);
  expect(scenario.seed).toBe(1);
  expect(scenario.clients.retransmit).toMatchObject({ firstDelayMs: 4000, maxDelayMs: 64_000 });
  expect(scenario.phases[0]).toMatchObject({ until: "all-bound", powerCycle: false });
  expect(scenario.population.addressBlock).toEqual({ network: 0x7f40_0000, prefixLength: 10 });
});

test("a stream may be a closed loop", () => {
  const scenario = scenarioOf(small.replace("ratePerSecond: 5", "outstanding: 256"));
  expect(scenario.phases[0].streams).toEqual([
    { kind: "outstanding", exchange: "discover", outstanding: 256 },
  ]);
});

test("--set replaces a value, deep in a list too, and is checked like the file", () => {
  const changed = scenarioOf(
    small,
    "population.cableModems=20",
    "phases.0.streams.0.ratePerSecond=7",
  );
  expect(changed.population.cableModems).toBe(20);
  expect(changed.phases[0].streams[0]).toMatchObject({ ratePerSecond: 7 });
  const reading = readScenario("x.yaml", small, [parseOverride("population.cableModems=-1")!]);
  expect(reading.kind).toBe("failed");
});

test.each(["name.x=1", "phases.0.name.x=1", "phases.x=1", "phases.9.name=late"])(
  "--set %s leads nowhere, and that is told",
  (text) => {
    const reading = readScenario("x.yaml", small, [parseOverride(text)!]);
    expect(reading.kind === "failed" && reading.problems.map(formatFileProblem).join()).toMatch(
      /^x.yaml/,
    );
  },
);

test.each(["", "=", "a", "a..b=1", "=1", "a b=1", "a={"])("--set %j is refused", (text) => {
  expect(parseOverride(text)).toBeUndefined();
});

describe("mistakes are told with file, line, path and a hint", () => {
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    [
      "an unknown key",
      "cmtsCount",
      "cmtsCont",
      /^x.yaml:5: population.cmtsCont is not known here\n {2}hint: did you mean cmtsCount\?$/,
    ],
    [
      "an unknown key in a list",
      "exchange",
      "exhange",
      /x.yaml:9: phases\[0\].streams\[0\].exhange is not known here\n {2}hint: did you mean exchange\?/,
    ],
    [
      "an unknown exchange",
      ": discover",
      ": discovr",
      /x.yaml:9: phases\[0\].streams\[0\].exchange must be one of .*not "discovr"\n {2}hint: did you mean discover\?/,
    ],
    [
      "a wrong type",
      "cableModems: 10",
      "cableModems: ten",
      /x.yaml:4: population.cableModems must be a number, not "ten"/,
    ],
    [
      "a fraction of a device",
      "cableModems: 10",
      "cableModems: 1.5",
      /x.yaml:4: population.cableModems must be/,
    ],
    [
      "no device",
      "cableModems: 10",
      "cableModems: 0",
      /x.yaml:4: population cannot be built: the population has no device/,
    ],
    [
      "MTAs without modems",
      "cableModems: 10",
      "mtas: 10",
      /population cannot be built: MTAs and CPEs need cableModems/,
    ],
    [
      "a wrong version",
      "scenario@1",
      "scenario@9",
      /x.yaml:1: schema must be provlab\/scenario@1, not/,
    ],
    [
      "a bad duration",
      "until: all-bound",
      "duration: 5 weeks",
      /x.yaml:11: phases\[0\].duration is "5 weeks": write a duration/,
    ],
    ["no end", "    until: all-bound\n", "", /x.yaml:7: phases\[0\] needs exactly one of/],
    [
      "two ends",
      "until: all-bound",
      "until: all-bound\n    duration: 1 s",
      /phases\[0\] needs exactly one of/,
    ],
    [
      "a rate and a closed loop",
      "ratePerSecond: 5",
      "ratePerSecond: 5\n        outstanding: 5",
      /phases\[0\].streams\[0\] needs exactly one of .*`outstanding: 256`/,
    ],
    [
      "no transaction",
      "ratePerSecond: 5",
      "outstanding: 0",
      /phases\[0\].streams\[0\].outstanding is 0/,
    ],
    ["no rate", "        ratePerSecond: 5\n", "", /phases\[0\].streams\[0\] needs exactly one of/],
    [
      "an endless rate",
      "ratePerSecond: 5",
      "ratePerSecond: .inf",
      /phases\[0\].streams\[0\].ratePerSecond/,
    ],
    [
      "a metric of no phase",
      "connect.disc",
      "conect.disc",
      /x.yaml:13: thresholds\[0\] is .*hint: did you mean connect\?/s,
    ],
    [
      "a metric of no stream",
      "discover.lat",
      "renew.lat",
      /thresholds\[0\] is .*no renew stream, only discover/,
    ],
    ["a metric that is none", "latencyMs.p99", "latencyMs.p9", /latencyMs needs one of p50/],
    [
      "a bound that no run meets",
      "p99 < 10",
      "p99 < 0",
      /^x.yaml:13: thresholds\[0\] is ".*p99 < 0", which can never hold: .*\n {2}hint: times are in milli/,
    ],
    [
      "a threshold on safety",
      "connect.discover.latencyMs.p99 < 10",
      "safety.lostLeases == 0",
      /x.yaml:13: thresholds\[0\] .* fails every run.*: leave the line out/,
    ],
    [
      "a duration without a unit",
      "until: all-bound",
      "duration: 20",
      /^x.yaml:11: phases\[0\].duration is 20: it needs a unit, such as 20 s$/,
    ],
    [
      "the beginning of a key",
      "cmtsCount: 2",
      "cmtsCount: 2\nnetwork: { loss: 2 }",
      /network.loss is not known here\n {2}hint: did you mean lossPercent\?/,
    ],
    [
      "a key of another section",
      "cmtsCount: 2",
      "cmtsCount: 2\n  lossPercent: 2",
      /population.lossPercent is not known here\n {2}hint: did you mean network.lossPercent\?/,
    ],
    [
      "the beginning of a key of a list's section",
      "until: all-bound",
      "until: all-bound\n    rate: 5",
      /phases\[0\].rate is not known here\n {2}hint: did you mean phases\[\].streams\[\].ratePerSecond\?/,
    ],
    ["a threshold that is none", "p99 < 10", "p99 below 10", /write METRIC OPERATOR NUMBER/],
    ["bad YAML", "name: small", "name: [small", /^x.yaml:\d+: is not YAML/],
    [
      "a duplicate key",
      "name: small",
      "name: small\nname: large",
      /^x.yaml:3: is not YAML: Map keys must be unique/,
    ],
    [
      "host bits",
      "  cmtsCount: 2",
      "  cmtsCount: 2\n  addressBlock: 127.64.0.1/10",
      /x.yaml:6: population.addressBlock is/,
    ],
    [
      "an address block that is too small",
      "  cmtsCount: 2",
      "  cmtsCount: 2\n  addressBlock: 127.64.0.0/24",
      /cannot be built: the address block holds 256/,
    ],
    ["an empty file", small, "", /^x.yaml/],
  ];
  test.each(cases)("%s", (_name, from, to, expected) => {
    expect(small).toContain(from);
    expect(problemsOf(small.replace(from, to)).join("\n")).toMatch(expected);
  });

  test("all of them at once", () => {
    const text = small.replace("cmtsCount", "cmtsCont").replace(": discover", ": discovr");
    expect(problemsOf(text)).toHaveLength(2);
  });

  test("aliases that explode are refused", () => {
    const bomb = ["a: &a [1,1,1,1,1,1,1,1,1,1]"];
    for (const [index, name] of ["b", "c", "d", "e", "f"].entries()) {
      const before = "abcdef"[index];
      bomb.push(`${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join()}]`);
    }
    expect(problemsOf(bomb.join("\n")).join()).toMatch(/alias/i);
  });
});
