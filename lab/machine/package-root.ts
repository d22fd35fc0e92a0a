import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder with package.json, whether this file runs as source or compiled below dist/. */
export const packageRoot = folderWithPackage(dirname(fileURLToPath(import.meta.url)));

/** The compiled `prov`, which may not be built yet. */
export const provProgram = join(packageRoot, "dist", "cli", "main.js");

/** The compiled relay of lab/late-answers.ts. */
export const lateAnswersProgram = join(packageRoot, "dist", "lab", "late-answers.js");

/** With it Node's debugger cannot listen; `bin/prov` says why. */
export const noDebugger = "--inspect-port=240.0.0.1:9229";

/** The command line of `prov` with these arguments, for this Node. */
export function provCommand(...args: readonly string[]): readonly string[] {
  return [process.execPath, noDebugger, provProgram, ...args];
}

function folderWithPackage(folder: string): string {
  if (existsSync(`${folder}/package.json`)) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error("package.json is missing: the installation is incomplete");
  return folderWithPackage(parent);
}

export function packageVersion(): string {
  const description: unknown = JSON.parse(readFileSync(`${packageRoot}/package.json`, "utf8"));
  return (description as { readonly version: string }).version;
}
