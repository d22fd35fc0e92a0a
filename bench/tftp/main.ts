import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runTftpBench } from "./tftp-bench.ts";
import { fullPlan, quickPlan } from "./tftp-bench-plan.ts";
import { tftpBenchTable } from "./tftp-bench-table.ts";
import { tftpContenders } from "./tftp-contenders.ts";

const usage = `npm run bench:tftp -- [--quick] [--only ID,ID] [--seed N] [--out FOLDER]

Measures TFTP downloads of Provlab and of the peers that are installed, one after the other, with our
simulator's devices as the clients; every file is checked by length and hash. About 8 minutes;
--quick: about half a minute, one round of 4 KiB files in blocks of 512 bytes. As root the servers run
in network namespaces; otherwise only those that can live on the loopback network.
Servers: ${tftpContenders.map(({ id }) => id).join(", ")}
`;

const exitStatus = { pass: 0, internalError: 1, usage: 2 } as const;

async function main(): Promise<number> {
  let options: BenchOptions;
  try {
    options = optionsOf(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`bench:tftp: ${(error as Error).message}\n${usage}`);
    return exitStatus.usage;
  }
  if (options.help) {
    process.stdout.write(usage);
    return exitStatus.pass;
  }
  const abort = new AbortController();
  const interrupt = (): void => abort.abort(new Error("interrupted"));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  mkdirSync(options.folder, { recursive: true });
  const result = await runTftpBench({
    plan: options.quick ? quickPlan : fullPlan,
    contenders: tftpContenders.filter(({ id }) => options.only?.includes(id) ?? true),
    seed: options.seed,
    folder: options.folder,
    signal: abort.signal,
    onProgress: (line) => void process.stderr.write(`${line}\n`),
  });
  const table = tftpBenchTable(result);
  const files = {
    json: join(options.folder, "bench-tftp.json"),
    table: join(options.folder, "bench-tftp.md"),
  };
  writeFileSync(files.json, `${JSON.stringify(result, undefined, 2)}\n`);
  writeFileSync(files.table, table);
  process.stdout.write(`${table}\nWritten: ${files.json}, ${files.table}\n`);
  const isMeasured = result.contenders.some(({ cells }) =>
    cells.some(({ loads }) => loads.length > 0),
  );
  return isMeasured && result.cutShort === undefined ? exitStatus.pass : exitStatus.internalError;
}

interface BenchOptions {
  readonly help: boolean;
  readonly quick: boolean;
  readonly only: readonly string[] | undefined;
  readonly seed: number;
  readonly folder: string;
}

function optionsOf(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      seed: { type: "string", default: "1" },
      out: { type: "string", default: join("runs", "bench-tftp") },
    },
  });
  const only = values.only?.split(",");
  const unknown = only?.find((id) => !tftpContenders.some((contender) => contender.id === id));
  if (unknown !== undefined) throw new Error(`there is no server "${unknown}"`);
  const seed = Number(values.seed);
  if (!/^\d+$/.test(values.seed) || seed > SEED_MAX) {
    throw new Error(`--seed ${values.seed}: give a whole number from 0 to ${SEED_MAX}`);
  }
  return { help: values.help, quick: values.quick, only, seed, folder: resolve(values.out) };
}

// Leaves room for the loads, each of which adds one.
const SEED_MAX = 0xffff_0000;

process.exitCode = await main();
