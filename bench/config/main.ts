import {
  exitStatus,
  flag,
  listOf,
  runProgram,
  tellProgress,
  wholeNumber,
} from "../harness/cli-options.ts";
import { writeResultFiles } from "../results/result-files.ts";
import { runConfigBench } from "./config-bench.ts";
import { configBenchTable } from "./config-bench-table.ts";
import { fullCases } from "./config-files.ts";

const usage = `npm run bench:config -- [--quick] [--only ID,ID] [--rounds N] [--seconds N] [--out FOLDER]

Generates large dhcpd.conf files in a temporary folder and lets prov dhcpd -t and dhcpd -t check them,
taking turns: time and peak memory. A run is ended after --seconds (default 120). --rounds: default 5;
--quick: one round of the smallest file. About 10 minutes.
Files: ${fullCases.map(({ id, name }) => `${id} (${name})`).join("; ")}
`;

const program = {
  name: "bench:config",
  usage,
  folder: "bench-config",
  options: {
    quick: flag(),
    only: listOf(
      "file",
      fullCases.map(({ id }) => id),
    ),
    rounds: wholeNumber({ min: 1, max: 100 }, undefined),
    seconds: wholeNumber({ min: 1, max: 3600 }, 120),
  },
};

process.exitCode = await runProgram(program, async (options, folder, signal) => {
  const { quick, rounds = quick ? 1 : 5, seconds: secondsMax } = options;
  const only = options.only ?? (quick ? [fullCases[0]!.id] : undefined);
  const result = await runConfigBench({
    cases: fullCases.filter(({ id }) => only?.includes(id) ?? true),
    ...{ rounds, secondsMax, signal },
    onProgress: tellProgress,
  });
  const table = configBenchTable(result);
  const files = writeResultFiles(folder, { name: "bench-config", result, table });
  process.stdout.write(`${table}\nWritten: ${files.json}, ${files.table}\n`);
  return result.cutShort === undefined ? exitStatus.pass : exitStatus.internalError;
});
