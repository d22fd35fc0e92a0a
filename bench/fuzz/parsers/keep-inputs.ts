import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../../lab/machine/package-root.ts";
import { runToEnd } from "../../../lab/machine/run-to-end.ts";
import { corpusFolder, keptInputs } from "./corpus.ts";
import { environmentFor, jazzerCommand } from "./jazzer.ts";
import type { FuzzTargetName } from "./targets.ts";

/** Of the inputs that are kept for a parser. */
export const keptLimits = { files: 64, bytes: 48 * 1024 } as const;

const MERGE_MS_MAX = 20 * 60_000;

/**
 * Adds new inputs of a campaign's folder to test/corpus: as few as reach all edges that the kept ones do
 * not, the smallest first, within the limits.
 */
export async function keepInputs(
  names: readonly FuzzTargetName[],
  folder: string,
  signal: AbortSignal,
  onProgress: (line: string) => void,
): Promise<void> {
  for (const name of names) {
    const merged = join(folder, name, "merged");
    rmSync(merged, { recursive: true, force: true });
    cpSync(join(folder, name, "known"), merged, { recursive: true });
    const known = new Set(readdirSync(merged));
    const command = jazzerCommand([merged, join(folder, name, "found")], {
      ...{ merge: 1, use_counters: 0 },
    });
    const { status, output } = await runToEnd(command, {
      ...{ signal, msMax: MERGE_MS_MAX, environment: environmentFor(name) },
    });
    if (status !== 0)
      throw new Error(`${name}: its inputs could not be merged:\n${output.slice(-2000)}`);
    const added = keep(name, merged, known);
    onProgress(`${name}: ${added} inputs added to ${corpusFolder(name)}`);
  }
}

function keep(name: FuzzTargetName, merged: string, known: ReadonlySet<string>): number {
  const kept = keptInputs(name);
  let files = kept.length;
  let bytes = kept.reduce((sum, input) => sum + input.bytes.length, 0);
  const target = join(packageRoot, corpusFolder(name));
  mkdirSync(target, { recursive: true });
  const fresh = readdirSync(merged)
    .filter((file) => !known.has(file))
    .map((file) => ({ file, content: readFileSync(join(merged, file)) }))
    .toSorted((one, other) => one.content.length - other.content.length);
  for (const { file, content } of fresh) {
    files += 1;
    bytes += content.length;
    if (files > keptLimits.files || bytes > keptLimits.bytes) return files - 1 - kept.length;
    writeFileSync(join(target, file.slice(0, 12)), content);
  }
  return fresh.length;
}
