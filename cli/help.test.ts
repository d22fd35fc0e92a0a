import { describe, expect, test } from "vitest";
import { runAgent } from "./agent.ts";
import { runBenchAgainst } from "./bench.ts";
import { runCapacity } from "./capacity/command.ts";
import { runCmconfig } from "./cmconfig.ts";
import { runCompare } from "./compare.ts";
import { runConfig } from "./config.ts";
import { runDoctor } from "./doctor.ts";
import { runCleanUpCommand, runFailback } from "./failback.ts";
import { runLoad } from "./load.ts";
import { runMerge } from "./merge.ts";
import { captureOutput } from "./output.testing.ts";
import { runPair } from "./pair.ts";
import { runPersona } from "./persona.ts";
import { runReport } from "./report.ts";
import { runRun } from "./run/command.ts";
import { runScenario } from "./scenario.ts";
import { runServe } from "./serve/command.ts";
import { runStatus } from "./status.ts";

const said = captureOutput();

const commands = [
  ["prov run", runRun, []],
  ["prov load", runLoad, []],
  ["prov capacity", runCapacity, []],
  ["prov capacity outage", runCapacity, ["outage"]],
  ["prov agent", runAgent, []],
  ["prov merge", runMerge, []],
  ["prov persona", runPersona, []],
  ["prov persona from-pcap", runPersona, ["from-pcap"]],
  ["prov scenario", runScenario, []],
  ["prov scenario check", runScenario, ["check"]],
  ["prov scenario explain", runScenario, ["explain"]],
  ["prov scenario schema", runScenario, ["schema"]],
  ["prov report", runReport, []],
  ["prov bench", runBenchAgainst, []],
  ["prov compare", runCompare, []],
  ["prov doctor", runDoctor, []],
  ["prov config", runConfig, []],
  ["prov serve", runServe, []],
  ["prov status", runStatus, []],
  ["prov pair", runPair, []],
  ["prov pair init", runPair, ["init"]],
  ["prov failback", runFailback, []],
  ["prov clean-up", runCleanUpCommand, []],
  ["prov cmconfig", runCmconfig, []],
  ["prov cmconfig encode", runCmconfig, ["encode"]],
  ["prov cmconfig decode", runCmconfig, ["decode"]],
] as const;

describe.each(commands)("%s", (name, run, path) => {
  test("its help fits 80 columns, writes defaults as they are typed and ends with examples", async () => {
    expect(await run([...path, "--help"])).toBe(0);
    expect(said.stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(said.stdout).not.toMatch(/default: \[/);
    const [, examples = ""] = said.stdout.split("\nExamples:\n");
    const lines = examples.trimEnd().split("\n");
    expect(lines[0]).not.toBe("");
    expect(lines.filter((line) => !line.startsWith(`  prov ${name.split(" ")[1]} `))).toEqual([]);
  });

  test("an unknown option says where the help is", async () => {
    expect(await run([...path, "--nonsense"])).toBe(2);
    expect(said.stderr).toContain(`(${name} --help shows how it is used)`);
  });
});
