import { rmSync } from "node:fs";
import { join } from "node:path";
import { Option } from "commander";
import { BlockError } from "../bench/against/paired-block.ts";
import { compareServers } from "../bench/against/paired-comparison.ts";
import { CheckoutError, checkOutReference, workFolder } from "../bench/against/worktree.ts";
import { GeneratorError } from "../bench/generators/generator-process.ts";
import { LabError } from "../lab/machine/lab-error.ts";
import { packageRoot, provProgram } from "../lab/machine/package-root.ts";
import { twoProcessors } from "../lab/machine/processors.ts";
import {
  type ComparisonFormat,
  comparisonFormats,
  renderComparison,
} from "../reports/compare/render-comparison.ts";
import { statusOf } from "./compare.ts";
import { durationParser, type OptionValue, parserOf, whole } from "./options/options.ts";
import { Subcommand } from "./options/subcommand.ts";
import { untilInterrupted } from "./options/until-interrupted.ts";
import { usageErrorFor } from "./options/usage-error.ts";

const BUDGET_MS_MAX = 3_600_000;
/** Leaves room for the blocks, each of which takes some. */
const SEED_MAX = 0xffff_0000;

interface BenchOptions {
  readonly against: string;
  readonly budget: number;
  readonly format: ComparisonFormat;
  readonly seed: number;
  readonly strict?: boolean;
}

/** `prov bench --against REF`: whether this checkout's server is slower than a commit's. */
export async function runBenchAgainst(args: readonly string[]): Promise<number> {
  return new Subcommand("prov bench")
    .description("measure this checkout's server beside that of another commit; 99 when slower")
    .requiredOption("--against <commit>", "a branch, tag or commit of this checkout")
    .addOption(
      new Option("--budget <duration>", "for the measurement, after the build")
        .argParser(parserOf("--budget", budget))
        .default(170_000, "170 s"),
    )
    .choice("--format <format>", "how it is told", comparisonFormats, "text")
    .value("--seed <number>", "of devices and relabellings", whole(0, SEED_MAX), "1")
    .option("--strict", "exit 98 when undecided")
    .runs((options: BenchOptions) =>
      untilInterrupted("prov bench", [BlockError, LabError, GeneratorError], (signal) =>
        measure(options, signal),
      ),
    )
    .examples(
      "prov bench --against main",
      'prov bench --against v1.2.0 --budget "5 min" --format md --strict',
    )
    .run(args);
}

const budget: OptionValue<number> = {
  parse: durationParser(0, BUDGET_MS_MAX),
  how: "write a duration up to 1 h, such as 3 min",
};

async function measure(
  { against, budget, format, seed, strict }: BenchOptions,
  signal: AbortSignal,
): Promise<number> {
  const tell = (line: string): void => void process.stderr.write(`${line}\n`);
  tell(`prov bench: building ${against}`);
  const reference = await checkOutReference(packageRoot, against, signal).catch(
    usageErrorFor(CheckoutError),
  );
  const folder = workFolder(packageRoot);
  try {
    const { judgement } = await compareServers({
      base: {
        name: against,
        program: join(reference.folder, "dist", "cli", "main.js"),
        nodeFlags: [],
      },
      current: { name: "this checkout", program: provProgram, nodeFlags: [] },
      setting: { processors: twoProcessors(), seed, folder, signal },
      budgetMs: budget,
      onBlock: (blocks) => tell(`prov bench: ${blocks.length} blocks`),
    });
    const baseName = `${against} (${reference.commit.slice(0, 12)})`;
    const comparison = { baseName, currentName: "this checkout", judgement };
    process.stdout.write(renderComparison(comparison, format));
    return statusOf(judgement, strict === true);
  } finally {
    reference.remove();
    rmSync(folder, { recursive: true, force: true });
  }
}
