import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { firstLineOf, searchPath } from "../../lab/machine/peer-program.ts";
import { keaRegistry } from "../../scenarios/servers/kea-classes.ts";
import { keaConf } from "../../scenarios/servers/kea-conf.ts";
import type { DhcpContender, DhcpLaunch, DhcpSetting } from "./dhcp-contender.ts";

const THREADS = 2;
const settings = "networks by relay address, a queue of 1,024 packets";

/** Kea with its fastest lease store, which does not sync. */
export const kea: DhcpContender = {
  id: "kea-memfile",
  name: "Kea, memfile",
  durability: "none: written, never synced",
  settings: `multi-threading, ${THREADS} threads; ${settings}`,
  firstRate: 6000,
  needsInterface: true,
  version: () => firstLineOf("kea-dhcp4", "-v"),
  prepare: (setting) => prepare(setting, THREADS),
};

/** On one processor threads do not help, and switching between them costs something. */
export const keaSingle: DhcpContender = {
  ...kea,
  id: "kea-memfile-single",
  name: "Kea, memfile, single-threaded",
  settings: `multi-threading off; ${settings}`,
  prepare: (setting) => prepare(setting, 0),
};

function prepare(setting: DhcpSetting, threads: number): DhcpLaunch {
  const { folder, network, workload, population, leaseSeconds } = setting;
  const config = join(folder, "kea-dhcp4.conf");
  const leaseFile = join(folder, "leases.csv");
  const { serverInterface, serverAddress } = network;
  const registry =
    workload === "docsis"
      ? keaRegistry(population, { bootServer: serverAddress, registered: true })
      : undefined;
  writeFileSync(
    config,
    keaConf(population, {
      interfaces: [serverInterface],
      leaseFile,
      leaseSeconds,
      threads,
      registry,
    }),
  );
  rmSync(leaseFile, { force: true });
  return {
    command: ["kea-dhcp4", "-c", config, "-p", String(network.ports.relay)],
    environment: {
      PATH: searchPath,
      // Kea uses its own folders unless it is told otherwise.
      KEA_DHCP_DATA_DIR: folder,
      KEA_PIDFILE_DIR: folder,
      KEA_LOCKFILE_DIR: "none",
      KEA_LOG_FILE_DIR: folder,
    },
    ...{ leaseFile, leaseFormat: "kea" },
  };
}
