import type { RunResult } from "./run-result.ts";
import { violationsOf } from "./safety.ts";

/** One criterion of a run. `void`: the run is invalid, so it says nothing about this. */
export interface Judged {
  readonly group: "verdict" | "threshold" | "safety" | "generator";
  readonly name: string;
  readonly state: "holds" | "failed" | "invalid" | "void";
  /** The measured value, or the problem, in a sentence or less. */
  readonly said: string;
}

/** The verdict, each threshold, each safety check and the generator's health, in this order. */
export function judgedOf(result: RunResult): Judged[] {
  const { verdict, reasons, safety, generator } = result;
  const isInDoubt = verdict === "invalid" && generator.problems.length > 0;
  return [
    {
      group: "verdict",
      name: result.scenario.name,
      state: ({ pass: "holds", fail: "failed", invalid: "invalid" } as const)[verdict],
      said: reasons.length === 0 ? verdict : reasons.join(" "),
    },
    ...result.thresholds.map(
      ({ text, actual, holds }): Judged => ({
        group: "threshold",
        name: text,
        state: verdict === "invalid" ? "void" : holds ? "holds" : "failed",
        said: `was ${actual ?? "not measured"}`,
      }),
    ),
    // A violation that was seen did happen, also in an invalid run.
    ...violationsOf(safety).map(
      ([name, count]): Judged => ({
        group: "safety",
        name: `no ${name}`,
        state: count === 0 ? "holds" : "failed",
        said: `${count} seen in ${safety.acknowledged} ACKs`,
      }),
    ),
    {
      group: "generator",
      name: "the generator changed no answer",
      state: isInDoubt ? "invalid" : "holds",
      said:
        generator.problems.length === 0
          ? `slip p99 ${generator.slipMsP99} ms`
          : generator.problems.join("; "),
    },
  ];
}
