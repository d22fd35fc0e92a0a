import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { packageRoot } from "../../lab/machine/package-root.ts";

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
}

const path = join(packageRoot, ".github", "workflows", "regression.yml");
const workflow = parse(readFileSync(path, "utf8"));
const steps: readonly Step[] = workflow.jobs.compare.steps;

test("is called by others, and every step does one thing", () => {
  expect(Object.keys(workflow.on)).toEqual(["workflow_call"]);
  for (const step of steps) {
    expect([step.uses, step.run].filter((action) => action !== undefined)).toHaveLength(1);
  }
});

test("what a caller says reaches the shell by its environment, never as part of the script", () => {
  for (const { run } of steps) expect(run ?? "").not.toContain("${{");
});
