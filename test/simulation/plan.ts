import { Prng } from "../../base/prng.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import type { Population, PopulationPlan } from "../../scenarios/population/population.ts";
import { dhcpdConf } from "../../scenarios/servers/dhcpd-conf.ts";
import { formatDiagnostic, parseConfig } from "../../server/config/grammar/parse.ts";
import type { ServerConfig } from "../../server/config/model/model.ts";
import type { DhcpExchange } from "../../simulator/device/exchange.ts";
import type { LinkFaults } from "./lossy-link.ts";
import type { ServerDefect } from "./virtual-server.ts";

export interface SimulationPlan {
  readonly seed: number;
  readonly population: PopulationPlan;
  readonly hours: number;
  readonly leaseSeconds: number;
  readonly link: LinkFaults;
  readonly crashes: number;
  /** How long the server is down after a crash, at most. */
  readonly downMsMax: number;
  /** One long outage in the middle, so that leases run out; 0 for none. */
  readonly outageMs: number;
  /** Things that happen to single devices, per hour. */
  readonly incidentsAnHour: number;
  readonly defect: ServerDefect;
}

/** What the schedule makes happen, beside what the devices do by their own timers. */
export type Incident =
  | { readonly kind: "start"; readonly device: number; readonly exchange: DhcpExchange }
  | { readonly kind: "power-cycle"; readonly device: number }
  | { readonly kind: "conflict"; readonly device: number }
  /** In the middle of a commit when there is one within the minute, else at its end. */
  | { readonly kind: "crash"; readonly downMs: number; readonly inCommit: boolean };

export interface ScheduledIncident {
  readonly atMs: number;
  readonly incident: Incident;
}

const HOUR_MS = 3_600_000;
/** All devices are switched on within this time. */
export const POWER_ON_MS = 600_000;
/** Longer than the longest way through the network: a RELEASE must not meet what follows it. */
const RESTART_AFTER_RELEASE_MS = 15_000;

/** A population and a configuration for it in which meters fight for too few addresses. */
export function buildConfig(population: Population, leaseSeconds: number): ServerConfig {
  let text = dhcpdConf(population, { leaseSeconds, localAddress: SERVER_ADDRESS });
  const metersAtCmts = Math.floor(population.plan.smartMeters / population.cmtsCount);
  for (let index = 0; index < population.cmtsCount; index += 1) {
    const pool = population.cmts(index).pools.find(({ kind }) => kind === "smart-meter");
    if (pool === undefined) continue;
    const low = formatIpv4(pool.low);
    const high = formatIpv4(pool.low + Math.floor(metersAtCmts * 0.95) - 1);
    text = text.replace(`range ${low} ${formatIpv4(pool.high)};`, `range ${low} ${high};`);
  }
  const result = parseConfig("simulation.conf", () => text);
  if (result.kind === "ok") return result.config;
  throw new Error(result.diagnostics.map(formatDiagnostic).join("\n"));
}

export const SERVER_ADDRESS = 0x7f00_0001;
export const SERVER_PORT = 6767;

/** The day of a simulation, incident by incident, from its seed alone. */
export function schedule(plan: SimulationPlan, population: Population): ScheduledIncident[] {
  const prng = new Prng(plan.seed, 1);
  const endMs = plan.hours * HOUR_MS;
  const incidents: ScheduledIncident[] = [];
  const add = (atMs: number, incident: Incident): number => incidents.push({ atMs, incident });

  for (let device = 0; device < population.size; device += 1) {
    add(prng.nextFloat() * POWER_ON_MS, { kind: "start", device, exchange: "discover" });
  }
  for (let count = 0; count < plan.incidentsAnHour * plan.hours; count += 1) {
    const device = prng.nextBelow(population.size);
    const atMs = POWER_ON_MS + prng.nextFloat() * (endMs - POWER_ON_MS);
    addDeviceIncident(add, prng, atMs, device);
  }
  for (let count = 0; count < plan.crashes; count += 1) {
    const downMs = 1000 + prng.nextFloat() * (plan.downMsMax - 1000);
    const inCommit = prng.nextFloat() < 0.7;
    // A quarter of them while devices are switched on: then most offers wait for an answer.
    const withinMs = prng.nextFloat() < 0.25 ? POWER_ON_MS : endMs;
    add(prng.nextFloat() * withinMs, { kind: "crash", downMs, inCommit });
  }
  if (plan.outageMs > 0) {
    add(endMs / 2, { kind: "crash", downMs: plan.outageMs, inCommit: true });
  }
  addPowerCut(add, prng, endMs / 4, population);
  return incidents;
}

function addDeviceIncident(
  add: (atMs: number, incident: Incident) => void,
  prng: Prng,
  atMs: number,
  device: number,
): void {
  const choice = prng.nextBelow(100);
  if (choice < 25) {
    add(atMs, { kind: "power-cycle", device });
    add(atMs + prng.nextFloat() * 60_000, { kind: "start", device, exchange: "discover" });
  } else if (choice < 45) {
    add(atMs, { kind: "start", device, exchange: "reboot" });
  } else if (choice < 60) {
    add(atMs, { kind: "start", device, exchange: "rebind" });
  } else if (choice < 75) {
    add(atMs, { kind: "start", device, exchange: "renew" });
  } else if (choice < 98) {
    const againMs = RESTART_AFTER_RELEASE_MS + prng.nextFloat() * 600_000;
    add(atMs, { kind: "start", device, exchange: "release" });
    add(atMs + againMs, { kind: "start", device, exchange: "discover" });
  } else {
    add(atMs, { kind: "conflict", device });
  }
}

/** Everybody on one CMTS loses power at once, and is back within a minute. */
function addPowerCut(
  add: (atMs: number, incident: Incident) => void,
  prng: Prng,
  atMs: number,
  population: Population,
): void {
  for (let device = 0; device < population.size; device += 1) {
    if (population.cmtsOf(device) !== 0) continue;
    add(atMs, { kind: "power-cycle", device });
    add(atMs + prng.nextFloat() * 60_000, { kind: "start", device, exchange: "discover" });
  }
}
