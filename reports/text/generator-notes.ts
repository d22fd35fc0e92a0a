import type { RunResult } from "../result/run-result.ts";

/** Where the generator was beyond its limits, for a run whose verdict stands all the same; empty for others. */
export function generatorNotes({ verdict, generator }: RunResult): readonly string[] {
  if (verdict === "invalid" || generator.problems.length === 0) return [];
  return [
    ...generator.problems.map((problem) => `${capitalized(problem)}.`),
    verdict === "pass"
      ? "It passes all the same: this can only have made the server look worse (docs/results.md)."
      : "The verdict stands all the same: this cannot have caused it (docs/results.md).",
  ];
}

function capitalized(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
