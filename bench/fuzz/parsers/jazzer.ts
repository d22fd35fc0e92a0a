import { join } from "node:path";
import { packageRoot } from "../../../lab/machine/package-root.ts";
import type { FuzzTargetName } from "./targets.ts";

// Jazzer.js is libFuzzer for Node: it instruments the modules that it loads, and mutates what reached new edges.

/** Names the target to the process that `jazzerCommand` starts. */
export const TARGET_VARIABLE = "PROVLAB_FUZZ_TARGET";

/** The longest time for an input. */
const INPUT_MS_MAX = 20_000;

const program = join(packageRoot, "node_modules", "@jazzer.js", "core", "dist", "cli.js");
const targetModule = join(packageRoot, "dist", "bench", "fuzz", "parsers", "jazzer-target.js");
/** Edges are counted in the product alone: not in what checks it, and not in libraries. */
const instrumented = "protocol base server simulator scenarios reports cli".split(" ");

export const environmentFor = (name: FuzzTargetName): Readonly<Record<string, string>> => ({
  [TARGET_VARIABLE]: name,
});

/** A run of libFuzzer over folders of inputs, of which it writes to the first, with its own options. */
export function jazzerCommand(
  folders: readonly string[],
  options: Readonly<Record<string, string | number>>,
): readonly string[] {
  return [
    ...[process.execPath, program, targetModule, ...folders, "--sync"],
    ...instrumented.flatMap((room) => ["-i", `${join(packageRoot, "dist", room)}/`]),
    ...["--disable_bug_detectors=.*", `--timeout=${INPUT_MS_MAX}`, "--"],
    ...Object.entries(options).map(([option, value]) => `-${option}=${value}`),
  ];
}

/** The words of a target in the form of libFuzzer's dictionaries. */
export function dictionaryOf(words: readonly string[]): string {
  const escaped = (word: string): string =>
    word.replace(/[^ -~]|["\\]/g, (character) => {
      return `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`;
    });
  return words.map((word) => `"${escaped(word)}"\n`).join("");
}

/** What a run of libFuzzer said. */
export interface JazzerReport {
  readonly executions: number;
  /** Edges that the inputs of its folders reached; 0 when it ended before. */
  readonly edgesAtStart: number;
  readonly edges: number;
  /** What it died of, and where the input is. */
  readonly finding: { readonly what: string; readonly input: string | undefined } | undefined;
}

/** Reads the output of a run that ended with the status; null: it was killed. */
export function jazzerReport(output: string, status: number | null): JazzerReport {
  const lines = [...output.matchAll(/^#(\d+)\s+(\w+)\s+cov: (\d+)/gm)];
  const start = lines.find(([, , event]) => event === "INITED");
  const total = /^stat::number_of_executed_units:\s+(\d+)/m.exec(output)?.[1];
  const what = /^==\d+==\s*(.*)$/m.exec(output)?.[1] ?? `the fuzzer ended with status ${status}`;
  const input = /Test unit written to (.*)$/m.exec(output)?.[1];
  return {
    executions: Number(total ?? lines.at(-1)?.[1] ?? 0),
    edgesAtStart: Number(start?.[3] ?? 0),
    edges: Number(lines.at(-1)?.[3] ?? 0),
    finding: status === 0 ? undefined : { what, input },
  };
}
