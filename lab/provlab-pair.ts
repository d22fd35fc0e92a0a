import { existsSync } from "node:fs";
import { stringify } from "yaml";
import { formatIpv4, maskOf } from "../protocol/ipv4.ts";
import { type DhcpdConfOptions, dhcpdConf } from "../scenarios/servers/dhcpd-conf.ts";
import { LabError } from "./machine/lab-error.ts";
import {
  lateAnswersProgram,
  packageVersion,
  provCommand,
  provProgram,
} from "./machine/package-root.ts";
import {
  nodePlaces,
  type PairProgram,
  type PairSetUp,
  type PairSite,
  type Place,
  storeDelayFile,
} from "./pair-set-up.ts";

const PREFIX = "/provlab/pair1/";
const files = {
  config: "dhcpd.conf",
  leases: "dhcpd.leases",
  prov: "prov.yaml",
  key: "ha.key",
  control: "prov.sock",
} as const;
/** The access network's prefix length. */
const ACCESS_PREFIX = 24;
/** Not secret: a lab's heartbeats never leave the machine. */
const KEY = "the key of a pair in the lab\n";
/** Leases are committed many at a time; etcd's own limit is 128 operations a transaction. */
const TXN_OPS_MAX = 1024;
const QUOTA_BYTES = 4 * 1024 ** 3;

interface LabPorts {
  readonly heartbeat: number;
  readonly storeClient: number;
  readonly storePeer: number;
  /** Of a member that has a relay before it, which then has the client port. */
  readonly storeBehind: number;
}

/** The well-known ports in a namespace; elsewhere the ports after DHCP's two. */
function portsOf({ hasNamespaces, port }: PairSite): LabPorts {
  return hasNamespaces
    ? { heartbeat: 694, storeClient: 2379, storePeer: 2380, storeBehind: 2378 }
    : { heartbeat: port + 2, storeClient: port + 3, storePeer: port + 4, storeBehind: port + 5 };
}

/**
 * Two `prov serve` with an `ha` section, on three members of etcd: one beside each node, and the witness.
 * Throws LabError when the programs are missing.
 */
export function provlabPair(site: PairSite): PairSetUp {
  if (!existsSync(provProgram)) {
    throw new LabError(`${provProgram} does not exist: run \`npm run build\``);
  }
  const endpoints = storeAddresses(site).map(
    (address) => `http://${address}:${portsOf(site).storeClient}`,
  );
  return {
    product: `Provlab ${packageVersion()}`,
    durability: "replicated",
    members: places.map((place, index) => member(site, place, index)),
    storeRelays: site.delaysStore ? places.map((place, index) => relay(site, place, index)) : [],
    nodes: [node(site, endpoints, 0), node(site, endpoints, 1)],
    leaseFile: { path: files.leases, format: "isc" },
    storedLeases: {
      place: "witness",
      command: [
        ...["etcdctl", "--endpoints", endpoints.join(","), "--command-timeout", "20s"],
        ...["get", "--prefix", `${PREFIX}lease/`, "--print-value-only"],
      ],
    },
    controlSocket: files.control,
    isLoadBalanced: false,
    ...(site.serviceAddress !== undefined && {
      sharedIdentifier: { identifier: site.serviceAddress, serverNames: nodePlaces },
    }),
  };
}

const places = [...nodePlaces, "witness"] as const satisfies readonly Place[];

function storeAddresses({ addresses: { nodes, witnessStore } }: PairSite): readonly string[] {
  return [nodes[0].store, nodes[1].store, witnessStore].map(formatIpv4);
}

function member(site: PairSite, place: Place, index: number): PairProgram {
  const { storeClient, storePeer, storeBehind } = portsOf(site);
  const addresses = storeAddresses(site);
  const peers = addresses.map((address) => `http://${address}:${storePeer}`);
  const client = `http://${addresses[index]}:${site.delaysStore ? storeBehind : storeClient}`;
  return {
    name: `etcd-${index + 1}`,
    place,
    command: [
      ...["etcd", "--name", `member-${index + 1}`, "--data-dir", "data"],
      ...["--listen-client-urls", client, "--advertise-client-urls", client],
      ...["--listen-peer-urls", peers[index], "--initial-advertise-peer-urls", peers[index]],
      ...["--initial-cluster", peers.map((url, at) => `member-${at + 1}=${url}`).join(",")],
      ...["--max-txn-ops", String(TXN_OPS_MAX), "--log-level", "info"],
      // As in deploy/etcd: a run of hours would fill the store with the history of its leases.
      ...["--auto-compaction-mode", "periodic", "--auto-compaction-retention", "10m"],
      ...["--quota-backend-bytes", String(QUOTA_BYTES)],
    ],
    files: [],
    isReady: (log) => log.includes("ready to serve client requests"),
  };
}

function relay(site: PairSite, place: Place, index: number): PairProgram {
  const { storeClient, storeBehind } = portsOf(site);
  const words = [storeAddresses(site)[index], String(storeClient), String(storeBehind)];
  return {
    name: `relay-${index + 1}`,
    place,
    command: [process.execPath, lateAnswersProgram, ...words, storeDelayFile],
    files: [{ path: storeDelayFile, text: "0\n" }],
    isReady: (log) => log.includes("ready"),
  };
}

function node(site: PairSite, endpoints: readonly string[], index: 0 | 1): PairProgram {
  const own = site.addresses.nodes[index];
  const other = site.addresses.nodes[index === 0 ? 1 : 0];
  const { heartbeat } = portsOf(site);
  const { gateway } = site.addresses;
  const { serviceAddress, accessInterface } = site;
  const prov = {
    schema: "provlab/prov@1",
    address: formatIpv4(own.access),
    dhcp: { config: files.config, leases: files.leases, port: site.port },
    control: { socket: files.control },
    ha: {
      nodes: nodePlaces,
      node: nodePlaces[index],
      links: own.links.map((address, link) => ({
        address: formatIpv4(address),
        peerAddress: formatIpv4(other.links[link]),
        port: heartbeat,
      })),
      profile: site.profile ?? "guide",
      keyFile: files.key,
      ...(gateway === undefined ? {} : { gateway: formatIpv4(gateway) }),
      etcd: { endpoints, prefix: PREFIX },
      ...(serviceAddress !== undefined && {
        floatingAddress: {
          ...{ address: formatIpv4(serviceAddress), prefixLength: ACCESS_PREFIX },
          device: accessInterface,
        },
      }),
    },
  };
  return {
    name: index === 0 ? "prov-a" : "prov-b",
    place: nodePlaces[index],
    command: provCommand("serve", "-c", files.prov, "--log-format", "text"),
    files: [
      { path: files.prov, text: stringify(prov) },
      {
        path: files.config,
        text: (site.conf ?? dhcpdConf)(site.population, {
          leaseSeconds: site.leaseSeconds,
          registered: site.registered ?? true,
          ...servingAt(site, index),
        }),
      },
      { path: files.leases, text: "" },
      { path: files.key, text: KEY, mode: 0o600 },
    ],
    isReady: (log) => log.includes("dhcp: serving on port"),
  };
}

/**
 * A node's own settings in its dhcpd.conf. A server that will take over an address later listens on every
 * address; its server name then tells which node answered.
 */
function servingAt(site: PairSite, index: 0 | 1): Partial<DhcpdConfOptions> {
  const { access } = site.addresses.nodes[index];
  const { serviceAddress } = site;
  if (serviceAddress === undefined) return { localAddress: access };
  const network = (access & maskOf(ACCESS_PREFIX)) >>> 0;
  return {
    bootServer: access,
    serverIdentifier: serviceAddress,
    serverName: nodePlaces[index],
    serverSubnet: { network, prefixLength: ACCESS_PREFIX },
  };
}
