import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { XMLParser } from "fast-xml-parser";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunResult } from "../reports/result/run-result.ts";
import { sampleResult } from "../reports/result/sample-result.testing.ts";
import { runCompare } from "./compare.ts";
import { captureOutput } from "./output.testing.ts";

let folder: string;
const said = captureOutput();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-compare-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Runs of one side, each with `cpuSeconds` of the server; returns the folder of the side. */
function side(
  name: string,
  cpuSeconds: readonly number[],
  changes: Partial<RunResult> = {},
): string {
  for (const [index, seconds] of cpuSeconds.entries()) {
    const run = join(folder, name, `run-${index}`);
    mkdirSync(run, { recursive: true });
    const result = sampleResult({ server: { cpuSeconds: seconds, residentMiBMax: 98 } });
    writeFileSync(join(run, "result.json"), JSON.stringify({ ...result, ...changes }));
  }
  return join(folder, name);
}

const usual = [3.2, 3.21, 3.19, 3.22, 3.18];
const slower = usual.map((seconds) => seconds * 1.2);

test("a regression: told in 80 columns, status 99", async () => {
  expect(await runCompare([side("base", usual), side("now", slower)])).toBe(99);
  expect(said.stdout).toMatch(/^REGRESSED: commit unknown against commit unknown\n/);
  expect(said.stdout).toMatch(/server CPU a transaction, µs +1,280 +1,536 +\+20\.0 % +regressed\n/);
  expect(said.stdout).toMatch(/mixed\.renew throughput, \/s +20 +20 +\+0\.0 % +same\n/);
  expect(Math.max(...said.stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
});

test("the other way round it is an improvement, status 0", async () => {
  expect(await runCompare([side("base", slower), side("now", usual)])).toBe(0);
  expect(said.stdout).toMatch(/^IMPROVED/);
});

test("one run a side is undecided: 0, or 98 with --strict", async () => {
  const paths = [
    join(side("base", [3.2]), "run-0", "result.json"),
    join(side("now", [6.4]), "run-0"),
  ];
  expect(await runCompare(paths)).toBe(0);
  expect(said.stdout).toContain("One run a side cannot tell");
  expect(await runCompare([...paths, "--strict"])).toBe(98);
});

test("pairs: what disturbs both runs of a pair is taken out", async () => {
  const disturbed = [3, 5, 9, 4, 6, 3.5, 8, 7];
  const base = side("base", disturbed);
  const now = side(
    "now",
    disturbed.map((seconds) => seconds * 1.1),
  );
  expect(await runCompare([base, now])).toBe(0);
  expect(await runCompare([base, now, "--paired"])).toBe(99);
});

test("Markdown shows what changed first", async () => {
  await runCompare([side("base", usual), side("now", slower), "--format", "md"]);
  expect(said.stdout).toMatch(/^### Performance: 🔴 \*\*regressed\*\*\n/);
  expect(said.stdout.indexOf("| server CPU")).toBeLessThan(said.stdout.indexOf("<details>"));
});

test("JUnit is XML with a failure a regression; JSON holds all figures", async () => {
  const paths = [side("base", usual), side("now", slower)];
  await runCompare([...paths, "--format", "junit"]);
  const { testsuites } = new XMLParser({ ignoreAttributes: false }).parse(said.stdout);
  expect(testsuites["@_failures"]).toBe("1");
  expect(testsuites.testsuite.testcase).toHaveLength(Number(testsuites["@_tests"]));
  said.forget();
  await runCompare([...paths, "--format", "json"]);
  expect(JSON.parse(said.stdout).judgement).toMatchObject({ verdict: "regressed", alpha: 0.01 });
});

const invalid = { verdict: "invalid", reasons: ["The generator was late."] } as const;

describe("leaves out invalid runs if enough others are left", () => {
  test("and names them", async () => {
    const base = side("base", [...usual, 3.2]);
    side("late", [9], invalid);
    const late = join(folder, "late/run-0");
    const now = side("now", slower);
    expect(await runCompare([base, now, "--current", late])).toBe(99);
    expect(said.stdout.replaceAll(/\s+/g, " ")).toContain("6 runs of the base, 5 current");
    expect(said.stdout.replaceAll(/\s+/g, " ")).toMatch(
      /Left out as invalid, too inexact or broken off: \S+late\/run-0\/result\.json\./,
    );
  });

  test("of pairs with the other run", async () => {
    const many = [...usual, ...usual];
    const base = side("base", many);
    side("now", many);
    const late = sampleResult({ server: { cpuSeconds: 9, residentMiBMax: 98 }, ...invalid });
    writeFileSync(join(folder, "now/run-3/result.json"), JSON.stringify(late));
    expect(await runCompare([base, join(folder, "now"), "--paired"])).toBe(0);
    expect(said.stdout).toMatch(/\b9 pairs of runs;/);
  });
});

describe("refuses what is not comparable", () => {
  const { scenario, environment, target } = sampleResult();
  test.each<[string, Partial<RunResult>, RegExp]>([
    ["scenario", { scenario: { ...scenario, sha256: "1".repeat(64) } }, /scenario .* differs/],
    ["target", { target: { ...target, kind: "external" } }, /kind of target differs/],
    ["durability", { environment: { ...environment, durability: "os" } }, /durability differs/],
    ["cpu", { environment: { ...environment, cpu: "another" } }, /processor differs/],
    ["cpu", { environment: { ...environment, cores: 64 } }, /processor differs/],
    ["kernel", { environment: { ...environment, kernel: "7.0.1" } }, /kernel differs/],
    ["node", { environment: { ...environment, node: "v24.1.0" } }, /Node differs/],
    ["socket", { environment: { ...environment, socket: "dgram" } }, /socket differs/],
    ["workers", { environment: { ...environment, workers: 2 } }, /worker threads differs/],
  ])("another %s, unless allowed", async (trait, changes, reason) => {
    const paths = [side("base", usual), side("now", usual, changes)];
    expect(await runCompare(paths)).toBe(2);
    expect(said.stderr).toMatch(reason);
    expect(said.stdout).toBe("");
    expect(await runCompare([...paths, "--allow", trait])).toBe(0);
  });

  test("all differences at once", async () => {
    const changes = { environment: { ...environment, durability: "os", workers: 9 } };
    expect(await runCompare([side("base", usual), side("now", usual, changes)])).toBe(2);
    expect(said.stderr).toMatch(/durability differs.*\n.*worker threads differs/);
  });

  test("patch releases of kernel and Node may differ", async () => {
    const changes = { environment: { ...environment, kernel: "6.99", node: "v20.1.1" } };
    expect(await runCompare([side("base", usual), side("now", usual, changes)])).toBe(0);
  });

  test("so many invalid runs that too few are left, and says how many are needed", async () => {
    const base = side("base", usual);
    const now = side("now", usual.slice(2));
    side("now/late", usual.slice(0, 2), invalid);
    const runs = ["now/late/run-0", "now/late/run-1"].flatMap((run) => [
      "--current",
      join(folder, run),
    ]);
    expect(await runCompare([base, now, ...runs])).toBe(2);
    expect(said.stderr).toMatch(/late\/run-0\/result\.json is invalid: The generator was late\./);
    expect(said.stderr).toMatch(/5 and 3 runs are left: make more, so that each side has 5 that/);
    expect(said.stdout).toBe("");
  });

  test.each([
    [[], "at least one result.json of the base"],
    [["/nonexistent", "/nonexistent"], "no such file"],
    [["--allow", "weather"], "there are scenario"],
    [["--alpha", "0"], "give a share"],
    [["--seed", "-1"], "whole number"],
  ])("%j", async (args, reason) => {
    expect(await runCompare(args)).toBe(2);
    expect(said.stderr).toContain(reason);
  });

  test("a file that is no result, and sides that are no pairs", async () => {
    const file = join(folder, "other.json");
    writeFileSync(file, '{"schema":"other"}');
    expect(await runCompare([file, file])).toBe(2);
    expect(said.stderr).toContain('other.json: is no result of prov run: schema is "other"');
    const paths = [side("base", usual), side("now", usual.slice(1))];
    expect(await runCompare([...paths, "--paired"])).toBe(2);
    expect(said.stderr).toContain("5 runs of the base and 4");
  });
});
