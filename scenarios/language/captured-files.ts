import { type CapturedPersona, readPersonaFile } from "../population/captured-persona.ts";
import type { ReadContext } from "../yaml/include.ts";
import { type FileProblem, formatFileProblem } from "../yaml/problems.ts";
import { placeOf, type YamlLayer } from "../yaml/yaml-layer.ts";
import type { ScenarioFile } from "./scenario-schema.ts";

/** The persona files that a scenario names, as they were read. */
export interface CapturedFiles {
  /** By the name that is written in the scenario. */
  readonly personas: ReadonlyMap<string, CapturedPersona>;
  /** The same as texts. */
  readonly texts: ReadonlyMap<string, string>;
  readonly problems: readonly FileProblem[];
}

/** Reads the persona files; a name is relative to the folder of the file that it is written in. */
export function readCapturedFiles(
  { personas: shares }: ScenarioFile,
  layers: readonly [YamlLayer, ...YamlLayer[]],
  { open }: ReadContext,
): CapturedFiles {
  const personas = new Map<string, CapturedPersona>();
  const texts = new Map<string, string>();
  const problems: FileProblem[] = [];
  for (const [index, { file: name }] of shares.entries()) {
    if (name === undefined || personas.has(name)) continue;
    const { file, line } = placeOf(layers, ["personas", index, "file"]);
    const path = `personas[${index}].file`;
    const wrong = (message: string): void => {
      problems.push({ file, line, path, message: `${name}: ${message}`, hint: undefined });
    };
    const opened = open(name, file);
    if (opened.kind === "failed") {
      wrong(opened.reason);
      continue;
    }
    const reading = readPersonaFile(opened.file, opened.text);
    if (reading.kind === "failed") {
      wrong(`is no persona file: ${reading.problems.map(formatFileProblem).join("; ")}`);
      continue;
    }
    texts.set(name, opened.text);
    personas.set(name, reading.persona);
  }
  return { personas, texts, problems };
}
