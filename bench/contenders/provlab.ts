import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { packageVersion } from "../../cli/package-root.ts";
import { dhcpdConf } from "../../scenarios/dhcpd-conf.ts";
import { type Launch, provCommand } from "./contender.ts";
import type { DhcpContender, DhcpSetting } from "./dhcp-contender.ts";

/** The bundled server as `prov run` starts it, with one of its two sockets. */
export function provlab(backend: "batch" | "dgram"): DhcpContender {
  return {
    id: `provlab-${backend}`,
    name: backend === "batch" ? "Provlab" : "Provlab, portable socket",
    durability: "fsync before every ACK, one a batch",
    settings: "the population's dhcpd.conf",
    firstRate: backend === "batch" ? 20_000 : 8000,
    needsInterface: false,
    isVariant: false,
    version: packageVersion,
    prepare: (setting) => prepare(setting, backend),
  };
}

function prepare(
  { folder, network, population, leaseSeconds }: DhcpSetting,
  backend: "batch" | "dgram",
): Launch {
  const config = join(folder, "dhcpd.conf");
  const leases = join(folder, "dhcpd.leases");
  const { serverSubnet, serverAddress: localAddress } = network;
  const subnet = serverSubnet === undefined ? {} : { serverSubnet };
  writeFileSync(config, dhcpdConf(population, { leaseSeconds, localAddress, ...subnet }));
  writeFileSync(leases, "");
  const flags = ["-d", "-q", "--no-pid", "-p", String(network.ports.relay)];
  return {
    command: provCommand("dhcpd", ...flags, "-cf", config, "-lf", leases),
    environment: { PROVLAB_SOCKET: backend === "dgram" ? "dgram" : "" },
  };
}
