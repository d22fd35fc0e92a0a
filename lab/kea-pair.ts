import { formatIpv4 } from "../protocol/ipv4.ts";
import type { PairProfile } from "../scenarios/language/pair-section.ts";
import { keaRegistry } from "../scenarios/servers/kea-classes.ts";
import { keaConf } from "../scenarios/servers/kea-conf.ts";
import { requiredVersion, searchPath } from "./machine/peer-program.ts";
import { nodePlaces, type PairProgram, type PairSetUp, type PairSite } from "./pair-set-up.ts";

/** The delays of Kea's high availability, named as in its hook library. */
interface KeaFailover {
  /** `heartbeat-delay`: from one heartbeat to the next, and of the steps of a start. */
  readonly heartbeatMs: number;
  /** `max-response-delay`: time without an answer of the partner until it counts as out of reach. */
  readonly maxResponseMs: number;
  /** `max-ack-delay`: `secs` from which a client counts as one that the partner does not serve. */
  readonly maxAckMs: number;
  /** `max-unacked-clients`: the standby serves when there are more of these; 0: without asking for any. */
  readonly maxUnackedClients: number;
}

/**
 * `guide`: the example of a hot standby in Kea's manual, with lower values than Kea's defaults (10 s and 10
 * clients). `fast`: allowed by the manual for servers close to each other, as on a cable. It does not
 * wait for unacked clients, and `max-response-delay` is still a multiple of the heartbeat.
 */
export const keaFailovers: Readonly<Record<PairProfile, KeaFailover>> = {
  guide: { heartbeatMs: 10_000, maxResponseMs: 60_000, maxAckMs: 5000, maxUnackedClients: 5 },
  fast: { heartbeatMs: 1000, maxResponseMs: 3000, maxAckMs: 5000, maxUnackedClients: 0 },
};

/** The port of the dedicated HTTP listener. */
const HTTP_PORT = 8000;
const THREADS = 2;

const names = ["a", "b"] as const;
const files = { config: "kea-dhcp4.conf", leases: "leases.csv" } as const;

/**
 * Two Kea servers in hot standby: node A primary, node B standby. They talk over HTTP from thread to thread,
 * without a control agent between. Kea connects to one address of its partner, so the second link carries
 * nothing.
 *
 * Both nodes are to be started before either is waited for: node A is ready when its library runs, node B
 * when the two have reached hot standby, half a dozen heartbeats later.
 *
 * Throws Error with a sentence for the user when Kea is missing, or when the site has no interfaces.
 */
export function keaPair(
  site: PairSite,
  failover: KeaFailover = keaFailovers[site.profile ?? "guide"],
): PairSetUp {
  if (!site.hasNamespaces) {
    throw new Error("a Kea pair needs network namespaces: Kea serves real interfaces only");
  }
  const version = requiredVersion(["kea-dhcp4", "-v"], /^(\d\S*)/, "kea-dhcp4-server");
  return {
    product: `Kea ${version} hot-standby`,
    // memfile is written and never synced.
    durability: "none",
    members: [],
    storeRelays: [],
    nodes: [node(site, failover, 0), node(site, failover, 1)],
    leaseFile: { path: files.leases, format: "kea" },
    isLoadBalanced: false,
  };
}

function node(site: PairSite, failover: KeaFailover, index: 0 | 1): PairProgram {
  return {
    name: `kea-${names[index]}`,
    place: nodePlaces[index],
    command: ["kea-dhcp4", "-c", files.config, "-p", String(site.port)],
    environment: {
      PATH: searchPath,
      // By default Kea uses folders of the system.
      ...{ KEA_DHCP_DATA_DIR: ".", KEA_PIDFILE_DIR: ".", KEA_LOG_FILE_DIR: "." },
      KEA_LOCKFILE_DIR: "none",
    },
    files: [{ path: files.config, text: keaPairConf(site, failover, index) }],
    isReady: index === 0 ? isStarted : isHotStandby,
  };
}

const isStarted = (log: string): boolean => log.includes("HA_SERVICE_STARTED");
const isHotStandby = (log: string): boolean =>
  /HA_STATE_TRANSITION .* to HOT-STANDBY state/.test(log);

/** The configuration of one node: the population's own, with what high availability needs. */
export function keaPairConf(site: PairSite, failover: KeaFailover, index: 0 | 1): string {
  const alone = keaConf(site.population, {
    interfaces: [site.accessInterface],
    leaseFile: files.leases,
    leaseSeconds: site.leaseSeconds,
    threads: THREADS,
    registry: keaRegistry(site.population, {
      bootServer: site.addresses.nodes[index].access,
      registered: site.registered ?? true,
    }),
  });
  const { Dhcp4 } = JSON.parse(alone) as { readonly Dhcp4: Readonly<Record<string, unknown>> };
  const configuration = {
    Dhcp4: {
      ...Dhcp4,
      "hooks-libraries": [
        // The partner updates this server's leases with the commands of this library.
        { library: "libdhcp_lease_cmds.so" },
        {
          library: "libdhcp_ha.so",
          parameters: { "high-availability": [relationship(site, failover, index)] },
        },
      ],
      loggers: [
        logger("kea-dhcp4", "WARN"),
        // The states of the pair, which the start waits for.
        logger("kea-dhcp4.ha-hooks", "INFO"),
      ],
    },
  };
  return `${JSON.stringify(configuration, undefined, 2)}\n`;
}

function relationship(site: PairSite, failover: KeaFailover, index: 0 | 1): object {
  const [a, b] = site.addresses.nodes;
  return {
    "this-server-name": names[index],
    mode: "hot-standby",
    "heartbeat-delay": failover.heartbeatMs,
    "max-response-delay": failover.maxResponseMs,
    "max-ack-delay": failover.maxAckMs,
    "max-unacked-clients": failover.maxUnackedClients,
    "multi-threading": {
      "enable-multi-threading": true,
      "http-dedicated-listener": true,
      "http-listener-threads": THREADS,
      "http-client-threads": THREADS,
    },
    peers: [
      { name: names[0], url: urlOf(a.links[0]), role: "primary", "auto-failover": true },
      { name: names[1], url: urlOf(b.links[0]), role: "standby", "auto-failover": true },
    ],
  };
}

const urlOf = (address: number): string => `http://${formatIpv4(address)}:${HTTP_PORT}/`;

const logger = (name: string, severity: string): object => ({
  ...{ name, severity },
  output_options: [{ output: "stderr", flush: true }],
});
