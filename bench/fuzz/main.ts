import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { killServers } from "../server-process.ts";
import { runFuzz } from "./fuzz.ts";
import { type FuzzRequest, fuzzSubjects } from "./fuzz-request.ts";

const usage = `npm run fuzz -- [--only dhcp|tftp|config] [--decoder N] [--server N] [--expressions N]
                    [--seed N] [--out FOLDER]

Feeds N random and mutated packets to the DHCP decoder and to the TFTP decoder (default 10,000,000
each), and N to a running server of each on the loopback network (default 1,000,000); reads N random
and mutated statements of dhcpd.conf and evaluates their expressions (default 1,000,000). 0 leaves a
part out. The seed is printed: the same seed makes the same packets, but which transfer of a running
TFTP server they are aimed at depends on its replies. Exit status 0: nothing found; 99:
something was.
`;

const exitStatus = { pass: 0, usage: 2, found: 99 } as const;

interface FuzzOptions {
  readonly help: boolean;
  readonly only: FuzzRequest["only"];
  readonly decoder: number;
  readonly server: number;
  readonly expressions: number;
  readonly seed: number;
  readonly folder: string;
}

function optionsOf(args: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      only: { type: "string" },
      decoder: { type: "string", default: "10000000" },
      server: { type: "string", default: "1000000" },
      expressions: { type: "string", default: "1000000" },
      seed: { type: "string", default: String(Date.now() % SEED_SPAN) },
      out: { type: "string", default: join("runs", "fuzz") },
    },
  });
  return {
    help: values.help,
    only: subjectOf(values.only),
    decoder: wholeNumber("--decoder", values.decoder, PACKETS_MAX),
    server: wholeNumber("--server", values.server, PACKETS_MAX),
    expressions: wholeNumber("--expressions", values.expressions, PACKETS_MAX),
    seed: wholeNumber("--seed", values.seed, 0xffff_ffff),
    folder: resolve(values.out),
  };
}

const SEED_SPAN = 1_000_000_000;
const PACKETS_MAX = 10_000_000_000;

function subjectOf(text: string | undefined): FuzzRequest["only"] {
  const subject = fuzzSubjects.find((name) => name === text);
  if (text === undefined || subject !== undefined) return subject;
  throw new Error(`--only ${text}: give ${fuzzSubjects.join(", ")}`);
}

function wholeNumber(option: string, text: string, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= max) return value;
  throw new Error(`${option} ${text}: give a whole number from 0 to ${max}`);
}

async function main(): Promise<number> {
  let options: FuzzOptions;
  try {
    options = optionsOf(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`fuzz: ${(error as Error).message}\n${usage}`);
    return exitStatus.usage;
  }
  if (options.help) {
    process.stdout.write(usage);
    return exitStatus.pass;
  }
  const abort = new AbortController();
  const interrupt = (): void => abort.abort(new Error("interrupted"));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  process.on("exit", killServers);
  mkdirSync(options.folder, { recursive: true });
  process.stdout.write(`seed ${options.seed}\n`);
  const isClean = await runFuzz({
    ...options,
    signal: abort.signal,
    onProgress: (line) => void process.stderr.write(`${line}\n`),
    onResult: (line) => void process.stdout.write(`${line}\n`),
  });
  return isClean ? exitStatus.pass : exitStatus.found;
}

process.exitCode = await main();
