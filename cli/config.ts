import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { parseIpv4 } from "../protocol/ipv4.ts";
import { type BootFile, bootFilesOf } from "../scenarios/boot-files.ts";
import { dhcpdConf } from "../scenarios/dhcpd-conf.ts";
import { type AddressBlock, Population } from "../scenarios/population.ts";
import { parseBlock } from "../scenarios/scenario.ts";
import { exitStatus } from "./exit-status.ts";
import { runCommander } from "./run-commander.ts";
import { loadScenario } from "./scenario-input.ts";
import { UsageError } from "./usage-error.ts";

interface ConfigOptions {
  readonly localAddress?: number;
  readonly serverSubnet?: AddressBlock;
  readonly bootServer?: number;
  readonly bootFiles?: string;
  readonly set: readonly string[];
}

/**
 * `prov config SCENARIO.yaml`: the dhcpd.conf that serves the scenario's population, and the files that
 * it sends the devices for.
 */
export async function runConfig(args: readonly string[]): Promise<number> {
  const command = new Command("prov config")
    .description("print the dhcpd.conf that serves a scenario's population, for any ISC dhcpd")
    .argument("<scenario>", "the scenario file")
    .option("--local-address <address>", "listen on this address only", address("--local-address"))
    .option("--server-subnet <network/length>", "declare the network of its interface", parseSubnet)
    .option(
      "--boot-server <address>",
      "where TFTP, Time, NTP and Syslog are (default: the local address, or 127.0.0.1)",
      address("--boot-server"),
    )
    .option("--boot-files <folder>", "also write the files that the devices fetch")
    .option("--set <path=value>", "replaces a value of the scenario; again for more", collect, [])
    .action((file: string, options: ConfigOptions) => {
      const { scenario } = loadScenario(file, options.set);
      const population = new Population(scenario.population);
      const { localAddress, serverSubnet, bootServer, bootFiles } = options;
      if (bootFiles !== undefined) {
        const { meterImageBytes } = scenario.boot.files;
        writeBootFiles(bootFiles, bootFilesOf({ seed: scenario.seed, meterImageBytes }));
      }
      process.stdout.write(
        dhcpdConf(population, {
          ...scenario.server,
          ...(localAddress === undefined ? {} : { localAddress }),
          ...(serverSubnet === undefined ? {} : { serverSubnet }),
          ...(bootServer === undefined ? {} : { bootServer }),
        }),
      );
    });
  return (await runCommander(command, args)) ?? exitStatus.pass;
}

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

function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}
