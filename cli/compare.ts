import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import {
  incomparable,
  type NamedResult,
  type Trait,
  traitNames,
} from "../reports/compare/comparable.ts";
import { type Judgement, judge } from "../reports/compare/judge.ts";
import { metricRuns } from "../reports/compare/metrics-of.ts";
import type { Design } from "../reports/compare/permutation-test.ts";
import {
  type ComparisonFormat,
  comparisonFormats,
  renderComparison,
} from "../reports/compare/render-comparison.ts";
import type { RunResult } from "../reports/result/run-result.ts";
import { addExamples } from "./options/examples.ts";
import { exitStatus } from "./options/exit-status.ts";
import { collect, wholeNumber } from "./options/options.ts";
import { runCommander } from "./options/run-commander.ts";
import { UsageError } from "./options/usage-error.ts";
import { loadResult } from "./report.ts";
import { testOnThreads } from "./test-on-threads.ts";

interface CompareOptions {
  readonly base: readonly string[];
  readonly current: readonly string[];
  readonly paired?: boolean;
  readonly allow: readonly Trait[];
  readonly alpha: number;
  readonly format: ComparisonFormat;
  readonly seed: number;
  readonly strict?: boolean;
}

/** More runs a side than this say nothing that fewer do not. */
const RUNS_MAX = 200;

/** `prov compare BASE CURRENT`: whether one set of runs is better or worse than another. */
export async function runCompare(args: readonly string[]): Promise<number> {
  let status: number = exitStatus.pass;
  const command = new Command("prov compare")
    .description("judge whether runs have become better or worse; 99 when worse")
    .argument("[base]", "a result.json, a run's folder, or a folder of runs")
    .argument("[current]", "the same, of the other side")
    .addOption(
      new Option("--base <path>", "one more of the base").argParser(collect).default([], "none"),
    )
    .addOption(
      new Option("--current <path>", "one more of the current side")
        .argParser(collect)
        .default([], "none"),
    )
    .option("--paired", "run k of one side was made beside run k of the other")
    .addOption(
      new Option("--allow <traits>", `may differ: ${traitNames.join(", ")}`)
        .argParser(parseTraits)
        .default([], "none"),
    )
    .option("--alpha <share>", "of false alarms, over all metrics", parseAlpha, 0.01)
    .addOption(
      new Option("--format <format>", "how it is told").choices(comparisonFormats).default("text"),
    )
    .option(
      "--seed <number>",
      "of the relabellings that are drawn",
      wholeNumber("--seed", 0, 0xffff_ffff),
      1,
    )
    .option("--strict", "exit 98 when undecided")
    .action(
      async (base: string | undefined, current: string | undefined, options: CompareOptions) => {
        status = await compare(
          [...(base === undefined ? [] : [base]), ...options.base],
          [...(current === undefined ? [] : [current]), ...options.current],
          options,
        );
      },
    );
  addExamples(
    command,
    "prov compare runs/base runs/now",
    "prov compare runs/base runs/now --paired --format md --allow kernel",
  );
  return (await runCommander(command, args)) ?? status;
}

async function compare(
  basePaths: readonly string[],
  currentPaths: readonly string[],
  options: CompareOptions,
): Promise<number> {
  const base = resultsOf(basePaths, "base");
  const current = resultsOf(currentPaths, "current side");
  const problems = incomparable([...base, ...current], new Set(options.allow));
  if (problems.length > 0) {
    throw new UsageError(`these results cannot be compared:\n${problems.join("\n")}`);
  }
  const design: Design = options.paired ? "pairs" : "groups";
  if (options.paired && base.length !== current.length) {
    throw new UsageError(
      `--paired: ${base.length} runs of the base and ${current.length} of the current side`,
    );
  }
  const [baseResults, currentResults] = [base, current].map((side) =>
    side.map(({ result }) => result),
  ) as [RunResult[], RunResult[]];
  const { alpha, seed } = options;
  const metrics = metricRuns(baseResults, currentResults);
  const settings = { design, alpha, seed };
  const judgement = judge(metrics, settings, await testOnThreads(metrics, settings));
  const names = { baseName: sideName(base), currentName: sideName(current) };
  process.stdout.write(renderComparison({ ...names, judgement }, options.format));
  return statusOf(judgement, options.strict === true);
}

/** Also of `prov bench`. */
export function statusOf({ verdict }: Pick<Judgement, "verdict">, isStrict: boolean): number {
  if (verdict === "regressed") return exitStatus.thresholdFailed;
  return verdict === "undecided" && isStrict ? exitStatus.invalid : exitStatus.pass;
}

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

/** The file itself, that of a run's folder, or those of the runs in a folder, by name. */
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

function parseAlpha(text: string): number {
  const alpha = Number(text);
  if (alpha > 0 && alpha <= 0.5) return alpha;
  throw new UsageError(`--alpha ${text}: give a share above 0 and up to 0.5, such as 0.01`);
}
