import type { PairProfile } from "../scenarios/language/pair-section.ts";
import type { Population } from "../scenarios/population/population.ts";

/** Where a program of the lab runs: a network namespace of its own each, or loopback where there is no root. */
export type Place = "node-a" | "node-b" | "witness";

export interface LabFile {
  /** Relative to the program's folder. */
  readonly path: string;
  readonly text: string;
  /** Of the file, such as 0o600 for a key; 0o644 unless told. */
  readonly mode?: number;
}

/** One program of the lab, before it is started. Its working folder is one of its own. */
export interface LabProgram {
  /** Unique in the lab, and the name of its folder and log: `prov-a`, `etcd-2`, `dhcpd-b`. */
  readonly name: string;
  readonly place: Place;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly files: readonly LabFile[];
  /** Empty folders that it needs. */
  readonly folders?: readonly string[];
  /** Looks at its log so far, and at files of its folder; the start waits for true. */
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
  /** What answers pings beside the access network (HA-12); undefined on loopback. */
  readonly gateway: number | undefined;
}

/** What a pair is built from. */
export interface PairSite {
  readonly folder: string;
  readonly addresses: PairAddresses;
  /** Of DHCP: relays sit on it, clients on the next one. */
  readonly port: number;
  readonly population: Population;
  readonly leaseSeconds: number;
  /** Whether the server knows every device beforehand; true when left out. */
  readonly registered?: boolean;
  /** `guide` when left out. */
  readonly profile?: PairProfile;
  /** On the access network, of whichever node serves; undefined: leases name the node that gave them. */
  readonly serviceAddress?: number | undefined;
  /** Names of the access interface inside the namespaces; `lo` on loopback. */
  readonly accessInterface: string;
  /** Whether every program has its own network namespace. */
  readonly hasNamespaces: boolean;
}

/** Where a node writes its leases. */
export interface LabLeaseFile {
  /** Relative to the node's folder. */
  readonly path: string;
  /** ISC's grammar, or the columns of Kea's memfile. */
  readonly format: "isc" | "kea";
}

/** A pair of servers with everything that it stands on, ready to be started: first the members, then the nodes. */
export interface PairSetUp {
  /** What a report calls it: `Provlab 0.1.0`, `Kea 2.6.3 hot-standby`. */
  readonly product: string;
  /** How an ACK of it is kept: `replicated`, `fsync`, `none`. */
  readonly durability: string;
  /** Programs that the nodes need, such as etcd; none for peers that talk to each other alone. */
  readonly members: readonly LabProgram[];
  /** Node A, which serves first where the pair is active and standby, and node B. */
  readonly nodes: readonly [LabProgram, LabProgram];
  readonly leaseFile: LabLeaseFile;
  /** A program that prints the records of all leases in the store, in the grammar of the lease file. */
  readonly storedLeases?: Pick<LabProgram, "place" | "command">;
  /** In a node's folder: where it tells its status, and takes orders. Undefined for peers. */
  readonly controlSocket?: string;
  /** Of nodes that all write the same option 54: how they are told apart, in their order. */
  readonly sharedIdentifier?: {
    readonly identifier: number;
    /** What each writes into sname. */
    readonly serverNames: readonly [string, string];
  };
  /** Whether both answer at all times, each a share of the clients (ISC's failover with a split). */
  readonly isLoadBalanced: boolean;
}
