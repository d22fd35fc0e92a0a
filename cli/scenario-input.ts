import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { formatFileProblem, type Override, parseOverride } from "../scenarios/checked-yaml.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { readScenario } from "../scenarios/scenario-file.ts";
import { UsageError } from "./usage-error.ts";

export interface LoadedScenario {
  readonly scenario: Scenario;
  /** Of the file and of what `--set` changed: two runs with one hash were asked the same. */
  readonly sha256: string;
}

/** Reads a scenario file; throws UsageError that tells everything wrong with it. */
export function loadScenario(path: string, settings: readonly string[]): LoadedScenario {
  const overrides = settings.map((text): Override => {
    const override = parseOverride(text);
    if (override !== undefined) return override;
    throw new UsageError(`--set ${text}: write path=value, such as population.cableModems=100`);
  });
  const text = readText(path);
  const reading = readScenario(path, text, overrides);
  if (reading.kind === "failed") {
    throw new UsageError(reading.problems.map(formatFileProblem).join("\n"));
  }
  const sha256 = createHash("sha256").update(text).update(JSON.stringify(overrides)).digest("hex");
  return { scenario: reading.scenario, sha256 };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === "ENOENT" ? "there is no such file" : `cannot be read (${code})`;
    throw new UsageError(`${path}: ${reason}`, { cause: error });
  }
}
