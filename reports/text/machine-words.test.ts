import { expect, test } from "vitest";
import type { RunResult } from "../result/run-result.ts";
import { sampleResult } from "../result/sample-result.testing.ts";
import { sampleStages } from "../result/sample-tail.testing.ts";
import type { Stall } from "../result/tail.ts";
import { machineLines } from "./machine-words.ts";

const sample = sampleResult();

function withStalls(...stalls: readonly Omit<Stall, "startMs">[]): RunResult {
  const server = { ...sampleStages, stalls: stalls.map((each) => ({ startMs: 0, ...each })) };
  return { ...sample, phases: sample.phases.map((phase) => ({ ...phase, server })) };
}

function withGenerator(generator: Partial<RunResult["generator"]>): RunResult {
  return { ...sample, generator: { ...sample.generator, ...generator } };
}

const late = ["phase mixed: 1 % of the renew transactions were sent late"];

test.each<readonly [string, RunResult, string]>([
  ["long syncs", withStalls({ durationMs: 183, reason: "sync" }), "a sync of the disk took 183 ms"],
  [
    "a server that stood still",
    withStalls({ durationMs: 60, reason: "processor" }, { durationMs: 250, reason: "stopped" }),
    "the server had no processor for 250 ms",
  ],
  [
    "a generator without processors",
    withGenerator({ problems: late, starvedPercentMax: 30.4 }),
    "the generator had no processor for 30 % of the time",
  ],
  ["lost replies", withGenerator({ socketDrops: 1200 }), "receive buffers lost 1,200 replies"],
])("%s: the doctor looks into it", (_, result, words) => {
  const lines = machineLines(result, ["runs/quick/result.json", "runs/quick/report.html"]);
  expect(lines.join(" ")).toContain(words);
  expect(lines.at(-1)?.trim()).toBe("npx prov doctor runs/quick");
});

test.each<readonly [string, RunResult]>([
  ["nothing", sample],
  ["short syncs", withStalls({ durationMs: 12, reason: "sync" })],
  ["garbage collection", withStalls({ durationMs: 90, reason: "garbage-collection" })],
  ["its own load", withGenerator({ problems: late, starvedPercentMax: 0.4 })],
  ["neighbours that did not matter", withGenerator({ problems: [], starvedPercentMax: 12 })],
  ["other machines", { ...withStalls({ durationMs: 90, reason: "sync" }), segments: [] }],
])("a run that suffered from %s has no hint", (_, result) => {
  expect(machineLines(result, ["runs/quick/result.json"])).toEqual([]);
});

test("the folder is one word for a shell, and may be unknown", () => {
  const result = withStalls({ durationMs: 183, reason: "sync" });
  const commandFor = (files: readonly string[]) => machineLines(result, files).at(-1)?.trim();
  expect(commandFor(["/a b/result.json"])).toBe("npx prov doctor '/a b'");
  expect(commandFor([])).toBe("npx prov doctor");
});
