import { formatIpv4, type Ipv4Network, parseIpv4 } from "../../protocol/ipv4.ts";
import { namespacesMissing } from "./ip-command.ts";
import { removeLeftovers } from "./leftovers.ts";
import { makeNamespaces, namespaceBlock } from "./namespaces.ts";

/** The network between one server and the generator that measures it. */
export interface ServerNetwork {
  readonly description: string;
  /** Whether servers that need a real interface can run here. */
  readonly hasInterface: boolean;
  readonly serverAddress: number;
  /** UDP ports: the server's and the relays', and the clients'. */
  readonly ports: { readonly relay: number; readonly client: number };
  /** The block of the population's networks. */
  readonly addressBlock: Ipv4Network;
  /** The network of the server's interface, which ISC dhcpd wants declared. */
  readonly serverSubnet: Ipv4Network | undefined;
  readonly serverInterface: string;
  readonly generatorInterface: string;
  /** The command line that runs a program on the server's or on the generator's side. */
  readonly onServerSide: (command: readonly string[]) => readonly string[];
  readonly onGeneratorSide: (command: readonly string[]) => readonly string[];
  /** Removes what was made; idempotent, and synchronous so that an exit handler can do it. */
  readonly close: () => void;
}

const loopback = {
  serverAddress: parseIpv4("127.0.0.1")!,
  addressBlock: { network: parseIpv4("127.64.0.0")!, prefixLength: 10 },
  // Below the ephemeral ports, above the ports of `prov run`.
  port: 31_000 + 2 * (process.pid % 800),
} as const;

const veth = {
  serverAddress: "192.0.2.1",
  generatorAddress: "192.0.2.2",
  subnet: { network: parseIpv4("192.0.2.0")!, prefixLength: 24 },
  serverInterface: "bench-server",
  generatorInterface: "bench-gen",
} as const;

/** Namespaces where this machine allows them, else the loopback network. */
export function chooseNetwork(onProgress: (line: string) => void): ServerNetwork {
  const reason = namespacesMissing();
  if (reason === undefined) return namespaceNetwork();
  onProgress(`${reason}: only servers that can live on the loopback network are measured`);
  return loopbackNetwork();
}

/** Both sides on this machine's loopback: needs no rights, but only some servers can live there. */
export function loopbackNetwork(port: number = loopback.port): ServerNetwork {
  const { serverAddress, addressBlock } = loopback;
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

/**
 * Two network namespaces joined by a cable: the server in one, the generator in the other, where every
 * address of the population is local. Throws LabError, with nothing left behind.
 */
export function namespaceNetwork(): ServerNetwork {
  removeLeftovers();
  const block = `${formatIpv4(namespaceBlock.network)}/${namespaceBlock.prefixLength}`;
  const server = ["server", veth.serverInterface] as const;
  const generator = ["generator", veth.generatorInterface] as const;
  const { command, close } = makeNamespaces(
    ["server", "generator"],
    ({ inside, plug, address }) => {
      plug(server, generator);
      address(server, `${veth.serverAddress}/${veth.subnet.prefixLength}`);
      address(generator, `${veth.generatorAddress}/${veth.subnet.prefixLength}`);
      inside("server", "route", "add", block, "via", veth.generatorAddress);
      // Every address of the block is local to the generator, so packets to any device arrive there.
      inside("generator", "route", "add", "local", block, "dev", "lo");
    },
  );
  return {
    description: "two network namespaces joined by a veth pair",
    hasInterface: true,
    serverAddress: parseIpv4(veth.serverAddress)!,
    ports: { relay: 67, client: 68 },
    addressBlock: namespaceBlock,
    serverSubnet: veth.subnet,
    serverInterface: veth.serverInterface,
    generatorInterface: veth.generatorInterface,
    onServerSide: (words) => command("server", words),
    onGeneratorSide: (words) => command("generator", words),
    close,
  };
}

/** Removes the network after the run, and also when the program exits before that. */
export async function withNetwork<Result>(
  network: ServerNetwork,
  run: () => Promise<Result>,
): Promise<Result> {
  process.on("exit", network.close);
  try {
    return await run();
  } finally {
    process.off("exit", network.close);
    network.close();
  }
}
