import { accessSync, constants, existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { type Logger, nullLogger } from "../../base/log.ts";
import { leaseTableOf, loadConfig } from "../config/edge/load-config.ts";
import { readEtcdTls } from "../etcd/edge/etcd-access.ts";
import { readHeartbeatKey } from "../ha/edge/heartbeat-key.ts";
import { LeaseFileStore } from "../lease/store/edge/lease-file-store.ts";
import { LeaseStoreError } from "../lease/store/lease-store.ts";
import { pathsOf } from "../lease/store/open-lease-files.ts";
import { refusedBySystem, StartError } from "../process/start-error.ts";
import { completeConfig } from "../registry/complete-config.ts";
import { DeviceFiles } from "../tftp/edge/device-files.ts";
import { FileSource } from "../tftp/edge/file-source.ts";
import type { ProvPlan } from "./prov.ts";
import { type ServicePlan, serviceName } from "./service-plan.ts";

/**
 * Reads everything that the services of a plan read when they start, and starts nothing: no socket, no file that stays.
 * Returns what would stop the start, each as a sentence; warnings go to the log.
 */
export function checkPlan({ services, ha, mirror }: ProvPlan, logger: Logger): readonly string[] {
  const checks: (readonly [service: string, check: () => void])[] = [];
  for (const plan of services) {
    for (const check of checksOf(plan, logger)) checks.push([serviceName(plan), check]);
  }
  if (ha !== undefined) {
    const { tls } = ha.etcd;
    checks.push(["ha", () => void readHeartbeatKey(ha.keyFile)]);
    if (tls !== undefined) checks.push(["ha", () => void readEtcdTls(tls)]);
  }
  for (const { path } of mirror?.folders ?? []) checks.push(["mirror", () => mustBeThere(path)]);
  return checks.flatMap(([service, check]) => {
    const problem = problemOf(check);
    return problem === undefined ? [] : [`${service}: ${problem}`];
  });
}

function checksOf(plan: ServicePlan, logger: Logger): (() => void)[] {
  switch (plan.service) {
    case "dhcp":
      return [() => checkDhcp(plan, logger)];
    case "tftp": {
      const { root, deviceFiles } = plan;
      const clock = systemClock;
      const source = () => void new FileSource({ root, wallMs: () => clock.wallMs() });
      if (deviceFiles === undefined) return [source];
      return [
        source,
        () => void new DeviceFiles({ ...deviceFiles, root, clock, logger: nullLogger }),
      ];
    }
    case "syslog":
      return [() => mayWriteBelow(plan.directory)];
    default:
      return [];
  }
}

type DhcpPlan = Extract<ServicePlan, { readonly service: "dhcp" }>;

function checkDhcp({ configFile, leaseFile, createsLeaseFile }: DhcpPlan, logger: Logger): void {
  const config = loadConfig(configFile, logger);
  const isThere = pathsOf(leaseFile).some((path) => existsSync(path));
  if (createsLeaseFile === true && !isThere) {
    mayWriteBelow(dirname(pathsOf(leaseFile)[0]));
    return;
  }
  const { hosts, warnings, path } = LeaseFileStore.check(leaseFile, leaseTableOf(config));
  for (const warning of warnings) logger.warn(warning);
  completeConfig(config, hosts, path, logger);
}

function mustBeThere(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
  } catch (error) {
    throw refusedBySystem(`Can't read the folder ${path}`, error);
  }
}

/** The folder itself may be made at the start. */
function mayWriteBelow(folder: string): void {
  let path = resolve(folder);
  while (!existsSync(path)) path = dirname(path);
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw refusedBySystem(`Can't write into ${path}`, error);
  }
}

function problemOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof StartError || error instanceof LeaseStoreError)) throw error;
    return error.message;
  }
}
