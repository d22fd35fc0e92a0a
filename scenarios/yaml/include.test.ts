import { describe, expect, test } from "vitest";
import { readScenario } from "../language/scenario-file.ts";
import { parseOverride } from "./checked-yaml.ts";
import type { ReadContext } from "./include.ts";
import { formatFileProblem } from "./problems.ts";

/** A folder with these files, and an environment. */
function context(
  files: Readonly<Record<string, string>>,
  variables: ReadContext["variables"] = {},
): ReadContext {
  return {
    variables,
    open: (written) => {
      const text = files[written];
      if (text === undefined) return { kind: "failed", reason: "there is no such file" };
      return { kind: "ok", file: written, text };
    },
  };
}

const common = `schema: provlab/scenario@1
name: common
seed: 3
population:
  cableModems: 40
  cmtsCount: 2
phases:
  - name: connect
    streams:
      - exchange: discover
        ratePerSecond: 5
    until: all-bound
`;

function read(text: string, around: ReadContext, ...settings: string[]) {
  const overrides = settings.map((each) => parseOverride(each)!);
  return readScenario("main.yaml", text, overrides, around);
}

function scenarioOf(text: string, around: ReadContext, ...settings: string[]) {
  const reading = read(text, around, ...settings);
  if (reading.kind === "ok") return reading.scenario;
  throw new Error(reading.problems.map(formatFileProblem).join("\n"));
}

function problemsOf(text: string, around: ReadContext): string[] {
  const reading = read(text, around);
  return reading.kind === "ok" ? [] : reading.problems.map(formatFileProblem);
}

describe("include", () => {
  test("merges maps, the including file wins, and lists replace lists", () => {
    const scenario = scenarioOf(
      `include: common.yaml
name: main
population: { cableModems: 50, mtas: 5 }
phases:
  - name: other
    streams: [{ exchange: discover, ratePerSecond: 7 }]
    until: all-bound
`,
      context({ "common.yaml": common }),
    );
    expect(scenario).toMatchObject({ name: "main", seed: 3 });
    expect(scenario.population).toMatchObject({ cableModems: 50, mtas: 5, cmtsCount: 2 });
    expect(scenario.phases.map(({ name }) => name)).toEqual(["other"]);
  });

  test("of a list, the later file wins; an included file includes others", () => {
    const files = {
      "common.yaml": common,
      "a.yaml": "include: common.yaml\nseed: 4\npopulation: { mtas: 1 }",
      "b.yaml": "seed: 5\n",
    };
    const around = context(files);
    expect(scenarioOf("include: [a.yaml, b.yaml]", around)).toMatchObject({ seed: 5 });
    expect(scenarioOf("include: [b.yaml, a.yaml]", around)).toMatchObject({ seed: 4 });
    expect(scenarioOf("include: [b.yaml, a.yaml]", around).population).toMatchObject({
      ...{ mtas: 1, cableModems: 40 },
    });
  });

  test("--set reaches into what was included, entries of lists too", () => {
    const around = context({ "common.yaml": common });
    const scenario = scenarioOf(
      "include: common.yaml",
      around,
      "phases.0.streams.0.ratePerSecond=9",
      "population.cmtsCount=4",
    );
    expect(scenario.phases[0].streams[0]).toMatchObject({ ratePerSecond: 9 });
    expect(scenario.population).toMatchObject({ cableModems: 40, cmtsCount: 4 });
  });

  test("a mistake has the place of the value that is wrong, whichever file it is in", () => {
    const around = context({
      "common.yaml": common.replace("ratePerSecond: 5", "ratePerSecond: fast"),
      "typo.yaml": "population:\n  mtass: 4\n",
    });
    expect(problemsOf("include: common.yaml\nname: Main", around)).toEqual([
      expect.stringMatching(/^main\.yaml:2: name is "Main"/),
      'common.yaml:11: phases[0].streams[0].ratePerSecond must be a number, not "fast"',
    ]);
    expect(problemsOf("include: [common.yaml, typo.yaml]", around)[0]).toMatch(
      /^typo\.yaml:2: population\.mtass is not known here\n {2}hint: did you mean mtas\?/,
    );
    // What is missing in a list of the including file is not looked for in the list it replaces.
    const entry = "include: common.yaml\nphases:\n  - streams: [{ exchange: boot }]\n";
    expect(problemsOf(entry, around)[0]).toMatch(/^main\.yaml:3: phases\[0\]\.name is missing/);
  });

  const chain = Object.fromEntries(
    Array.from({ length: 12 }, (_, n) => [`${n}.yaml`, `include: ${n + 1}.yaml\n`]),
  );
  const wide = Object.fromEntries(
    Array.from({ length: 5 }, (_, n) => [
      `${n}.yaml`,
      n === 4 ? "" : `include: [${Array.from({ length: 8 }, () => `${n + 1}.yaml`).join(", ")}]`,
    ]),
  );
  test.each([
    ["a missing file", {}, "include: x.yaml", /^main\.yaml:1: include x\.yaml: there is no such/],
    [
      "itself",
      { "main.yaml": "include: main.yaml" },
      "\ninclude: main.yaml",
      /^main\.yaml:2: .*circle: main\.yaml includes main\.yaml$/,
    ],
    [
      ...(["a circle", { "a.yaml": "include: b.yaml", "b.yaml": "\ninclude: a.yaml" }] as const),
      ...(["include: a.yaml", /^b\.yaml:2: include a\.yaml: goes round/] as const),
    ],
    [
      "a long chain",
      chain,
      "include: 0.yaml",
      /^7\.yaml:1: include 8\.yaml: more than 8 files deep/,
    ],
    ["too many files", wide, "include: 0.yaml", /more than 64 files in all/],
    ["a number", {}, "include: 7", /^main\.yaml:1: include must be the name of a file/],
    ["nothing", {}, "include:", /^main\.yaml:1: include must be the name of a file/],
    ["a broken file", { "a.yaml": "a: [" }, "include: a.yaml", /^a\.yaml:\d+: is not YAML/],
  ])("%s is told with file and line", (_, files, text, expected) => {
    const problems = problemsOf(text, context(files as Record<string, string>));
    expect(problems[0]).toMatch(expected);
    expect(problems).toHaveLength(1);
  });

  test("a variable where YAML reads its brace as a map has a hint", () => {
    const flow = common.replace("population:\n", `population: { mtas: \${N} }\n`);
    expect(problemsOf(flow, context({}, { N: "4" }))[0]).toMatch(
      /^main\.yaml:4: is not YAML: .*\n {2}hint: inside \{ \}/,
    );
  });

  test("says what it depends on", () => {
    const around = context(
      { "common.yaml": common.replace("seed: 3", `seed: \${SEED}`) },
      { SEED: "9", HOME: "/home/x" },
    );
    const reading = read(`include: common.yaml\ntitle: "\${TITLE:-none}"`, around);
    expect(reading.kind === "ok" && reading.dependencies).toEqual({
      includedTexts: [expect.stringContaining(`seed: \${SEED}`)],
      variables: { SEED: "9" },
    });
    expect(reading.kind === "ok" && reading.scenario.seed).toBe(9);
  });
});
