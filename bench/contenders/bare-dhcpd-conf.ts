import { formatIpv4, maskOf } from "../../protocol/ipv4.ts";
import {
  type CmtsNetwork,
  type Population,
  wholeRange,
} from "../../scenarios/population/population.ts";
import type { DhcpdConfOptions } from "../../scenarios/servers/dhcpd-conf.ts";

/**
 * The smallest configuration that serves a population's addresses to any client: a subnet with one range for
 * each relay, no classes, no hosts, one option. Kea's configuration for this workload says the same.
 */
export function bareDhcpdConf(
  population: Population,
  { leaseSeconds, localAddress, serverSubnet }: DhcpdConfOptions,
): string {
  const lines = [
    "authoritative;",
    "ddns-update-style none;",
    "deny bootp;",
    "ping-check false;",
    // As in the other servers: every acknowledgement is written, however early the renewal comes.
    "dhcp-cache-threshold 0;",
    `default-lease-time ${leaseSeconds};`,
    `max-lease-time ${leaseSeconds};`,
    `min-lease-time ${leaseSeconds};`,
  ];
  if (localAddress !== undefined) lines.push(`local-address ${formatIpv4(localAddress)};`);
  if (serverSubnet !== undefined) {
    const { network, prefixLength } = serverSubnet;
    lines.push(`subnet ${formatIpv4(network)} netmask ${formatIpv4(maskOf(prefixLength))} { }`);
  }
  for (let index = 0; index < population.cmtsCount; index += 1) {
    lines.push(...subnet(population.cmts(index)));
  }
  return `${lines.join("\n")}\n`;
}

function subnet(network: CmtsNetwork): readonly string[] {
  const { low, high } = wholeRange(network);
  return [
    `subnet ${formatIpv4(network.network)} netmask ${formatIpv4(maskOf(network.prefixLength))} {`,
    `  option routers ${formatIpv4(network.giaddr)};`,
    `  range ${formatIpv4(low)} ${formatIpv4(high)};`,
    "}",
  ];
}
