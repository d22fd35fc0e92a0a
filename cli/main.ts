#!/usr/bin/env node
// The command is bin/prov. This file can be run too, because npx keeps links to it from earlier versions.
import "./debugger-signal.ts";
import { packageVersion } from "../lab/machine/package-root.ts";
import { exitStatus } from "./options/exit-status.ts";

/** Takes the arguments after the subcommand's name and returns the exit status. */
type RunSubcommand = (args: readonly string[]) => Promise<number>;

interface Subcommand {
  readonly name: string;
  /** The synopsis after the name, for the list of commands. */
  readonly synopsis: string;
  readonly summary: string;
  /** Loads the module of this subcommand alone: a server starts without a simulator. */
  readonly load: () => Promise<RunSubcommand>;
}

const subcommands: readonly Subcommand[] = [
  {
    name: "run",
    synopsis: "<scenario.yaml> [--target address[:port]] [--out folder] [...]",
    summary: "run a scenario against the bundled server, or against --target",
    load: async () => (await import("./run/command.ts")).runRun,
  },
  {
    name: "load",
    synopsis: "[--rate number] [--devices number] [--target address[:port]] [...]",
    summary: "load a server at one rate, without a scenario file",
    load: async () => (await import("./load.ts")).runLoad,
  },
  {
    name: "capacity",
    synopsis: "[outage] [<scenario.yaml>] [--target address[:port]] [...]",
    summary: "find the highest rate that a server keeps, or plan a power cut",
    load: async () => (await import("./capacity/command.ts")).runCapacity,
  },
  {
    name: "scenario",
    synopsis: "check|explain|schema [<scenario.yaml>...]",
    summary: "check scenario files, or say in words what they are going to do",
    load: async () => (await import("./scenario.ts")).runScenario,
  },
  {
    name: "agent",
    synopsis: "--etcd <endpoints> [--name name] [--log-level level] [...]",
    summary: "play a part of the runs that prov run --agents hands out",
    load: async () => (await import("./agent.ts")).runAgent,
  },
  {
    name: "merge",
    synopsis: "<folder>... [--out folder] [...]",
    summary: "add up the segments of a run to one result",
    load: async () => (await import("./merge.ts")).runMerge,
  },
  {
    name: "report",
    synopsis: "<folder or result.json> [--format format] [-o file]",
    summary: "write the reports of a run again, from its result.json alone",
    load: async () => (await import("./report.ts")).runReport,
  },
  {
    name: "bench",
    synopsis: "--against <commit> [--budget duration] [...]",
    summary: "measure this checkout's server beside that of another commit",
    load: async () => (await import("./bench.ts")).runBenchAgainst,
  },
  {
    name: "compare",
    synopsis: "<base> <current> [--paired] [--allow traits] [...]",
    summary: "judge whether runs have become better or worse than others",
    load: async () => (await import("./compare.ts")).runCompare,
  },
  {
    name: "doctor",
    synopsis: "[folder] [--json]",
    summary: "measure what bounds a run on this machine, and say what to change",
    load: async () => (await import("./doctor.ts")).runDoctor,
  },
  {
    name: "config",
    synopsis: "<scenario.yaml> [--format isc|kea] [--boot-files folder] [...]",
    summary: "print the server's configuration that serves a scenario's population",
    load: async () => (await import("./config.ts")).runConfig,
  },
  {
    name: "persona",
    synopsis: "from-pcap <capture> [--mac address] [-o file] [--anonymize]",
    summary: "turn a captured device's packets into a persona for scenarios",
    load: async () => (await import("./persona.ts")).runPersona,
  },
  {
    name: "serve",
    synopsis: "[-c prov.yaml] [--recover] [--log-level level] [...]",
    summary: "serve DHCP, TFTP, Time, NTP and Syslog, as a prov.yaml says",
    load: async () => (await import("./serve/command.ts")).runServe,
  },
  {
    name: "status",
    synopsis: "[-c prov.yaml] [--json] [--watch]",
    summary: "show both nodes of a warm-standby pair",
    load: async () => (await import("./status.ts")).runStatus,
  },
  {
    name: "pair",
    synopsis: "init --node name=address --node name=address [...]",
    summary: "make the certificates and the shared key of a warm-standby pair",
    load: async () => (await import("./pair.ts")).runPair,
  },
  {
    name: "failback",
    synopsis: "[-c prov.yaml]",
    summary: "give the service back to the pair's other node",
    load: async () => (await import("./failback.ts")).runFailback,
  },
  {
    name: "clean-up",
    synopsis: "[-c prov.yaml]",
    summary: "after a repair: forget the failed actions of a pair's node",
    load: async () => (await import("./failback.ts")).runCleanUpCommand,
  },
  {
    name: "cmconfig",
    synopsis: "encode|decode <file> [-o file] [--secret-file file | --no-secret]",
    summary: "turn YAML into a cable modem's or MTA's configuration file, or back",
    load: async () => (await import("./cmconfig.ts")).runCmconfig,
  },
  {
    name: "dhcpd",
    synopsis: "[dhcpd's own flags] [if0 [...ifN]]",
    summary: "serve DHCP from a dhcpd.conf, as a drop-in for ISC dhcpd",
    load: async () => (await import("./dhcpd/command.ts")).runDhcpd,
  },
];

async function main(args: readonly string[]): Promise<number> {
  // `prov help scenario check` is `prov scenario check --help`.
  const [first, ...rest] = args[0] === "help" ? [...args.slice(1), "--help"] : args;
  const subcommand = subcommands.find(({ name }) => name === first);
  if (subcommand === undefined) return overview(args);
  const run = await subcommand.load();
  return run(rest);
}

const overviewEnd = `
prov COMMAND --help tells more, with examples; in a checkout, type npx prov.
The tutorial is docs/tutorial.md.

Exit status: 0 pass, 99 a threshold failed or a lease was unsafe, 98 the run
is invalid, 2 a mistake in the command or a file, 1 a fault of Provlab.`;

/** Prints the help, the version, or what is wrong with the command line. */
async function overview(args: readonly string[]): Promise<number> {
  const { Command, CommanderError } = await import("commander");
  const program = new Command("prov")
    .description("A provisioning server for access networks, and the lab that proves it")
    .version(packageVersion(), "-V, --version")
    .addHelpText("after", overviewEnd)
    .showHelpAfterError("(prov --help lists the commands)")
    .exitOverride();
  for (const { name, synopsis, summary } of subcommands) {
    program.command(name).usage(synopsis).description(summary);
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : exitStatus.badUsage;
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // A bug of ours: a report about it needs the stack.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`prov: internal error: ${text}\n`);
  process.exit(exitStatus.internalError);
}
