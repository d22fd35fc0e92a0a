import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { bytesEqual } from "../../../protocol/bytes.ts";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import { formatMac } from "../../../protocol/mac.ts";
import { formatCount } from "../../../reports/text/format.ts";
import { Population, type PopulationPlan } from "../../../scenarios/population/population.ts";
import { LeaseFileStore } from "../../../server/lease/store/edge/lease-file-store.ts";
import { LeaseTable } from "../../../server/lease/table/lease-table.ts";
import type { AcknowledgedLeases } from "../../../simulator/run/edge/coordinator.ts";
import { keaLeases } from "./kea-lease-file.ts";
import type { WrittenLease, WrittenLeases } from "./written-lease.ts";

export interface LeaseAudit {
  readonly lost: number;
  readonly examples: readonly string[];
  readonly summary: string;
}

/** Two clock readings may differ by the time of a packet, and files hold whole seconds. */
const TOLERANCE_SECONDS = 2;
const EXAMPLES_MAX = 5;

/** Lease files, and the leases to look for in them. */
export interface AuditOrder {
  /** One file, or the files of two servers that share their leases. */
  readonly files: AuditedFiles;
  readonly leases: AcknowledgedLeases;
  readonly population: PopulationPlan;
}

export type AuditedFiles =
  /** `place` is the file's name in reports. */
  | { readonly path: string; readonly place?: string }
  | { readonly paths: readonly string[]; readonly format: "isc" | "kea" };

/**
 * The job of `auditOnThreads`: looks in the lease file for every lease that a device was acknowledged and still holds
 * (LEASE-3): the address, the device's hardware address, and an end that is not earlier than in the ACK. Reads the
 * file as a restarted server would. Throws LeaseStoreError when that server would not start.
 */
export function auditLeases({ files, leases, population: plan }: AuditOrder): LeaseAudit {
  const population = new Population(plan);
  if ("paths" in files) return auditTogether(files.paths, files.format, leases, population);
  const { path, place = "the lease file" } = files;
  const { lost, examples } = lostOf([iscLeases(path, population)], leases, population, place);
  return { lost, examples, summary: summaryOf(lost, leases, place) };
}

/**
 * The same for two servers that share their leases: a lease is lost when neither file has it. The summary also says
 * how many each file has. Throws LeaseStoreError as `auditLeases` does, and Error for a bad file of Kea.
 */
export function auditTogether(
  paths: readonly string[],
  format: "isc" | "kea",
  leases: AcknowledgedLeases,
  population: Population,
): LeaseAudit {
  const files = paths.map((path) =>
    format === "isc" ? iscLeases(path, population) : keaLeases(readFileSync(path, "utf8")),
  );
  const { lost, examples } = lostOf(files, leases, population);
  const alone = files.map((file, index) => {
    const missing = lostOf([file], leases, population).lost;
    return `${basename(dirname(paths[index]))} has ${formatCount(leases.count - missing)}`;
  });
  const summary = summaryOf(lost, leases, "the lease files together");
  return { lost, examples, summary: [summary, ...alone].join("; ") };
}

function lostOf(
  files: readonly WrittenLeases[],
  leases: AcknowledgedLeases,
  population: Population,
  place = "the lease file",
): Pick<LeaseAudit, "lost" | "examples"> {
  const examples: string[] = [];
  let lost = 0;
  for (let at = 0; at < leases.count; at += 1) {
    const device = leases.device[at];
    const address = leases.address[at];
    const mac = population.macOf(device);
    const problems = files.map((leaseOf) =>
      problemOf(leaseOf(address), mac, leases.expiresAtSeconds[at]),
    );
    if (problems.includes(undefined)) continue;
    lost += 1;
    if (examples.length < EXAMPLES_MAX) {
      const who = `${formatIpv4(address)} was acknowledged to ${formatMac(mac)}`;
      examples.push(`${who}, but ${place} ${problems.join(", the other one ")}.`);
    }
  }
  return { lost, examples };
}

function summaryOf(lost: number, { count }: AcknowledgedLeases, where: string): string {
  return lost === 0
    ? `all ${formatCount(count)} leases in ${where}`
    : `${formatCount(lost)} of ${formatCount(count)} leases not in ${where}`;
}

function iscLeases(path: string, population: Population): WrittenLeases {
  const ranges = Array.from({ length: population.cmtsCount }, (_, index) =>
    population.cmts(index).pools.map(({ low, high }) => ({ low, high, pool: index })),
  );
  const table = new LeaseTable(ranges.flat());
  LeaseFileStore.check(path, table);
  return (address) => {
    const index = table.indexOf(address);
    if (index < 0) return undefined;
    const { bindingState, hardware, endsAt } = table.recordOf(index);
    return { state: bindingState, holder: hardware?.address, endsAtSeconds: endsAt };
  };
}

/** How the file contradicts the lease of a device; undefined when it agrees. */
function problemOf(
  written: WrittenLease | undefined,
  mac: Uint8Array,
  expiresAtSeconds: number,
): string | undefined {
  if (written === undefined) return "has no such address";
  const { state, holder, endsAtSeconds } = written;
  if (state !== "active") return `says ${state}`;
  if (holder === undefined || !bytesEqual(holder, mac)) {
    return `says it is ${holder === undefined ? "nobody" : formatMac(holder)}'s`;
  }
  if (endsAtSeconds !== null && endsAtSeconds + TOLERANCE_SECONDS < expiresAtSeconds) {
    return `ends it ${Math.round(expiresAtSeconds - endsAtSeconds)} s too early`;
  }
  return undefined;
}
