import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { packageVersion } from "../../lab/machine/package-root.ts";
import { firstLineOf } from "../../lab/machine/peer-program.ts";
import type { PairSide } from "../../scenarios/language/pair-event.ts";
import { type PairHostPlan, readyText } from "../pair/pair-host-plan.ts";
import type { DhcpContender, DhcpLaunch, DhcpSetting } from "./dhcp-contender.ts";

/** Two `prov serve` and the three members of etcd that they stand on, all on this machine. */
export const provlabPair: DhcpContender = {
  id: "provlab-pair",
  name: "Provlab, warm-standby pair",
  durability: "on two of three members of etcd before every ACK, one transaction a batch",
  settings: "the workload's dhcpd.conf; three members of etcd and both nodes on this machine",
  firstRate: 4000,
  needsInterface: false,
  hasAllProcessors: true,
  version: () => `${packageVersion()}, etcd ${firstLineOf("etcd", "--version").split(" ").at(-1)}`,
  prepare: (setting) => prepare(setting, "a"),
};

/** Its second node: the first one was killed, and no device has asked since. */
export const provlabTakenOver: DhcpContender = {
  ...provlabPair,
  id: "provlab-taken-over",
  name: "Provlab, after a take-over",
  settings: `${provlabPair.settings}; the node that served was killed`,
  prepare: (setting) => prepare(setting, "b"),
};

function prepare(setting: DhcpSetting, measured: PairSide): DhcpLaunch {
  const { network, workload, population, leaseSeconds } = setting;
  const folder = resolve(setting.folder);
  const plan: PairHostPlan = {
    ...{ folder, leaseSeconds, population: population.plan },
    ...{ workload, measured, port: network.ports.relay },
    serverAddress: network.serverAddress,
  };
  const planFile = join(folder, "pair-host.json");
  writeFileSync(planFile, JSON.stringify(plan));
  const host = fileURLToPath(new URL("../pair/pair-host.js", import.meta.url));
  return {
    command: [process.execPath, host, planFile],
    environment: {},
    ...{ leaseFile: join(folder, `prov-${measured}`, "dhcpd.leases"), leaseFormat: "isc" },
    readyText,
  };
}
