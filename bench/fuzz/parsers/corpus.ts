import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { packageRoot } from "../../../lab/machine/package-root.ts";
import { type FuzzTargetEntry, type FuzzTargetName, fuzzTargets } from "./targets.ts";

export interface CorpusInput {
  /** Below the package's folder. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** The folder with the inputs that are kept for a target, below the package's folder. */
export const corpusFolder = (name: FuzzTargetName): string => join("test", "corpus", name);

/** The inputs that are kept for a target: good ones, and what fuzzing has found. */
export function keptInputs(name: FuzzTargetName): readonly CorpusInput[] {
  return inputsOf(join(corpusFolder(name), "*"));
}

/** The kept inputs, and good ones from elsewhere in the repository. */
export function knownInputs(name: FuzzTargetName): readonly CorpusInput[] {
  const { seeds = [] }: FuzzTargetEntry = fuzzTargets[name];
  return [...keptInputs(name), ...seeds.flatMap(inputsOf)];
}

function inputsOf(pattern: string): readonly CorpusInput[] {
  const folder = dirname(pattern);
  const root = join(packageRoot, folder);
  if (!existsSync(root)) return [];
  const [name, end] = [basename(pattern, extname(pattern)), extname(pattern)];
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(end))
    .filter((entry) => name === "*" || entry.name === basename(pattern))
    .map((entry) => join(folder, entry.name))
    .toSorted()
    .map((path) => ({ path, bytes: new Uint8Array(readFileSync(join(packageRoot, path))) }));
}
