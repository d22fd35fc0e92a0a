import { freeUdpPorts } from "../base/net/free-ports.ts";
import { formatIpv4, type Ipv4Network, parseIpv4 } from "../protocol/ipv4.ts";
import type { PairSide } from "../scenarios/language/pair-event.ts";
import { type Cut, devices } from "./cuts.ts";
import { LabError } from "./machine/lab-error.ts";
import { makeNamespaces, type Namespaces } from "./machine/namespaces.ts";
import { type NodeAddresses, nodePlaces, type PairAddresses, type Place } from "./pair-set-up.ts";

/** Where a pair, its store and the simulated plant meet. */
export interface LabNetwork {
  readonly hasNamespaces: boolean;
  readonly addresses: PairAddresses;
  readonly accessInterface: string;
  /** An extra address of the access network, which the serving node takes; undefined on loopback. */
  readonly serviceAddress: number | undefined;
  /** The server's DHCP port; clients are on the next one. */
  readonly port: number;
  /** File of the simulated plant's namespace; undefined on loopback. */
  readonly plantNamespace: string | undefined;
  /** The command line that runs a program in a place. */
  readonly inPlace: (place: Place, command: readonly string[]) => readonly string[];
  /** A connection that was cut twice must be healed twice. Throws LabError. */
  readonly cut: (cut: Cut) => void;
  readonly heal: (cut: Cut) => void;
  /** Removes what was made; idempotent, and synchronous so that an exit handler can do it. */
  readonly close: () => void;
}

const address = (text: string): number => parseIpv4(text)!;

/** Below the ephemeral ports (from 32768 on Linux), above the ports of a single server. */
const PORT_FIRST = 30_000;
/** DHCP's two, the heartbeats, and three of the store's members. */
const PORTS_A_LAB = 6;
const PORT_ROWS = 460;

/**
 * All on the machine's loopback, each on its own addresses: needs no rights, and nothing can be cut. The nodes
 * serve at the given access addresses and port, if any.
 */
export async function loopbackNetwork(
  given: { readonly access?: Partial<Record<PairSide, number>>; readonly port?: number } = {},
): Promise<LabNetwork> {
  const node = (number: number, access = address(`127.0.${number}.1`)): NodeAddresses => ({
    access,
    links: [address(`127.0.${number}.2`), address(`127.0.${number}.3`)],
    store: address(`127.0.${number}.4`),
  });
  const refuse = (): never => {
    throw new LabError("nothing can be cut on the loopback network");
  };
  return {
    hasNamespaces: false,
    addresses: {
      nodes: [node(11, given.access?.a), node(12, given.access?.b)],
      witnessStore: address("127.0.13.4"),
      gateway: undefined,
    },
    accessInterface: "lo",
    serviceAddress: undefined,
    port: given.port ?? (await freePorts()),
    plantNamespace: undefined,
    inPlace: (_, command) => command,
    cut: refuse,
    heal: refuse,
    close: () => {},
  };
}

// Networks for documentation and for benchmarks (RFC 5737, RFC 2544), which no site uses.
const plan = {
  access: "192.0.2",
  links: ["198.51.100", "203.0.113"],
  store: "198.18.0",
  /** Address of the relays, and beside it the gateway that the nodes ping. */
  plant: "192.0.2.254",
  gateway: "192.0.2.253",
  /** The address that the serving node takes. */
  service: "192.0.2.10",
} as const;

const WITNESS_NUMBER = 3;
const DHCP_PORT = 67;
/** A locally administered address of no host: frames to it are lost. */
const NOBODY = "02:00:00:00:00:ff";

/**
 * A namespace for each node, the witness and the plant. The access network and the store's are bridges,
 * the links are two cables. Throws LabError, with nothing left behind.
 */
export function namespaceNetwork(block: Ipv4Network): LabNetwork {
  const spaces = makeNamespaces(["node-a", "node-b", "witness", "plant"], (made) =>
    connect(made, `${formatIpv4(block.network)}/${block.prefixLength}`),
  );
  return {
    hasNamespaces: true,
    addresses: namespaceAddresses,
    accessInterface: devices.access,
    serviceAddress: address(plan.service),
    port: DHCP_PORT,
    plantNamespace: spaces.fileOf("plant"),
    inPlace: spaces.command,
    ...cutter(spaces),
    close: spaces.close,
  };
}

type Spaces = Namespaces<Place | "plant">;

function connect(spaces: Spaces, block: string): void {
  const { inside, plug } = spaces;
  const give = (space: Place | "plant", device: string, text: string): void =>
    spaces.address([space, device], `${text}/24`);
  const hubs = [
    ["plant", devices.access, plan.access],
    ["witness", devices.store, plan.store],
  ] as const;
  for (const [hub, device, network] of hubs) {
    inside(hub, "link", "add", "name", device, "type", "bridge");
    inside(hub, "link", "set", "dev", device, "up");
    for (const [index, place] of nodePlaces.entries()) {
      const port = `to-${place}`;
      plug([place, device], [hub, port]);
      inside(hub, "link", "set", "dev", port, "master", device);
      inside(hub, "link", "set", "dev", port, "up");
      give(place, device, `${network}.${index + 1}`);
    }
  }
  give("plant", devices.access, plan.plant);
  give("plant", devices.access, plan.gateway);
  give("witness", devices.store, `${plan.store}.${WITNESS_NUMBER}`);
  for (const [index, device] of devices.links.entries()) {
    plug(["node-a", device], ["node-b", device]);
    give("node-a", device, `${plan.links[index]}.1`);
    give("node-b", device, `${plan.links[index]}.2`);
  }
  for (const place of nodePlaces) inside(place, "route", "add", block, "via", plan.plant);
  // Every address of the block is local to the plant, so packets to any device arrive there.
  inside("plant", "route", "add", "local", block, "dev", "lo");
}

function namespaceNode(number: number): NodeAddresses {
  return {
    access: address(`${plan.access}.${number}`),
    links: [address(`${plan.links[0]}.${number}`), address(`${plan.links[1]}.${number}`)],
    store: address(`${plan.store}.${number}`),
  };
}

const namespaceAddresses: PairAddresses = {
  nodes: [namespaceNode(1), namespaceNode(2)],
  witnessStore: address(`${plan.store}.${WITNESS_NUMBER}`),
  gateway: address(plan.gateway),
};

/**
 * A cut is a neighbour entry with a hardware address that no host has. The sender notices nothing, as with a
 * broken cable. The other direction still works, and no kernel module is needed.
 */
function cutter({ inside }: Spaces): Pick<LabNetwork, "cut" | "heal"> {
  const times = new Map<string, number>();
  const keyOf = ({ place, device, address: to }: Cut): string => `${place} ${device} ${to}`;
  return {
    cut: (cut) => {
      const count = (times.get(keyOf(cut)) ?? 0) + 1;
      times.set(keyOf(cut), count);
      if (count > 1) return;
      const { place, device } = cut;
      const to = formatIpv4(cut.address);
      const nowhere = ["lladdr", NOBODY, "dev", device, "nud", "permanent"];
      inside(place, "neigh", "replace", to, ...nowhere);
    },
    heal: (cut) => {
      const count = (times.get(keyOf(cut)) ?? 0) - 1;
      times.set(keyOf(cut), Math.max(0, count));
      if (count !== 0) return;
      inside(cut.place, "neigh", "del", formatIpv4(cut.address), "dev", cut.device);
    },
  };
}

async function freePorts(): Promise<number> {
  const first = await freeUdpPorts({ first: PORT_FIRST, count: PORTS_A_LAB, rows: PORT_ROWS });
  if (first === undefined) {
    throw new LabError(`no ${PORTS_A_LAB} free UDP ports from ${PORT_FIRST} on`);
  }
  return first;
}
