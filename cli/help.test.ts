import { describe, expect, test } from "vitest";
import { runBenchAgainst } from "./bench.ts";
import { runCmconfig } from "./cmconfig.ts";
import { runCompare } from "./compare.ts";
import { runConfig } from "./config.ts";
import { runCleanUpCommand, runFailback } from "./failback.ts";
import { captureOutput } from "./output.testing.ts";
import { runReport } from "./report.ts";
import { runRun } from "./run/command.ts";
import { runScenario } from "./scenario.ts";
import { runServe } from "./serve/command.ts";
import { runStatus } from "./status.ts";

const said = captureOutput();

const commands = [
  ["prov run", runRun, []],
  ["prov scenario", runScenario, []],
  ["prov scenario check", runScenario, ["check"]],
  ["prov scenario explain", runScenario, ["explain"]],
  ["prov scenario schema", runScenario, ["schema"]],
  ["prov report", runReport, []],
  ["prov bench", runBenchAgainst, []],
  ["prov compare", runCompare, []],
  ["prov config", runConfig, []],
  ["prov serve", runServe, []],
  ["prov status", runStatus, []],
  ["prov failback", runFailback, []],
  ["prov clean-up", runCleanUpCommand, []],
  ["prov cmconfig", runCmconfig, []],
  ["prov cmconfig encode", runCmconfig, ["encode"]],
  ["prov cmconfig decode", runCmconfig, ["decode"]],
] as const;

describe.each(commands)("%s", (name, run, path) => {
  test("its help fits 80 columns, shows no machine's defaults and ends with examples", async () => {
    expect(await run([...path, "--help"])).toBe(0);
    expect(said.stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(said.stdout).not.toMatch(/default: (\[|\d{5})/);
    const [, examples = ""] = said.stdout.split("\nExamples:\n");
    const lines = examples.trimEnd().split("\n");
    expect(lines.filter((line) => !line.startsWith(`  prov ${name.split(" ")[1]} `))).toEqual([]);
  });

  test("an unknown option says where the help is", async () => {
    expect(await run([...path, "--nonsense"])).toBe(2);
    expect(said.stderr).toContain(`(${name} --help shows how it is used)`);
  });
});
