import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { formatIpv4, type Ipv4Network, LOOPBACK, parseIpv4 } from "../protocol/ipv4.ts";
import { parseBlock } from "../scenarios/language/population-section.ts";
import type { Scenario } from "../scenarios/language/scenario.ts";
import { Population } from "../scenarios/population/population.ts";
import type { BootFile } from "../scenarios/servers/boot-files.ts";
import { dhcpdConf } from "../scenarios/servers/dhcpd-conf.ts";
import { keaRegistry } from "../scenarios/servers/kea-classes.ts";
import { keaConf } from "../scenarios/servers/kea-conf.ts";
import { exitStatus } from "./options/exit-status.ts";
import { given } from "./options/given.ts";
import { type OptionValue, setFlags } from "./options/options.ts";
import { makeFolders } from "./options/out-folder.ts";
import { loadScenario } from "./options/scenario-input.ts";
import { Subcommand } from "./options/subcommand.ts";
import { UsageError } from "./options/usage-error.ts";
import { filesOf } from "./run/plan/boot-plan-of.ts";

type Format = "isc" | "kea";

interface ConfigOptions {
  readonly format: Format;
  readonly localAddress?: number;
  readonly serverSubnet?: Ipv4Network;
  readonly interfaces?: readonly string[];
  readonly leases?: string;
  readonly bootServer?: number;
  readonly bootFiles?: string;
  readonly set: readonly string[];
}

/**
 * `prov config SCENARIO.yaml`: prints the configuration, of ISC dhcpd or Kea, that serves the scenario's
 * population, and writes the files that its devices fetch.
 */
export async function runConfig(args: readonly string[]): Promise<number> {
  return new Subcommand("prov config")
    .description("print the configuration that serves a scenario's population")
    .argument("<scenario>", "the scenario file")
    .value("--format <isc|kea>", "of dhcpd.conf, or of kea-dhcp4's JSON", configFormat, "isc")
    .value("--local-address <address>", "listen on this address only", address)
    .value("--server-subnet <network/length>", "declare the network of its interface", subnet)
    .value("--interfaces <name,...>", "for Kea: where it listens (default: *)", interfaceList)
    .option("--leases <file>", "where the server keeps its leases (default: where it does anyway)")
    .value(
      "--boot-server <address>",
      "where TFTP, Time, NTP and Syslog are (default: the local address, or 127.0.0.1)",
      address,
    )
    .option("--boot-files <folder>", "also write the files that the devices fetch")
    .repeatable(...setFlags)
    .runs((file: string, options: ConfigOptions) => {
      refuseForeign(options);
      const { scenario } = loadScenario(file, options.set);
      const { bootFiles } = options;
      if (bootFiles !== undefined) writeBootFiles(bootFiles, filesOf(scenario));
      process.stdout.write(printers[options.format](scenario, options));
      return exitStatus.pass;
    })
    .examples(
      "prov config lab.yaml > dhcpd.conf",
      "prov config lab.yaml --format kea --interfaces eth1 > kea-dhcp4.conf",
      "prov config lab.yaml --boot-server 10.0.0.1 --boot-files /srv/tftp > isc.conf",
    )
    .run(args);
}

const configFormat: OptionValue<Format> = {
  parse: (text) => (text === "isc" || text === "kea" ? text : undefined),
  how: "write isc or kea",
};

const address: OptionValue<number> = {
  parse: parseIpv4,
  how: "write four numbers, such as 127.0.0.1",
};

const subnet: OptionValue<Ipv4Network> = {
  parse: parseBlock,
  how: "write NETWORK/LENGTH, such as 10.0.0.0/24",
};

const interfaceList: OptionValue<readonly string[]> = {
  parse: (text) => {
    const names = text.split(",");
    return names.every((name) => /^[^\s/"]+(\/[\d.]+)?$/.test(name)) ? names : undefined;
  },
  how: "write NAME or NAME/ADDRESS, with commas between",
};

/** Refuses options that the other server does not have. */
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
  isc: (scenario, { localAddress, serverSubnet, bootServer, leases: leaseFile }) =>
    dhcpdConf(new Population(scenario.population), {
      ...scenario.server,
      ...given({ localAddress, serverSubnet, bootServer, leaseFile }),
    }),
  kea: (scenario, { interfaces = ["*"], bootServer = LOOPBACK, leases }) => {
    const population = new Population(scenario.population);
    const { leaseSeconds, registered } = scenario.server;
    return keaConf(population, {
      ...{ interfaces, leaseSeconds },
      ...given({ leaseFile: leases }),
      registry: keaRegistry(population, { bootServer, registered }),
    });
  },
};

/** Each file appears whole or not at all: a TFTP server may be reading the folder. */
function writeBootFiles(folder: string, files: readonly BootFile[]): void {
  let path = folder;
  try {
    makeFolders(resolve(folder));
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
