import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { dhcpdConf } from "../../scenarios/dhcpd-conf.ts";
import type { Launch } from "./contender.ts";
import { firstLineOf, searchPath } from "./contender.ts";
import type { DhcpContender, DhcpSetting } from "./dhcp-contender.ts";

/** ISC dhcpd as it comes: one fsync for each ACK. */
export const iscDhcpd: DhcpContender = {
  id: "isc-dhcpd",
  name: "ISC dhcpd",
  durability: "fsync before every ACK, one a lease",
  settings: "the population's dhcpd.conf",
  firstRate: 1500,
  needsInterface: true,
  isVariant: false,
  version,
  prepare: (setting) => prepare(setting, ""),
};

/** With the group commit that its manual suggests for busy servers. */
export const iscDhcpdDelayed: DhcpContender = {
  ...iscDhcpd,
  id: "isc-dhcpd-delayed",
  name: "ISC dhcpd, delayed-ack 28",
  durability: "fsync before every ACK, one for up to 28",
  settings: "the population's dhcpd.conf and delayed-ack 28",
  isVariant: true,
  prepare: (setting) => prepare(setting, "delayed-ack 28;\n"),
};

function version(): string {
  return firstLineOf("dhcpd", "--version").replace(/^isc-dhcpd-/, "");
}

function prepare(setting: DhcpSetting, statements: string): Launch {
  const { folder, network, population, leaseSeconds } = setting;
  const config = join(folder, "dhcpd.conf");
  const leases = join(folder, "dhcpd.leases");
  const { serverSubnet } = network;
  const subnet = serverSubnet === undefined ? {} : { serverSubnet };
  writeFileSync(config, statements + dhcpdConf(population, { leaseSeconds, ...subnet }));
  writeFileSync(leases, "");
  const files = ["-cf", config, "-lf", leases, "-pf", join(folder, "dhcpd.pid")];
  const port = ["-p", String(network.ports.relay)];
  return {
    // Not -d: a line on standard error for each packet would be measured as well.
    command: ["dhcpd", "-4", "-f", "-q", ...port, ...files, network.serverInterface],
    environment: { PATH: searchPath },
  };
}
