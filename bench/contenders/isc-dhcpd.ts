import { join } from "node:path";
import { firstLineOf, searchPath } from "../../lab/machine/peer-program.ts";
import type { DhcpContender, DhcpLaunch, DhcpSetting } from "./dhcp-contender.ts";
import { writeDhcpdFiles } from "./dhcpd-files.ts";

/** ISC dhcpd as it comes: one fsync for each ACK. */
export const iscDhcpd: DhcpContender = {
  id: "isc-dhcpd",
  name: "ISC dhcpd",
  durability: "fsync before every ACK, one a lease",
  settings: "the workload's dhcpd.conf",
  firstRate: 1500,
  needsInterface: true,
  version,
  prepare: (setting) => prepare(setting, ""),
};

/** With the group commit that its manual suggests for busy servers. */
export const iscDhcpdDelayed: DhcpContender = {
  ...iscDhcpd,
  id: "isc-dhcpd-delayed",
  name: "ISC dhcpd, delayed-ack 28",
  durability: "fsync before every ACK, one for up to 28",
  settings: "the workload's dhcpd.conf and delayed-ack 28",
  prepare: (setting) => prepare(setting, "delayed-ack 28;\n"),
};

function version(): string {
  return firstLineOf("dhcpd", "--version").replace(/^isc-dhcpd-/, "");
}

function prepare(setting: DhcpSetting, statements: string): DhcpLaunch {
  const { folder, network } = setting;
  const { config, leases: leaseFile } = writeDhcpdFiles(setting, { statements });
  const port = ["-p", String(network.ports.relay)];
  const files = ["-cf", config, "-lf", leaseFile, "-pf", join(folder, "dhcpd.pid")];
  return {
    // Not -d: a line on standard error for each packet would be measured as well.
    command: ["dhcpd", "-4", "-f", "-q", ...port, ...files, network.serverInterface],
    environment: { PATH: searchPath },
    ...{ leaseFile, leaseFormat: "isc" },
  };
}
