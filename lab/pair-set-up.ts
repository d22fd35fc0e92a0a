import type { PairSide } from "../scenarios/language/pair-event.ts";
import type { PairProfile } from "../scenarios/language/pair-section.ts";
import type { Population } from "../scenarios/population/population.ts";
import type { dhcpdConf } from "../scenarios/servers/dhcpd-conf.ts";
import type { LabFile, LabProgram } from "./machine/lab-process.ts";

/** Where a program of the lab runs: each place is a network namespace, or loopback without root. */
export type Place = "node-a" | "node-b" | "witness";

export const sides = ["a", "b"] as const satisfies readonly PairSide[];
export const nodeIndex = { a: 0, b: 1 } as const;
/** Where node A and node B run. */
export const nodePlaces = ["node-a", "node-b"] as const satisfies readonly Place[];

/** In the folder of a relay before the store: how many milliseconds later answers leave. */
export const storeDelayFile = "delay-ms";

/** One program of a pair. */
export interface PairProgram extends LabProgram {
  readonly place: Place;
  readonly files: readonly LabFile[];
  readonly isReady: (log: string, read: (path: string) => string) => boolean;
}

/** IPv4 addresses, as numbers in host order. */
export interface NodeAddresses {
  /** Where DHCP is served: the server identifier of the node. */
  readonly access: number;
  /** The two links between the nodes. */
  readonly links: readonly [number, number];
  /** Where etcd's members and the nodes meet. */
  readonly store: number;
}

export interface PairAddresses {
  readonly nodes: readonly [NodeAddresses, NodeAddresses];
  readonly witnessStore: number;
  /** The address that answers the nodes' pings (HA-12); undefined on loopback. */
  readonly gateway: number | undefined;
}

/** The surroundings that a pair is built for. */
export interface PairSite {
  readonly folder: string;
  readonly addresses: PairAddresses;
  /** The DHCP port: relays use it too, clients the next one. */
  readonly port: number;
  readonly population: Population;
  readonly leaseSeconds: number;
  /** Whether the server knows every device beforehand; true when left out. */
  readonly registered?: boolean;
  /** Writes the dhcpd.conf of our own nodes: the scenarios' own when left out. */
  readonly conf?: typeof dhcpdConf;
  /** `guide` when left out. */
  readonly profile?: PairProfile;
  /** An access address that the serving node takes; undefined: leases name the node that gave them. */
  readonly serviceAddress?: number | undefined;
  /** Name of the access interface inside the namespaces; `lo` on loopback. */
  readonly accessInterface: string;
  /** Whether every program has its own network namespace. */
  readonly hasNamespaces: boolean;
  /** Whether the answers of the store can be delayed. */
  readonly delaysStore?: boolean;
}

/** Where a node writes its leases. */
interface LabLeaseFile {
  /** Relative to the node's folder. */
  readonly path: string;
  /** ISC's grammar, or the columns of Kea's memfile. */
  readonly format: "isc" | "kea";
}

/** A pair of servers and the programs it needs, ready to start: first the members, then the nodes. */
export interface PairSetUp {
  /** Its name in reports: `Provlab 0.1.0`, `Kea 2.6.3 hot-standby`. */
  readonly product: string;
  /** How it keeps a lease before the ACK: `replicated`, `fsync`, `none`. */
  readonly durability: string;
  /** Programs that the nodes need, such as etcd; none for peers that need only each other. */
  readonly members: readonly PairProgram[];
  /** A relay before each member, which delays its answers by what its file says; none unless asked for. */
  readonly storeRelays: readonly PairProgram[];
  /** Node A, which serves first where the pair is active and standby, and node B. */
  readonly nodes: readonly [PairProgram, PairProgram];
  readonly leaseFile: LabLeaseFile;
  /** A program that prints the records of all leases in the store, in the grammar of the lease file. */
  readonly storedLeases?: Pick<PairProgram, "place" | "command">;
  /** In a node's folder: the socket that tells its status and takes orders. Undefined for peers. */
  readonly controlSocket?: string;
  /** For nodes that share option 54: tells them apart. */
  readonly sharedIdentifier?: {
    readonly identifier: number;
    /** The sname of each, in their order. */
    readonly serverNames: readonly [string, string];
  };
  /** Whether both answer at all times, each a share of the clients (ISC's failover with a split). */
  readonly isLoadBalanced: boolean;
}
