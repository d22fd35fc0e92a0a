import { tftpContenders } from "../contenders/tftp-contenders.ts";
import {
  exitStatus,
  flag,
  listOf,
  runProgram,
  tellProgress,
  wholeNumber,
} from "../harness/cli-options.ts";
import { writeResultFiles } from "../results/result-files.ts";
import { runTftpBench } from "./tftp-bench.ts";
import { fullPlan, quickPlan } from "./tftp-bench-plan.ts";
import { tftpBenchTable } from "./tftp-bench-table.ts";

const usage = `npm run bench:tftp -- [--quick] [--only ID,ID] [--seed N] [--out FOLDER]

Measures TFTP downloads of Provlab and of the peers that are installed, one after the other, with our
simulator's devices as the clients; every file is checked by length and hash. About 8 minutes;
--quick: about half a minute, one round of 4 KiB files in blocks of 512 bytes. As root the servers run
in network namespaces; otherwise only those that can live on the loopback network.
Servers: ${tftpContenders.map(({ id }) => id).join(", ")}
`;

// Leaves room for the loads, each of which adds one.
const SEED_MAX = 0xffff_0000;

const program = {
  name: "bench:tftp",
  usage,
  folder: "bench-tftp",
  options: {
    quick: flag(),
    only: listOf(
      "server",
      tftpContenders.map(({ id }) => id),
    ),
    seed: wholeNumber({ min: 0, max: SEED_MAX }, 1),
  },
};

process.exitCode = await runProgram(program, async ({ quick, only, seed }, folder, signal) => {
  const result = await runTftpBench({
    plan: quick ? quickPlan : fullPlan,
    contenders: tftpContenders.filter(({ id }) => only?.includes(id) ?? true),
    ...{ seed, folder, signal },
    onProgress: tellProgress,
  });
  const table = tftpBenchTable(result);
  const files = writeResultFiles(folder, { name: "bench-tftp", result, table });
  process.stdout.write(`${table}\nWritten: ${files.json}, ${files.table}\n`);
  const isMeasured = result.contenders.some(({ cells }) =>
    cells.some(({ loads }) => loads.length > 0),
  );
  return isMeasured && result.cutShort === undefined ? exitStatus.pass : exitStatus.internalError;
});
