import { formatIpv4 } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import { formatCount } from "../../reports/format.ts";
import type { Population } from "../../scenarios/population.ts";
import { bytesEqual } from "../../server/lease/lease.ts";
import { LeaseFileStore } from "../../server/lease/lease-file-store.ts";
import { LeaseTable } from "../../server/lease/lease-table.ts";
import type { AcknowledgedLeases } from "../../simulator/coordinator.ts";

export interface LeaseAudit {
  readonly lost: number;
  readonly examples: readonly string[];
  readonly summary: string;
}

/** Clocks are read on both sides of a packet, and files hold whole seconds. */
const TOLERANCE_SECONDS = 2;
const EXAMPLES_MAX = 5;

/**
 * Looks in the server's lease file for every lease that a device was acknowledged and has not given
 * up (LEASE-3): the address, the device's hardware address, and an end that is not earlier than the
 * device was told. Reads the file as a restarted server would. Throws LeaseStoreError when that
 * server would not start with it. `place` is what a report calls the file.
 */
export function auditLeaseFile(
  path: string,
  leases: AcknowledgedLeases,
  population: Population,
  place = "the lease file",
): LeaseAudit {
  const table = tableFor(population);
  LeaseFileStore.check(path, table);
  const examples: string[] = [];
  let lost = 0;
  for (let at = 0; at < leases.count; at += 1) {
    const device = leases.device[at]!;
    const address = leases.address[at]!;
    const problem = problemOf(
      table,
      address,
      population.macOf(device),
      leases.expiresAtSeconds[at]!,
    );
    if (problem === undefined) continue;
    lost += 1;
    if (examples.length < EXAMPLES_MAX) {
      const who = `${formatIpv4(address)} was acknowledged to ${formatMac(population.macOf(device))}`;
      examples.push(`${who}, but ${place} ${problem}.`);
    }
  }
  const summary =
    lost === 0
      ? `all ${formatCount(leases.count)} leases in ${place}`
      : `${formatCount(lost)} of ${formatCount(leases.count)} leases not in ${place}`;
  return { lost, examples, summary };
}

function tableFor(population: Population): LeaseTable {
  const ranges = Array.from({ length: population.cmtsCount }, (_, index) =>
    population.cmts(index).pools.map(({ low, high }) => ({ low, high, pool: index })),
  );
  return new LeaseTable(ranges.flat());
}

/** What the file says instead of the lease that a device holds; undefined when it agrees. */
function problemOf(
  table: LeaseTable,
  address: number,
  mac: Uint8Array,
  expiresAtSeconds: number,
): string | undefined {
  const index = table.indexOf(address);
  if (index < 0) return "has no such address";
  const record = table.recordOf(index);
  if (record.bindingState !== "active") return `says ${record.bindingState}`;
  const holder = record.hardware?.address;
  if (holder === undefined || !bytesEqual(holder, mac)) {
    return `says it is ${holder === undefined ? "nobody" : formatMac(holder)}'s`;
  }
  const endsAt = record.endsAt;
  if (endsAt !== null && endsAt + TOLERANCE_SECONDS < expiresAtSeconds) {
    return `ends it ${Math.round(expiresAtSeconds - endsAt)} s too early`;
  }
  return undefined;
}
