import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runGeneratorBench } from "./generator-bench.ts";
import { fullPlan, quickPlan } from "./generator-bench-plan.ts";
import { generatorBenchTable } from "./generator-bench-table.ts";

const usage = `npm run bench:generator -- [--quick] [--seed N] [--out FOLDER]

Measures our generator beside perfdhcp, against a stateless responder on this machine's loopback: at
their maximum and at 10,000 DORA a second. About 10 minutes; --quick: about half a minute, one round.
`;
const exitStatus = { pass: 0, internalError: 1, usage: 2 } as const;
const SEED_MAX = 0xffff_0000;

async function main(): Promise<number> {
  let options: { readonly help: boolean; readonly quick: boolean; readonly seed: number };
  let folder: string;
  try {
    const { values } = parseArgs({
      options: {
        help: { type: "boolean", default: false },
        quick: { type: "boolean", default: false },
        seed: { type: "string", default: "1" },
        out: { type: "string", default: join("runs", "bench-generator") },
      },
    });
    const seed = Number(values.seed);
    if (!/^\d+$/.test(values.seed) || seed > SEED_MAX) {
      throw new Error(`--seed ${values.seed}: give a whole number from 0 to ${SEED_MAX}`);
    }
    options = { help: values.help, quick: values.quick, seed };
    folder = resolve(values.out);
  } catch (error) {
    process.stderr.write(`bench:generator: ${(error as Error).message}\n${usage}`);
    return exitStatus.usage;
  }
  if (options.help) {
    process.stdout.write(usage);
    return exitStatus.pass;
  }
  const abort = new AbortController();
  const interrupt = (): void => abort.abort(new Error("interrupted"));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  mkdirSync(folder, { recursive: true });
  try {
    const result = await runGeneratorBench({
      plan: options.quick ? quickPlan : fullPlan,
      seed: options.seed,
      signal: abort.signal,
      onProgress: (line) => void process.stderr.write(`${line}\n`),
    });
    const table = generatorBenchTable(result);
    const json = join(folder, "bench-generator.json");
    const markdown = join(folder, "bench-generator.md");
    writeFileSync(json, `${JSON.stringify(result, undefined, 2)}\n`);
    writeFileSync(markdown, table);
    process.stdout.write(`${table}\nWritten: ${json}, ${markdown}\n`);
    return exitStatus.pass;
  } catch (error) {
    process.stderr.write(`bench:generator: ${(error as Error).message}\n`);
    return exitStatus.internalError;
  }
}

process.exitCode = await main();
