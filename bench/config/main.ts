import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { runConfigBench } from "./config-bench.ts";
import { configBenchTable } from "./config-bench-table.ts";
import { fullCases } from "./config-files.ts";

const usage = `npm run bench:config -- [--quick] [--only ID,ID] [--rounds N] [--seconds N] [--out FOLDER]

Generates large dhcpd.conf files in a temporary folder and lets prov dhcpd -t and dhcpd -t check them,
taking turns: time and peak memory. A run is ended after --seconds (default 120). --rounds: default 5;
--quick: one round of the smallest file. About 10 minutes.
Files: ${fullCases.map(({ id, name }) => `${id} (${name})`).join("; ")}
`;

const exitStatus = { pass: 0, internalError: 1, usage: 2 } as const;
const ROUNDS_MAX = 100;
const SECONDS_MAX = 3600;

async function main(): Promise<number> {
  let options: ReturnType<typeof optionsOf>;
  try {
    options = optionsOf(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`bench:config: ${(error as Error).message}\n${usage}`);
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
  const result = await runConfigBench({
    ...options,
    signal: abort.signal,
    onProgress: (text) => void process.stderr.write(`${text}\n`),
  });
  const table = configBenchTable(result);
  const files = {
    json: join(options.folder, "bench-config.json"),
    table: join(options.folder, "bench-config.md"),
  };
  writeFileSync(files.json, `${JSON.stringify(result, undefined, 2)}\n`);
  writeFileSync(files.table, table);
  process.stdout.write(`${table}\nWritten: ${files.json}, ${files.table}\n`);
  return result.cutShort === undefined ? exitStatus.pass : exitStatus.internalError;
}

function optionsOf(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string", default: "120" },
      out: { type: "string", default: join("runs", "bench-config") },
    },
  });
  const only = values.only?.split(",") ?? (values.quick ? [fullCases[0]!.id] : undefined);
  const unknown = only?.find((id) => !fullCases.some((one) => one.id === id));
  if (unknown !== undefined) throw new Error(`there is no file "${unknown}"`);
  return {
    help: values.help,
    cases: fullCases.filter(({ id }) => only?.includes(id) ?? true),
    rounds: wholeNumber("--rounds", values.rounds ?? (values.quick ? "1" : "5"), ROUNDS_MAX),
    secondsMax: wholeNumber("--seconds", values.seconds, SECONDS_MAX),
    folder: resolve(values.out),
  };
}

function wholeNumber(option: string, text: string, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= max) return value;
  throw new Error(`${option} ${text}: give a whole number from 1 to ${max}`);
}

process.exitCode = await main();
