import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { dhcpdConf } from "../../scenarios/servers/dhcpd-conf.ts";
import { bareDhcpdConf } from "./bare-dhcpd-conf.ts";
import type { DhcpSetting } from "./dhcp-contender.ts";

/** Writes dhcpd.conf, with `statements` before it, and an empty lease file. */
export function writeDhcpdFiles(
  { folder, network, workload, population, leaseSeconds }: DhcpSetting,
  { localAddress, statements = "" }: { localAddress?: number; statements?: string },
): { readonly config: string; readonly leases: string } {
  const files = { config: join(folder, "dhcpd.conf"), leases: join(folder, "dhcpd.leases") };
  const { serverSubnet, serverAddress: bootServer } = network;
  const options = {
    ...{ leaseSeconds, bootServer },
    ...(localAddress === undefined ? {} : { localAddress }),
    ...(serverSubnet === undefined ? {} : { serverSubnet }),
  };
  const conf = workload === "docsis" ? dhcpdConf : bareDhcpdConf;
  writeFileSync(files.config, statements + conf(population, options));
  writeFileSync(files.leases, "");
  return files;
}
