import { formatIpv4 } from "../protocol/ipv4.ts";
import type { PairProfile } from "../scenarios/language/pair-section.ts";
import type { Population } from "../scenarios/population/population.ts";
import { dhcpdConf } from "../scenarios/servers/dhcpd-conf.ts";
import { requiredVersion, searchPath } from "./machine/peer-program.ts";
import { nodePlaces, type PairProgram, type PairSetUp, type PairSite } from "./pair-set-up.ts";

/** Settings of dhcpd.conf's failover peer, which differ between a rehearsal of an hour and a test of seconds. */
interface IscFailover {
  /** Silence of the peer after which the connection counts as failed; one that is closed counts at once. */
  readonly maxResponseSeconds: number;
  /** Maximum client lead time: how far a node alone may lend beyond what the other one has confirmed. */
  readonly mcltSeconds: number;
  /** `secs` from which a node answers clients of the other node's share too. */
  readonly loadBalanceMaxSeconds: number;
}

/**
 * `guide`: the example of dhcpd.conf(5). `fast`: a silent peer is noticed sooner. The other two stay: its
 * manual recommends 3 or 5 s, and a shorter MCLT gains nothing before the partner is declared down.
 */
export const iscFailovers: Readonly<Record<PairProfile, IscFailover>> = {
  guide: { maxResponseSeconds: 60, mcltSeconds: 3600, loadBalanceMaxSeconds: 3 },
  fast: { maxResponseSeconds: 5, mcltSeconds: 3600, loadBalanceMaxSeconds: 3 },
};

const PEER = "provlab";
/** The TCP port registered for the failover protocol. */
const FAILOVER_PORT = 647;
/** As in the example of dhcpd.conf(5): BNDUPDs on their way at once. */
const UNACKED_UPDATES_MAX = 10;
/** Node A's share of the clients, of 256. */
const SPLIT = 128;

/**
 * Two ISC dhcpd that lend from the same pools by its failover protocol: node A primary, node B secondary,
 * both answering. dhcpd connects to one address of its peer, so the second link carries nothing.
 *
 * Both nodes are to be started before either is waited for: node A is ready when it serves, node B when the
 * two have reached `normal` and it has heard which half of the addresses is its own. A node alone is never ready:
 * it answers no client before it has met its peer.
 *
 * The lease file holds the state of the pair too: a node that is started again must find its own, not an empty
 * one. Throws Error with a sentence for the user when dhcpd is missing, or when the site has no interfaces.
 */
export function iscPair(
  site: PairSite,
  failover: IscFailover = iscFailovers[site.profile ?? "guide"],
): PairSetUp {
  if (!site.hasNamespaces) {
    throw new Error(
      "an ISC failover pair needs network namespaces: dhcpd serves real interfaces only",
    );
  }
  const version = requiredVersion(["dhcpd", "--version"], /^isc-dhcpd-(\S+)/, "isc-dhcp-server");
  return {
    product: `ISC dhcpd ${version} failover`,
    durability: "fsync",
    members: [],
    storeRelays: [],
    nodes: [node(site, failover, 0), node(site, failover, 1)],
    leaseFile: { path: files.leases, format: "isc" },
    isLoadBalanced: true,
  };
}

const files = { config: "dhcpd.conf", leases: "dhcpd.leases", pid: "dhcpd.pid" } as const;

function node(site: PairSite, failover: IscFailover, index: 0 | 1): PairProgram {
  const { config, leases, pid } = files;
  const paths = ["-cf", config, "-lf", leases, "-pf", pid];
  return {
    name: index === 0 ? "dhcpd-a" : "dhcpd-b",
    place: nodePlaces[index],
    // -d: without it the states of the pair go only to syslog, where we cannot wait for them.
    command: ["dhcpd", "-4", "-f", "-d", "-p", String(site.port), ...paths, site.accessInterface],
    environment: { PATH: searchPath },
    files: [
      { path: config, text: iscPairConf(site, failover, index) },
      { path: leases, text: "" },
    ],
    isReady:
      index === 0
        ? serves
        : (log, read) => isNormal(log) && knowsItsHalf(read(leases), site.population),
  };
}

const serves = (log: string): boolean => log.includes("Server starting service.");
const isNormal = (log: string): boolean =>
  new RegExp(`failover peer ${PEER}: I move from \\S+ to normal`).test(log);

/**
 * Whether a lease file has a state for as many addresses as node A gives away when all pools are free. Node A
 * sends them one by one, after both say `normal`. Updates about leases queue behind them, so a pair that is
 * killed before has forgotten leases that it acknowledged.
 */
export function knowsItsHalf(leases: string, population: Population): boolean {
  let half = 0;
  for (let index = 0; index < population.cmtsCount; index += 1) {
    for (const { low, high } of population.cmts(index).pools) half += (high - low + 1) >>> 1;
  }
  const known = leases.match(/^ {2}binding state (?!free)/gm)?.length ?? 0;
  return known >= half;
}

/** dhcpd.conf of one node: the peer, then the population's own file, with every pool under the peer. */
export function iscPairConf(site: PairSite, failover: IscFailover, index: 0 | 1): string {
  const own = site.addresses.nodes[index];
  const population = dhcpdConf(site.population, {
    leaseSeconds: site.leaseSeconds,
    ...(site.registered === undefined ? {} : { registered: site.registered }),
    bootServer: own.access,
    // dhcpd wants a subnet for every interface that it serves; giaddr identifies the relays.
    serverSubnet: { network: own.access, prefixLength: 32 },
    // BOOTP leases never end, so their addresses could never go back to the other node.
    poolStatements: [`failover peer "${PEER}";`, "deny dynamic bootp clients;"],
  });
  return `${peer(site, failover, index)}\n${population}`;
}

function peer(site: PairSite, failover: IscFailover, index: 0 | 1): string {
  const { nodes } = site.addresses;
  const own = formatIpv4(nodes[index].links[0]);
  const other = formatIpv4(nodes[index === 0 ? 1 : 0].links[0]);
  const statements = [
    ...[index === 0 ? "primary" : "secondary", `address ${own}`, `port ${FAILOVER_PORT}`],
    ...[`peer address ${other}`, `peer port ${FAILOVER_PORT}`],
    `max-response-delay ${failover.maxResponseSeconds}`,
    `max-unacked-updates ${UNACKED_UPDATES_MAX}`,
    `load balance max seconds ${failover.loadBalanceMaxSeconds}`,
    // The secondary learns these two from the primary, and refuses to have them in its own file.
    ...(index === 0 ? [`mclt ${failover.mcltSeconds}`, `split ${SPLIT}`] : []),
  ];
  const lines = statements.map((statement) => `  ${statement};`);
  return [`failover peer "${PEER}" {`, ...lines, "}", ""].join("\n");
}
