import { Command } from "commander";
import { parseIpv4 } from "../protocol/ipv4.ts";
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
  readonly set: readonly string[];
}

/** `prov config SCENARIO.yaml`: the dhcpd.conf that serves the scenario's population. */
export async function runConfig(args: readonly string[]): Promise<number> {
  const command = new Command("prov config")
    .description("print the dhcpd.conf that serves a scenario's population, for any ISC dhcpd")
    .argument("<scenario>", "the scenario file")
    .option("--local-address <address>", "listen on this address only", parseAddress)
    .option("--server-subnet <network/length>", "declare the network of its interface", parseSubnet)
    .option("--set <path=value>", "replaces a value of the scenario; again for more", collect, [])
    .action((file: string, options: ConfigOptions) => {
      const { scenario } = loadScenario(file, options.set);
      const population = new Population(scenario.population);
      const { localAddress, serverSubnet } = options;
      process.stdout.write(
        dhcpdConf(population, {
          ...scenario.server,
          ...(localAddress === undefined ? {} : { localAddress }),
          ...(serverSubnet === undefined ? {} : { serverSubnet }),
        }),
      );
    });
  return (await runCommander(command, args)) ?? exitStatus.pass;
}

function parseAddress(text: string): number {
  const address = parseIpv4(text);
  if (address !== undefined) return address;
  throw new UsageError(`--local-address ${text}: write four numbers, such as 127.0.0.1`);
}

function parseSubnet(text: string): AddressBlock {
  const subnet = parseBlock(text);
  if (subnet !== undefined) return subnet;
  throw new UsageError(`--server-subnet ${text}: write NETWORK/LENGTH, such as 10.0.0.0/24`);
}

function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}
