import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot, provProgram } from "../../lab/machine/package-root.ts";
import { twoProcessors } from "../../lab/machine/processors.ts";
import { exitStatus, flag, runProgram, tellProgress, wholeNumber } from "../harness/cli-options.ts";
import { appendRow, readRows } from "../results/result-files.ts";
import { remaining, type Trial, tallyTable } from "./campaign-tally.ts";
import { BlockError, type ComparedServer } from "./paired-block.ts";
import { compareServers } from "./paired-comparison.ts";

const usage = `node dist/bench/against/campaign.js [--aa N] [--slow N] [--percent N] [--minutes N]
                 [--budget SECONDS] [--again] [--seed N] [--out FOLDER]

Shows what \`prov bench --against\` is worth on this machine: N comparisons of the same server with
itself, and N with one that burns --percent more processor time (default 5). Goes on where
an earlier campaign in the folder ended, unless --again; --minutes ends it after that time (default 60).
`;

const program = {
  name: "campaign",
  usage,
  folder: "against-campaign",
  options: {
    aa: wholeNumber({ min: 0, max: 1000 }, 200),
    slow: wholeNumber({ min: 0, max: 1000 }, 40),
    percent: wholeNumber({ min: 1, max: 100 }, 5),
    minutes: wholeNumber({ min: 1, max: 2880 }, 60),
    budget: wholeNumber({ min: 10, max: 3600 }, 170),
    again: flag(),
    seed: wholeNumber({ min: 0, max: 0xfff_ffff }, 1),
  },
};

const slowdownFlags = [
  "--import",
  pathToFileURL(join(packageRoot, "bench", "against", "slowdown.mjs")).href,
];

/** Seeds of one comparison, its blocks' included. */
const SEEDS_A_TRIAL = 1000;

process.exitCode = await runProgram(program, async (options, folder, signal) => {
  const { aa, slow, percent, minutes, budget, again, seed } = options;
  const endMs = performance.now() + minutes * 60_000;
  const file = join(folder, `trials-${percent}-percent.jsonl`);
  if (again) rmSync(file, { force: true });
  const done = readRows<Trial>(file);
  for (const { kind, number } of remaining({ aa, slow }, done)) {
    if (signal.aborted || performance.now() > endMs) break;
    const work = join(folder, "work");
    mkdirSync(work, { recursive: true });
    const base = server("base", []);
    const current = server("current", kind === "slow" ? slowdownFlags : []);
    if (kind === "slow") setSlowdown(percent);
    try {
      const { judgement, blocks, durationMs } = await compareServers({
        ...{ base, current, budgetMs: budget * 1000, onBlock: () => {} },
        setting: {
          ...{ processors: twoProcessors(), folder: work, signal },
          seed: seed + SEEDS_A_TRIAL * (2 * number + (kind === "slow" ? 1 : 0)),
        },
      });
      const { verdict, metrics } = judgement;
      const cpuEffect = metrics[0].effect;
      const effects = Object.fromEntries(
        metrics.map(({ metric, effect }) => [metric.name, effect]),
      );
      const shown = { verdict, cpuEffect, effects };
      const trial: Trial = { kind, number, ...shown, blocks: blocks.length, durationMs };
      appendRow(file, trial);
      done.push(trial);
      tellProgress(`${kind} ${number}: ${verdict}, CPU ${(100 * cpuEffect).toFixed(1)} %`);
    } catch (error) {
      if (signal.aborted) break;
      if (!(error instanceof BlockError)) throw error;
      tellProgress(`${kind} ${number}: ${error.message}`);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  const table = tallyTable(done, percent);
  writeFileSync(join(folder, `campaign-${percent}-percent.md`), table);
  process.stdout.write(table);
  return done.length < aa + slow ? exitStatus.internalError : exitStatus.pass;
});

function server(name: string, nodeFlags: readonly string[]): ComparedServer {
  return { name, program: provProgram, nodeFlags };
}

function setSlowdown(percent: number): void {
  // Servers inherit them; only one that is told to load the slowdown looks at them.
  process.env["PROVLAB_SLOWDOWN_PERCENT"] = String(percent);
  process.env["PROVLAB_SLOWDOWN_DIST"] = pathToFileURL(join(packageRoot, "dist", "/")).href;
}
