import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Option } from "commander";
import {
  incomparable,
  type NamedResult,
  type SortedSides,
  type Trait,
  traitNames,
  withoutUnusable,
} from "../reports/compare/comparable.ts";
import { type Judgement, type JudgeSettings, judge, runsNeeded } from "../reports/compare/judge.ts";
import { metricRuns } from "../reports/compare/metrics-of.ts";
import { smallestP } from "../reports/compare/permutation-test.ts";
import {
  type ComparisonFormat,
  comparisonFormats,
  renderComparison,
} from "../reports/compare/render-comparison.ts";
import { exitStatus } from "./options/exit-status.ts";
import { type OptionValue, whole } from "./options/options.ts";
import { Subcommand } from "./options/subcommand.ts";
import { UsageError } from "./options/usage-error.ts";
import { loadResult } from "./report.ts";
import { testOnThreads } from "./test-on-threads.ts";

interface CompareOptions {
  readonly base: readonly string[];
  readonly current: readonly string[];
  readonly paired?: true;
  readonly allow: readonly Trait[];
  readonly alpha: number;
  readonly format: ComparisonFormat;
  readonly seed: number;
  readonly strict?: true;
}

/** More runs a side than this tell nothing more. */
const RUNS_MAX = 200;

/** `prov compare BASE CURRENT`: whether one set of runs is better or worse than another. */
export async function runCompare(args: readonly string[]): Promise<number> {
  return new Subcommand("prov compare")
    .description("judge whether runs have become better or worse; 99 when worse")
    .argument("[base]", "a result.json, a run's folder, or a folder of runs")
    .argument("[current]", "the same, of the other side")
    .repeatable("--base <path>", "one more of the base")
    .repeatable("--current <path>", "one more of the current side")
    .option("--paired", "run k of one side was made beside run k of the other")
    .addOption(
      new Option("--allow <traits>", `may differ: ${traitNames.join(", ")}`)
        .argParser(parseTraits)
        .default([], "none"),
    )
    .value("--alpha <share>", "of false alarms, over all metrics", alpha, "0.01")
    .choice("--format <format>", "how it is told", comparisonFormats, "text")
    .value("--seed <number>", "of the relabellings that are drawn", whole(0, 0xffff_ffff), "1")
    .option("--strict", "exit 98 when undecided")
    .runs((base: string | undefined, current: string | undefined, options: CompareOptions) =>
      compare(
        [...(base === undefined ? [] : [base]), ...options.base],
        [...(current === undefined ? [] : [current]), ...options.current],
        options,
      ),
    )
    .examples(
      "prov compare runs/base runs/now",
      "prov compare runs/base runs/now --paired --format md --allow kernel",
    )
    .run(args);
}

async function compare(
  basePaths: readonly string[],
  currentPaths: readonly string[],
  options: CompareOptions,
): Promise<number> {
  const { seed, paired, strict, alpha: level } = options;
  const all = {
    base: resultsOf(basePaths, "base"),
    current: resultsOf(currentPaths, "current side"),
  };
  if (paired && all.base.length !== all.current.length) {
    throw new UsageError(
      `--paired: ${all.base.length} runs of the base and ${all.current.length} of the current side`,
    );
  }
  const settings = { design: paired ? "pairs" : "groups", alpha: level, seed } as const;
  const sides = withoutUnusable(all, settings.design);
  const problems = [...tooFewLeft(sides, settings), ...incomparable(sides, new Set(options.allow))];
  if (problems.length > 0) {
    throw new UsageError(`these results cannot be compared:\n${problems.join("\n")}`);
  }
  const { base, current } = sides;
  const metrics = metricRuns(base.map(resultOf), current.map(resultOf));
  const judged = judge(metrics, settings, await testOnThreads(metrics, settings));
  const judgement = { ...judged, notes: [...judged.notes, ...leftOutNote(sides)] };
  const names = { baseName: sideName(base), currentName: sideName(current) };
  process.stdout.write(renderComparison({ ...names, judgement }, options.format));
  return statusOf(judgement, strict === true);
}

/** Why the comparison is refused, where so many runs are left out that no change could be shown. */
function tooFewLeft(
  { base, current, leftOut }: SortedSides,
  { design, alpha: level }: JudgeSettings,
): readonly string[] {
  if (leftOut.length === 0 || smallestP(design, base.length, current.length) <= level) return [];
  return [
    ...leftOut.map(({ path, why }) => `${path} ${why}`),
    `without these, ${base.length} and ${current.length} runs are left: make more, ` +
      `so that each side has ${runsNeeded(design, level)} that are valid`,
  ];
}

function leftOutNote({ leftOut }: SortedSides): readonly string[] {
  if (leftOut.length === 0) return [];
  return [
    `Left out as invalid, too inexact or broken off: ${leftOut.map(({ path }) => path).join(", ")}.`,
  ];
}

/** The exit status of `prov compare` and `prov bench`. */
export function statusOf({ verdict }: Pick<Judgement, "verdict">, isStrict: boolean): number {
  if (verdict === "regressed") return exitStatus.thresholdFailed;
  return verdict === "undecided" && isStrict ? exitStatus.invalid : exitStatus.pass;
}

const resultOf = ({ result }: NamedResult) => result;

function sideName(side: readonly NamedResult[]): string {
  const commits = new Set(side.map(({ result }) => result.environment.commit));
  const [commit = "unknown"] = commits;
  return commits.size > 1 ? `${commits.size} commits` : `commit ${commit}`;
}

function resultsOf(paths: readonly string[], side: string): readonly NamedResult[] {
  const files = paths.flatMap(filesOf);
  if (files.length === 0) throw new UsageError(`give at least one result.json of the ${side}`);
  if (files.length > RUNS_MAX) {
    throw new UsageError(`${files.length} runs of the ${side}: at most ${RUNS_MAX}`);
  }
  return files.map((path) => ({ path, result: loadResult(path).result }));
}

/** The file itself, the result.json of a run's folder, or those of the runs in a folder, by name. */
function filesOf(path: string): readonly string[] {
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such file or folder`);
  if (!statSync(path).isDirectory()) return [path];
  const own = join(path, "result.json");
  if (existsSync(own)) return [own];
  const below = readdirSync(path)
    .toSorted()
    .map((name) => join(path, name, "result.json"))
    .filter((file) => existsSync(file));
  if (below.length === 0) throw new UsageError(`${path}: there is no result.json in it`);
  return below;
}

function parseTraits(text: string, before: readonly Trait[]): readonly Trait[] {
  const traits = text.split(",").map((name) => {
    const trait = traitNames.find((known) => known === name);
    if (trait !== undefined) return trait;
    throw new UsageError(`--allow ${name}: there are ${traitNames.join(", ")}`);
  });
  return [...before, ...traits];
}

const alpha: OptionValue<number> = {
  parse: (text) => {
    const share = Number(text);
    return share > 0 && share <= 0.5 ? share : undefined;
  },
  how: "give a share above 0 and up to 0.5, such as 0.01",
};
