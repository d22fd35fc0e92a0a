import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { formatIpv4, parseIpv4 } from "../protocol/ipv4.ts";
import { parseBlock } from "../scenarios/language/population-section.ts";
import type { Scenario } from "../scenarios/language/scenario.ts";
import { type AddressBlock, Population } from "../scenarios/population/population.ts";
import { type BootFile, bootFilesOf } from "../scenarios/servers/boot-files.ts";
import { dhcpdConf } from "../scenarios/servers/dhcpd-conf.ts";
import { keaRegistry } from "../scenarios/servers/kea-classes.ts";
import { keaConf } from "../scenarios/servers/kea-conf.ts";
import { addExamples } from "./options/examples.ts";
import { exitStatus } from "./options/exit-status.ts";
import { setOption } from "./options/options.ts";
import { runCommander } from "./options/run-commander.ts";
import { loadScenario } from "./options/scenario-input.ts";
import { UsageError } from "./options/usage-error.ts";

type Format = "isc" | "kea";

interface ConfigOptions {
  readonly format: Format;
  readonly localAddress?: number;
  readonly serverSubnet?: AddressBlock;
  readonly interfaces?: readonly string[];
  readonly leases?: string;
  readonly bootServer?: number;
  readonly bootFiles?: string;
  readonly set: readonly string[];
}

const LOOPBACK = 0x7f00_0001;

/**
 * `prov config SCENARIO.yaml`: the configuration that serves the scenario's population, for ISC dhcpd or
 * for Kea, and the files that it sends the devices for.
 */
export async function runConfig(args: readonly string[]): Promise<number> {
  const command = new Command("prov config")
    .description("print the configuration that serves a scenario's population")
    .argument("<scenario>", "the scenario file")
    .option("--format <isc|kea>", "of dhcpd.conf, or of kea-dhcp4's JSON", parseFormat, "isc")
    .option("--local-address <address>", "listen on this address only", address("--local-address"))
    .option("--server-subnet <network/length>", "declare the network of its interface", parseSubnet)
    .option("--interfaces <name,...>", "for Kea: where it listens (default: *)", parseInterfaces)
    .option("--leases <file>", "where the server keeps its leases (default: where it does anyway)")
    .option(
      "--boot-server <address>",
      "where TFTP, Time, NTP and Syslog are (default: the local address, or 127.0.0.1)",
      address("--boot-server"),
    )
    .option("--boot-files <folder>", "also write the files that the devices fetch")
    .addOption(setOption())
    .action((file: string, options: ConfigOptions) => {
      refuseForeign(options);
      const { scenario } = loadScenario(file, options.set);
      const { bootFiles } = options;
      if (bootFiles !== undefined) {
        const { meterImageBytes } = scenario.boot.files;
        writeBootFiles(bootFiles, bootFilesOf({ seed: scenario.seed, meterImageBytes }));
      }
      process.stdout.write(printers[options.format](scenario, options));
    });
  addExamples(
    command,
    "prov config lab.yaml > dhcpd.conf",
    "prov config lab.yaml --format kea --interfaces eth1 > kea-dhcp4.conf",
    "prov config lab.yaml --boot-server 10.0.0.1 --boot-files /srv/tftp > isc.conf",
  );
  return (await runCommander(command, args)) ?? exitStatus.pass;
}

/** Options that the other server has no word for. */
function refuseForeign(options: ConfigOptions): void {
  const { format, interfaces, localAddress, serverSubnet } = options;
  if (format === "isc" && interfaces !== undefined) {
    throw new UsageError("--interfaces is for Kea: dhcpd takes them on its command line");
  }
  if (format === "kea" && localAddress !== undefined) {
    const text = formatIpv4(localAddress);
    throw new UsageError(`--local-address is for dhcpd: write --interfaces NAME/${text}`);
  }
  if (format === "kea" && serverSubnet !== undefined) {
    throw new UsageError("--server-subnet is for dhcpd: Kea needs no network of its interface");
  }
}

const printers: Readonly<Record<Format, (scenario: Scenario, options: ConfigOptions) => string>> = {
  isc: (scenario, { localAddress, serverSubnet, bootServer, leases }) =>
    dhcpdConf(new Population(scenario.population), {
      ...scenario.server,
      ...(localAddress === undefined ? {} : { localAddress }),
      ...(serverSubnet === undefined ? {} : { serverSubnet }),
      ...(bootServer === undefined ? {} : { bootServer }),
      ...(leases === undefined ? {} : { leaseFile: leases }),
    }),
  kea: (scenario, { interfaces = ["*"], bootServer = LOOPBACK, leases }) => {
    const population = new Population(scenario.population);
    const { leaseSeconds, registered } = scenario.server;
    return keaConf(population, {
      ...{ interfaces, leaseSeconds },
      ...(leases === undefined ? {} : { leaseFile: leases }),
      registry: keaRegistry(population, { bootServer, registered }),
    });
  },
};

/** Each file appears whole or not at all: a TFTP server may be reading the folder. */
function writeBootFiles(folder: string, files: readonly BootFile[]): void {
  let path = folder;
  try {
    mkdirSync(folder, { recursive: true });
    for (const { name, bytes } of files) {
      path = join(folder, name);
      const part = join(folder, `.${name}.part`);
      try {
        writeFileSync(part, bytes);
        renameSync(part, path);
      } catch (error) {
        rmSync(part, { force: true });
        throw error;
      }
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UsageError(`--boot-files ${folder}: ${path} cannot be written (${code})`, {
      cause: error,
    });
  }
}

function parseFormat(text: string): Format {
  if (text === "isc" || text === "kea") return text;
  throw new UsageError(`--format ${text}: write isc or kea`);
}

function parseInterfaces(text: string): readonly string[] {
  const names = text.split(",");
  if (names.every((name) => /^[^\s/"]+(\/[\d.]+)?$/.test(name))) return names;
  throw new UsageError(`--interfaces ${text}: write NAME or NAME/ADDRESS, with commas between`);
}

function address(option: string): (text: string) => number {
  return (text) => {
    const parsed = parseIpv4(text);
    if (parsed !== undefined) return parsed;
    throw new UsageError(`${option} ${text}: write four numbers, such as 127.0.0.1`);
  };
}

function parseSubnet(text: string): AddressBlock {
  const subnet = parseBlock(text);
  if (subnet !== undefined) return subnet;
  throw new UsageError(`--server-subnet ${text}: write NETWORK/LENGTH, such as 10.0.0.0/24`);
}
