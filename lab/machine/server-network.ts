import { execFileSync } from "node:child_process";
import { parseIpv4 } from "../../protocol/ipv4.ts";
import type { AddressBlock } from "../../scenarios/population/population.ts";
import type { PortPlan } from "../../simulator/plan/run-plan.ts";

/** Where the server and the generator of a measurement meet. */
export interface BenchNetwork {
  readonly description: string;
  /** Whether servers that need a real interface can run here. */
  readonly hasInterface: boolean;
  readonly serverAddress: number;
  readonly ports: PortPlan;
  /** Where the population's networks are cut from. */
  readonly addressBlock: AddressBlock;
  /** The network of the server's interface, which ISC dhcpd wants declared. */
  readonly serverSubnet: AddressBlock | undefined;
  readonly serverInterface: string;
  readonly generatorInterface: string;
  /** The command line that runs a program on the server's or on the generator's side. */
  readonly onServerSide: (command: readonly string[]) => readonly string[];
  readonly onGeneratorSide: (command: readonly string[]) => readonly string[];
  /** Takes away what was made; idempotent, and synchronous so that an exit handler can do it. */
  readonly close: () => void;
}

const loopback = {
  serverAddress: parseIpv4("127.0.0.1")!,
  addressBlock: { network: parseIpv4("127.64.0.0")!, prefixLength: 10 },
  // Below the ports that systems hand out by themselves, above those that `prov run` takes.
  port: 31_000 + 2 * (process.pid % 800),
} as const;

const veth = {
  serverAddress: "192.0.2.1",
  generatorAddress: "192.0.2.2",
  subnet: { network: parseIpv4("192.0.2.0")!, prefixLength: 24 },
  block: "10.64.0.0/10",
  addressBlock: { network: parseIpv4("10.64.0.0")!, prefixLength: 10 },
  serverInterface: "bench-server",
  generatorInterface: "bench-gen",
} as const;

/** Namespaces where they can be had, else the loopback network. */
export function chooseNetwork(onProgress: (line: string) => void): BenchNetwork {
  const reason = namespacesMissing();
  if (reason === undefined) return namespaceNetwork();
  onProgress(`${reason}: only servers that can live on the loopback network are measured`);
  return loopbackNetwork();
}

/** Both sides on this machine's loopback: needs nothing, but takes only servers that live there. */
export function loopbackNetwork(): BenchNetwork {
  const { port, serverAddress, addressBlock } = loopback;
  return {
    description: "loopback",
    hasInterface: false,
    serverAddress,
    ports: { relay: port, client: port + 1 },
    addressBlock,
    serverSubnet: undefined,
    serverInterface: "lo",
    generatorInterface: "lo",
    onServerSide: (command) => command,
    onGeneratorSide: (command) => command,
    close: () => {},
  };
}

/** Why there can be no network namespaces here; undefined when there can. */
function namespacesMissing(): string | undefined {
  if (process.getuid?.() !== 0) return "network namespaces need root";
  try {
    ip("netns", "list");
    return undefined;
  } catch (error) {
    return `the command \`ip\` (package iproute2) does not run: ${String(error).trim()}`;
  }
}

/**
 * Two network namespaces joined by a veth pair: the server in one, the generator in the other, where
 * every address of the population is local. Nothing leads out of them. Throws when the system
 * refuses, with nothing left behind.
 */
export function namespaceNetwork(): BenchNetwork {
  const serverSide = `provlab-bench-${process.pid}-server`;
  const generatorSide = `provlab-bench-${process.pid}-generator`;
  const made: string[] = [];
  const close = (): void => {
    for (const name of made.splice(0)) ip("netns", "delete", name);
  };
  try {
    for (const name of [serverSide, generatorSide]) {
      ip("netns", "add", name);
      made.push(name);
      ip("-n", name, "link", "set", "lo", "up");
    }
    join(serverSide, generatorSide);
  } catch (error) {
    close();
    throw error;
  }
  return {
    description: "two network namespaces joined by a veth pair",
    hasInterface: true,
    serverAddress: parseIpv4(veth.serverAddress)!,
    ports: { relay: 67, client: 68 },
    addressBlock: veth.addressBlock,
    serverSubnet: veth.subnet,
    serverInterface: veth.serverInterface,
    generatorInterface: veth.generatorInterface,
    onServerSide: (command) => ["ip", "netns", "exec", serverSide, ...command],
    onGeneratorSide: (command) => ["ip", "netns", "exec", generatorSide, ...command],
    close,
  };
}

function join(serverSide: string, generatorSide: string): void {
  const { serverInterface, generatorInterface, block } = veth;
  ip(
    ...["-n", serverSide, "link", "add", serverInterface, "type", "veth"],
    ...["peer", "name", generatorInterface, "netns", generatorSide],
  );
  for (const [name, device, address] of [
    [serverSide, serverInterface, veth.serverAddress],
    [generatorSide, generatorInterface, veth.generatorAddress],
  ] as const) {
    ip("-n", name, "address", "add", `${address}/${veth.subnet.prefixLength}`, "dev", device);
    ip("-n", name, "link", "set", device, "up");
  }
  ip("-n", serverSide, "route", "add", block, "via", veth.generatorAddress);
  // Every address of the block is this side's own: what is sent to any device arrives here.
  ip("-n", generatorSide, "route", "add", "local", block, "dev", "lo");
}

const IP_MS_MAX = 10_000;

function ip(...args: readonly string[]): void {
  execFileSync("ip", args, { stdio: ["ignore", "ignore", "pipe"], timeout: IP_MS_MAX });
}
