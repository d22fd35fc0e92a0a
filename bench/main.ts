import { join } from "node:path";
import { packageRoot } from "../lab/machine/package-root.ts";
import { chooseNetwork, loopbackNetwork } from "../lab/machine/server-network.ts";
import { checkOutReference, type ReferenceTree } from "./against/worktree.ts";
import { type BenchRequest, runBench } from "./bench.ts";
import { fullCases } from "./config/config-files.ts";
import type { Contender } from "./contenders/contender.ts";
import { everybody } from "./contenders/contenders.ts";
import type { DhcpContender } from "./contenders/dhcp-contender.ts";
import { provlab } from "./contenders/provlab.ts";
import { tftpContenders } from "./contenders/tftp-contenders.ts";
import { type BenchPlan, fullPlan, quickPlan } from "./harness/bench-plan.ts";
import {
  exitStatus,
  flag,
  listOf,
  runProgram,
  tellProgress,
  text,
  wholeNumber,
} from "./harness/cli-options.ts";
import type { BenchResult } from "./results/bench-result.ts";
import { writeResultFiles } from "./results/result-files.ts";
import { benchText, suiteTable } from "./results/suite-table.ts";
import { config } from "./suites/config.ts";
import { generators } from "./suites/generators.ts";
import { suites } from "./suites/suites.ts";
import { tftp } from "./suites/tftp.ts";

type Command = (args: readonly string[]) => Promise<number>;

const idsOf = (named: readonly { readonly id: string }[]): readonly string[] =>
  named.map(({ id }) => id);

function chosen<Named extends { readonly id: string }>(
  all: readonly Named[],
  ids: readonly string[] | undefined,
): readonly Named[] {
  return all.filter(({ id }) => ids?.includes(id) ?? true);
}

// Leaves room for the trials, each of which adds one.
const seed = wholeNumber({ min: 0, max: 0xffff_0000 }, 1);
const rounds = wholeNumber({ min: 1, max: 100 }, undefined);

const planOf = (quick: boolean, changes: Partial<BenchPlan> = {}): BenchPlan => ({
  ...(quick ? quickPlan : fullPlan),
  ...changes,
});

const dhcpCommand: Command = (args) =>
  runProgram(
    {
      name: "bench",
      usage: `npm run bench -- [--quick] [--only SUITE,SUITE] [--servers ID,ID] [--against COMMIT] [--rounds N]
                 [--seed N] [--out FOLDER]

Measures Provlab and the peers that are installed, taking turns, with our simulator as the generator. Half
an hour a suite at most, over an hour for all; it begins with what to expect. --quick: a minute or two a
suite, one round of sizes that only show that it runs. --rounds: default 3. As root the servers run in network namespaces;
otherwise only those that can live on the loopback network.
Suites: ${idsOf(suites).join(", ")}
Servers, instead of those that a suite compares: ${idsOf(everybody).join(", ")}
--against: our server of that commit takes part, too.
`,
      folder: "bench",
      options: {
        ...{ quick: flag(), rounds, seed },
        only: listOf("suite", idsOf(suites)),
        servers: listOf("server", idsOf(everybody)),
        against: text(),
      },
    },
    async ({ quick, only, servers, against, rounds, seed }, folder, signal) => {
      const reference = against && (await checkOutReference(packageRoot, against, signal));
      try {
        const before = reference ? [serverOf(reference)] : [];
        return await measure({
          plan: planOf(quick, rounds === undefined ? {} : { rounds }),
          suites: chosen(suites, only).map((suite) => ({
            ...suite,
            contenders: [...(servers ? chosen(everybody, servers) : suite.contenders), ...before],
          })),
          network: chooseNetwork(tellProgress),
          ...{ seed, folder, signal, hasWhole: true },
        });
      } finally {
        if (reference) reference.remove();
      }
    },
    args,
  );

/** Our server of another commit. */
function serverOf({ folder, commit }: ReferenceTree): DhcpContender {
  const program = join(folder, "dist", "cli", "main.js");
  const id = commit.slice(0, 12);
  return { ...provlab("batch", { program, nodeFlags: [] }), id, name: `Provlab ${id}` };
}

const tftpCommand: Command = (args) =>
  runProgram(
    {
      name: "bench:tftp",
      usage: `npm run bench:tftp -- [--quick] [--only ID,ID] [--seed N] [--out FOLDER]

Measures TFTP downloads of Provlab and of the peers that are installed, one after the other, with our
simulator's devices as the clients; every file is checked by length and hash. About 8 minutes;
--quick: about half a minute, one round of 4 KiB files in blocks of 512 bytes. As root the servers run
in network namespaces; otherwise only those that can live on the loopback network.
Servers: ${idsOf(tftpContenders).join(", ")}
`,
      folder: "bench-tftp",
      options: { quick: flag(), only: listOf("server", idsOf(tftpContenders)), seed },
    },
    ({ quick, only, seed }, folder, signal) =>
      measure({
        plan: planOf(quick, { suiteMsMax: (quick ? 1 : 9) * 60_000 }),
        suites: [tftp],
        contenders: chosen(tftpContenders, only),
        network: chooseNetwork(tellProgress),
        ...{ seed, folder, signal },
      }),
    args,
  );

const configCommand: Command = (args) =>
  runProgram(
    {
      name: "bench:config",
      usage: `npm run bench:config -- [--quick] [--only ID,ID] [--rounds N] [--seconds N] [--out FOLDER]

Generates large dhcpd.conf files in a temporary folder and lets prov dhcpd -t and dhcpd -t check them,
taking turns: time and peak memory. A run is ended after --seconds (default 120). --rounds: default 5;
--quick: one round of the smallest file. About 10 minutes.
Files: ${fullCases.map(({ id, name }) => `${id} (${name})`).join("; ")}
`,
      folder: "bench-config",
      options: {
        ...{ quick: flag(), rounds },
        only: listOf("file", idsOf(fullCases)),
        seconds: wholeNumber({ min: 1, max: 3600 }, 120),
      },
    },
    ({ quick, only, rounds = quick ? 1 : 5, seconds: secondsMax }, folder, signal) => {
      const cases = only === undefined ? planOf(quick).config.cases : chosen(fullCases, only);
      return measure({
        plan: planOf(quick, { rounds, config: { cases, secondsMax }, suiteMsMax: Infinity }),
        ...{ suites: [config], network: loopbackNetwork(), seed: 1, folder, signal },
      });
    },
    args,
  );

const generatorCommand: Command = (args) =>
  runProgram(
    {
      name: "bench:generator",
      usage: `npm run bench:generator -- [--quick] [--seed N] [--out FOLDER]

Measures our generator beside perfdhcp, against a stateless responder on this machine's loopback: at
their maximum and at 10,000 DORA a second. About 10 minutes; --quick: about half a minute, one round.
`,
      folder: "bench-generator",
      options: { quick: flag(), seed },
    },
    ({ quick, seed }, folder, signal) =>
      measure({
        ...{ plan: planOf(quick), suites: [generators], network: loopbackNetwork() },
        ...{ seed, folder, signal },
      }),
    args,
  );

type Asked<Member extends Contender> = Omit<BenchRequest<Member>, "onProgress" | "onSuite"> & {
  /** Whether all suites go into one file besides their own. */
  readonly hasWhole?: boolean;
};

async function measure<Member extends Contender>(asked: Asked<Member>): Promise<number> {
  const { folder, signal, hasWhole = false } = asked;
  const files: string[] = [];
  const result = await runBench({
    ...{ ...asked, onProgress: tellProgress },
    onSuite: (soFar) => {
      files.push(...writeSuite(folder, soFar));
      if (hasWhole) writeWhole(folder, soFar);
    },
  });
  const written = hasWhole ? writeWhole(folder, result) : files;
  process.stdout.write(`Written: ${written.join(", ")}\n`);
  const isWhole = result.suites.every(
    ({ cutShort, rows }) => cutShort === undefined && rows.length > 0,
  );
  return isWhole && !signal.aborted ? exitStatus.pass : exitStatus.internalError;
}

/** Writes the latest suite into files of its own, and prints it. */
function writeSuite(folder: string, { suites: soFar, ...common }: BenchResult): readonly string[] {
  const suite = soFar.at(-1)!;
  const table = suiteTable(suite);
  process.stdout.write(`## ${suite.title}\n\n${table}\n`);
  return writeResultFiles(folder, {
    name: `bench-${suite.id}`,
    result: { ...common, suite },
    table,
  });
}

function writeWhole(folder: string, result: BenchResult): readonly string[] {
  const table = benchText(result);
  return writeResultFiles(folder, { name: "bench-result", tableName: "bench", result, table });
}

const [first = "", ...rest] = process.argv.slice(2);
const commands: Readonly<Record<string, Command>> = {
  ...{ tftp: tftpCommand, config: configCommand, generator: generatorCommand },
};
const named = commands[first];
process.exitCode = await (named === undefined ? dhcpCommand(process.argv.slice(2)) : named(rest));
