import { exitStatus, flag, runProgram, tellProgress, wholeNumber } from "../harness/cli-options.ts";
import { writeResultFiles } from "../results/result-files.ts";
import { runGeneratorBench } from "./generator-bench.ts";
import { fullPlan, quickPlan } from "./generator-bench-plan.ts";
import { generatorBenchTable } from "./generator-bench-table.ts";

const usage = `npm run bench:generator -- [--quick] [--seed N] [--out FOLDER]

Measures our generator beside perfdhcp, against a stateless responder on this machine's loopback: at
their maximum and at 10,000 DORA a second. About 10 minutes; --quick: about half a minute, one round.
`;

// Leaves room for the rounds, each of which adds one.
const SEED_MAX = 0xffff_0000;

const program = {
  name: "bench:generator",
  usage,
  folder: "bench-generator",
  options: { quick: flag(), seed: wholeNumber({ min: 0, max: SEED_MAX }, 1) },
};

process.exitCode = await runProgram(program, async ({ quick, seed }, folder, signal) => {
  try {
    const plan = quick ? quickPlan : fullPlan;
    const result = await runGeneratorBench({ plan, seed, signal, onProgress: tellProgress });
    const table = generatorBenchTable(result);
    const files = writeResultFiles(folder, { name: "bench-generator", result, table });
    process.stdout.write(`${table}\nWritten: ${files.json}, ${files.table}\n`);
    return exitStatus.pass;
  } catch (error) {
    process.stderr.write(`bench:generator: ${(error as Error).message}\n`);
    return exitStatus.internalError;
  }
});
