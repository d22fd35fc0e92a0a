import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runJobs } from "../../base/worker-pool.ts";
import { provCommand } from "../../lab/machine/package-root.ts";
import { runToEnd } from "../../lab/machine/run-to-end.ts";
import { incomparable, whyUnusable, withoutUnusable } from "../../reports/compare/comparable.ts";
import { metricRuns } from "../../reports/compare/metrics-of.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { exitStatus, flag, runProgram, tellProgress, wholeNumber } from "../harness/cli-options.ts";
import { resultIn } from "../results/result-files.ts";
import { alikeTable, type compareAlike, type SplitPlan } from "./alike-splits.ts";

const usage = `node dist/bench/against/alike.js [--runs N] [--comparisons N] [--seed N] [--again]
                 [--out FOLDER]

Shows that \`prov compare\` keeps its level on real runs: plays a small scenario --runs times (default
24), then compares random halves of them with each other --comparisons times (default 200) at the
default level, as groups and as pairs. Nothing differs, so what is found is a false alarm: 99
when there are more than the level allows. Goes on where an earlier one in the folder ended, unless --again.
`;

const program = {
  name: "alike",
  usage,
  folder: "alike",
  options: {
    runs: wholeNumber({ min: 16, max: 200 }, 24),
    comparisons: wholeNumber({ min: 1, max: 10_000 }, 200),
    seed: wholeNumber({ min: 0, max: 0xfff_ffff }, 1),
    again: flag(),
  },
};

const RUN_MS_MAX = 60_000;
const TRIES_MAX = 3;
/** The default level of `prov compare`. */
const ALPHA = 0.01;

// JSON is YAML as well.
const scenario = {
  schema: "provlab/scenario@1",
  name: "alike",
  population: { cableModems: 400, cmtsCount: 2 },
  generator: { slipMsP99Max: 250 },
  phases: [
    {
      name: "connect",
      streams: [{ exchange: "discover", ratePerSecond: 400 }],
      until: "all-bound",
      timeLimit: "10 s",
      drain: "1 s",
    },
  ],
};

process.exitCode = await runProgram(program, async (options, folder, signal) => {
  const { runs, comparisons, seed, again } = options;
  const file = join(folder, "alike.yaml");
  writeFileSync(file, JSON.stringify(scenario, null, 2));
  const results: RunResult[] = [];
  for (let run = 0; run < runs; run += 1) {
    const out = join(folder, String(run).padStart(3, "0"));
    if (again) rmSync(out, { recursive: true, force: true });
    try {
      results.push(await resultOf(file, out, signal));
    } catch (error) {
      if (!signal.aborted) throw error;
      return exitStatus.internalError;
    }
    tellProgress(`run ${run + 1} of ${runs}`);
  }
  const named = results.map((result, run) => ({ path: `run ${run}`, result }));
  const sides = { base: named, current: [] };
  const { leftOut } = withoutUnusable(sides, "groups");
  const problems = [
    ...leftOut.map(({ path, why }) => `${path} ${why}`),
    ...incomparable(sides, new Set()),
  ];
  if (problems.length > 0) throw new Error(problems.join("\n"));
  // Only metrics that every run has are compared, so all of the runs decide which.
  const metrics = metricRuns(results, []);
  const plan = { comparisons, alpha: ALPHA, seed };
  const plans: readonly SplitPlan[] = [
    { ...plan, design: "groups", runs: 6 },
    { ...plan, design: "pairs", runs: 8 },
  ];
  const tallies = await runJobs<typeof compareAlike>(
    new URL("./alike-splits", import.meta.url),
    "compareAlike",
    plans.map((plan) => ({ metrics, plan })),
  );
  const heading = `${runs} runs, ${metrics.length} metrics, level ${ALPHA}, seed ${seed}`;
  const table = `${heading}\n\n${alikeTable(tallies)}`;
  writeFileSync(join(folder, "alike.md"), table);
  process.stdout.write(table);
  const isKept = tallies.every(({ found, foundMax }) => found <= foundMax);
  return isKept ? exitStatus.pass : exitStatus.found;
});

/** Reads the run in the folder, and plays it first if it is not there. */
async function resultOf(file: string, out: string, signal: AbortSignal): Promise<RunResult> {
  for (let tries = 0; ; tries += 1) {
    const reading = resultIn(out);
    // Another program disturbed such a run: it says nothing about the test.
    if (
      reading?.kind === "read" &&
      whyUnusable({ path: out, result: reading.result }) === undefined
    ) {
      return reading.result;
    }
    if (tries === TRIES_MAX) throw new Error(`${out}: ${TRIES_MAX} tries, and no valid run`);
    await runToEnd(provCommand("run", file, "--out", out, "--report", "none"), {
      ...{ signal, msMax: RUN_MS_MAX },
    });
  }
}
