import { formatIpv4 } from "../../protocol/ipv4.ts";
import { leaseLimits } from "../population/lease-wish.ts";
import { type CmtsNetwork, type Population, wholeRange } from "../population/population.ts";
import { names } from "./dhcpd-conf.ts";
import type { KeaRegistry } from "./kea-classes.ts";

export interface KeaConfOptions {
  /** As Kea writes them: `eth0`, `eth0/192.0.2.1`, or `*` for all. */
  readonly interfaces: readonly string[];
  /** Kea's default when left out. */
  readonly leaseFile?: string;
  readonly leaseSeconds: number;
  /** 0: multi-threading off; left out: as many as Kea thinks right. */
  readonly threads?: number;
  /** Undefined: the bare form, one pool a network for everybody. */
  readonly registry: KeaRegistry | undefined;
}

/**
 * A kea-dhcp4 configuration with the same networks and addresses as the population's dhcpd.conf:
 * networks chosen by the relay's address, pools by class where there are any, and nothing logged for a
 * packet. Every ACK is written, as with the others.
 */
export function keaConf(population: Population, options: KeaConfOptions): string {
  const { interfaces, leaseFile, leaseSeconds, threads, registry } = options;
  const { minSeconds, maxSeconds } = leaseLimits(leaseSeconds, population.plan.leaseSeconds);
  const networks = Array.from({ length: population.cmtsCount }, (_, index) =>
    subnet(index + 1, population.cmts(index), registry !== undefined),
  );
  const configuration = {
    Dhcp4: {
      "interfaces-config": { interfaces, "dhcp-socket-type": "udp" },
      "lease-database": {
        ...{ type: "memfile", persist: true },
        ...(leaseFile === undefined ? {} : { name: leaseFile }),
        // No second process sorts the file while the server is measured.
        "lfc-interval": 0,
      },
      "multi-threading": {
        "enable-multi-threading": threads !== 0,
        "thread-pool-size": threads ?? 0,
        "packet-queue-size": PACKETS_QUEUED,
      },
      "dhcp-ddns": { "enable-updates": false },
      "reservations-global": registry?.reservations !== undefined,
      "reservations-in-subnet": false,
      "valid-lifetime": leaseSeconds,
      "min-valid-lifetime": minSeconds,
      "max-valid-lifetime": maxSeconds,
      "cache-threshold": CACHE_THRESHOLD,
      authoritative: true,
      loggers: [{ name: "kea-dhcp4", severity: "WARN", output_options: [{ output: "stderr" }] }],
      ...(registry === undefined
        ? {}
        : {
            // As dhcpd does: a renewal comes without option 82, and CPEs and DOCSIS 1.0 modems would
            // be in no class then.
            "store-extended-info": true,
            "stash-agent-options": true,
            "client-classes": registry.classes,
          }),
      ...(registry?.reservations === undefined
        ? {}
        : {
            "host-reservation-identifiers": ["hw-address"],
            reservations: registry.reservations,
          }),
      subnet4: networks,
    },
  };
  return `${JSON.stringify(configuration, undefined, 2)}\n`;
}

// Kea answers from memory while a lease is younger than this share of its time, a quarter unless told
// otherwise. It refuses 0; this much is no second of any lease.
const CACHE_THRESHOLD = 0.000_001;
// The default of 64 (and 28, which the manual recommends) loses packets of every burst: with room for
// a tenth of a second's work the highest rate that Kea keeps was half as high again, and more.
const PACKETS_QUEUED = 1024;

function subnet(id: number, network: CmtsNetwork, isByClass: boolean): unknown {
  const giaddr = formatIpv4(network.giaddr);
  const text = ({ low, high }: { readonly low: number; readonly high: number }): string =>
    `${formatIpv4(low)} - ${formatIpv4(high)}`;
  return {
    id,
    subnet: `${formatIpv4(network.network)}/${network.prefixLength}`,
    relay: { "ip-addresses": [giaddr] },
    pools: isByClass
      ? network.pools.map((pool) => ({
          ...{ pool: text(pool), "client-class": names[pool.kind].className },
        }))
      : [{ pool: text(wholeRange(network)) }],
    "option-data": [{ name: "routers", data: giaddr }],
  };
}
