import { runBench } from "./bench.ts";
import { everybody } from "./contenders/contenders.ts";
import { fullPlan, quickPlan } from "./harness/bench-plan.ts";
import {
  exitStatus,
  flag,
  listOf,
  runProgram,
  tellProgress,
  wholeNumber,
} from "./harness/cli-options.ts";
import type { BenchResult } from "./results/bench-result.ts";
import { writeResultFiles } from "./results/result-files.ts";
import { benchText, suiteTable } from "./results/suite-table.ts";
import { suites } from "./suites/suites.ts";

const suiteNames = suites.map(({ id }) => id);
const serverNames = everybody.map(({ id }) => id);

const usage = `npm run bench -- [--quick] [--only SUITE,SUITE] [--servers ID,ID] [--rounds N] [--seed N]
                 [--out FOLDER]

Measures Provlab and the peers that are installed, taking turns, with our simulator as the generator. Half
an hour a suite at most, over an hour for all; it begins with what to expect. --quick: a minute or two a
suite, one round of sizes that only show that it runs. --rounds: default 3. As root the servers run in network namespaces;
otherwise only those that can live on the loopback network.
Suites: ${suiteNames.join(", ")}
Servers, instead of those that a suite compares: ${serverNames.join(", ")}
`;

// Leaves room for the trials, each of which adds one.
const SEED_MAX = 0xffff_0000;

const program = {
  name: "bench",
  usage,
  folder: "bench",
  options: {
    quick: flag(),
    only: listOf("suite", suiteNames),
    servers: listOf("server", serverNames),
    rounds: wholeNumber({ min: 1, max: 100 }, undefined),
    seed: wholeNumber({ min: 0, max: SEED_MAX }, 1),
  },
};

process.exitCode = await runProgram(program, async (options, folder, signal) => {
  const { quick, only, servers, seed } = options;
  const plan = quick ? quickPlan : fullPlan;
  const write = (result: BenchResult): ReturnType<typeof writeResultFiles> =>
    writeResultFiles(folder, {
      ...{ name: "bench-result", tableName: "bench" },
      ...{ result, table: benchText(result) },
    });
  const result = await runBench({
    plan: { ...plan, rounds: options.rounds ?? plan.rounds },
    suites: suites.filter(({ id }) => only?.includes(id) ?? true),
    contenders: servers && everybody.filter(({ id }) => servers.includes(id)),
    ...{ seed, folder, signal },
    onProgress: tellProgress,
    onSuite: (soFar) => {
      const suite = soFar.suites.at(-1)!;
      const { suites: _, ...common } = soFar;
      const table = suiteTable(suite);
      writeResultFiles(folder, {
        name: `bench-${suite.id}`,
        result: { ...common, suite },
        table,
      });
      write(soFar);
      process.stdout.write(`## ${suite.title}\n\n${table}\n`);
    },
  });
  const files = write(result);
  process.stdout.write(`Written: ${files.json}, ${files.table}\n`);
  const isWhole = result.suites.every(
    ({ cutShort, rows }) => cutShort === undefined && rows.length > 0,
  );
  return isWhole && !signal.aborted ? exitStatus.pass : exitStatus.internalError;
});
