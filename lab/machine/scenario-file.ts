import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, isAbsolute, join, normalize } from "node:path";
import type { Scenario } from "../../scenarios/language/scenario.ts";
import { readScenario, type WholeScenario } from "../../scenarios/language/scenario-file.ts";
import type { Override } from "../../scenarios/yaml/checked-yaml.ts";
import type { Dependencies, Opened } from "../../scenarios/yaml/include.ts";
import type { FileProblem } from "../../scenarios/yaml/problems.ts";

export interface LoadedScenario {
  readonly scenario: Scenario;
  /** The same for another machine. */
  readonly whole: WholeScenario;
  /**
   * Hash of the file, the files that it includes, the variables that they name and the overrides. Two runs with
   * the same hash have the same scenario.
   */
  readonly sha256: string;
}

export type ScenarioLoading =
  | ({ readonly kind: "ok" } & LoadedScenario)
  | { readonly kind: "failed"; readonly problems: readonly FileProblem[] };

/** Reads a scenario file, with the environment. */
export function readScenarioFile(path: string, overrides: readonly Override[]): ScenarioLoading {
  const file = normalize(path);
  const opened = readText(file);
  if (opened.kind === "failed") {
    const { reason: message } = opened;
    return {
      kind: "failed",
      problems: [{ file: path, line: undefined, path: "", message, hint: undefined }],
    };
  }
  return readScenarioText(file, opened.text, overrides);
}

/** The same with the text of the file, which need not be on the disk. */
export function readScenarioText(
  file: string,
  text: string,
  overrides: readonly Override[],
): ScenarioLoading {
  const reading = readScenario(file, text, overrides, { variables: process.env, open });
  if (reading.kind === "failed") return reading;
  const { scenario, whole, dependencies } = reading;
  return { kind: "ok", scenario, whole, sha256: hashOf(text, dependencies, overrides) };
}

function hashOf(
  text: string,
  { includedTexts, variables }: Dependencies,
  overrides: readonly Override[],
): string {
  const hash = createHash("sha256").update(text);
  // A file without includes and variables keeps the hash of its earlier results.
  if (includedTexts.length > 0 || Object.keys(variables).length > 0) {
    hash.update(JSON.stringify([includedTexts, variables]));
  }
  return hash.update(JSON.stringify(overrides)).digest("hex");
}

function open(written: string, from: string): Opened {
  return readText(isAbsolute(written) ? normalize(written) : join(dirname(from), written));
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EISDIR: "is a folder; give a scenario file",
};

function readText(file: string): Opened {
  try {
    return { kind: "ok", file, text: readFileSync(file, "utf8") };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { kind: "failed", reason: reasons[code] ?? `cannot be read (${code})` };
  }
}
