import { median } from "../../base/median.ts";
import { type ComparisonVerdict, comparisonVerdicts } from "../../reports/compare/judge.ts";
import { markdownTable } from "../../reports/text/markdown-table.ts";

/** One comparison of a campaign, as a line of its file. */
export interface Trial {
  /** `aa`: the same server twice; `slow`: the current one burns more processor time. */
  readonly kind: TrialKind;
  readonly number: number;
  readonly verdict: ComparisonVerdict;
  /** Server CPU a transaction: current over base, minus 1. */
  readonly cpuEffect: number;
  /** The effect on each metric, by its name. */
  readonly effects: Readonly<Record<string, number>>;
  readonly blocks: number;
  readonly durationMs: number;
}

export const trialKinds = ["aa", "slow"] as const;
export type TrialKind = (typeof trialKinds)[number];
export type TrialCounts = Readonly<Record<TrialKind, number>>;

/** The comparisons still to be made, alike and slowed in turns, so that a campaign cut short has both. */
export function remaining(
  wanted: TrialCounts,
  done: readonly Trial[],
): readonly Pick<Trial, "kind" | "number">[] {
  const known = new Set(done.map(({ kind, number }) => `${kind} ${number}`));
  return trialKinds
    .flatMap((kind) => Array.from({ length: wanted[kind] }, (_, number) => ({ kind, number })))
    .filter(({ kind, number }) => !known.has(`${kind} ${number}`))
    .toSorted((a, b) => (a.number + 1) / wanted[a.kind] - (b.number + 1) / wanted[b.kind]);
}

export interface Tally {
  readonly kind: TrialKind;
  readonly verdicts: Readonly<Record<ComparisonVerdict, number>>;
  readonly trials: number;
  readonly cpuEffectMedian: number;
  readonly durationMsMax: number;
}

export function tallies(done: readonly Trial[]): readonly Tally[] {
  return trialKinds.flatMap((kind) => {
    const trials = done.filter((trial) => trial.kind === kind);
    if (trials.length === 0) return [];
    const count = (verdict: ComparisonVerdict): number =>
      trials.filter((trial) => trial.verdict === verdict).length;
    const effects = trials.map(({ cpuEffect }) => cpuEffect);
    return [
      {
        ...{ kind, trials: trials.length, cpuEffectMedian: median(effects)! },
        verdicts: {
          ...{ improved: count("improved"), same: count("same") },
          ...{ regressed: count("regressed"), undecided: count("undecided") },
        },
        durationMsMax: Math.max(...trials.map(({ durationMs }) => durationMs)),
      },
    ];
  });
}

export function tallyTable(done: readonly Trial[], slowdownPercent: number): string {
  const names = { aa: "the same server twice", slow: `${slowdownPercent} % more processor time` };
  const figures = ["tries", ...comparisonVerdicts, "median effect on CPU", "longest"];
  const rows = tallies(done).map(({ kind, trials, verdicts, cpuEffectMedian, durationMsMax }) => [
    ...[names[kind], String(trials), ...comparisonVerdicts.map((each) => String(verdicts[each]))],
    ...[`${(100 * cpuEffectMedian).toFixed(1)} %`, `${Math.round(durationMsMax / 1000)} s`],
  ]);
  return markdownTable(
    [["comparison", "left"], ...figures.map((head) => [head, "right"] as const)],
    rows,
  );
}
