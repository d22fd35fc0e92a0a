import { formatIpv4 } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import type { Population } from "../../scenarios/population/population.ts";
import { inPieces, writePieces } from "../config/text-pieces.ts";
import type { DhcpLaunch } from "../contenders/dhcp-contender.ts";

export interface LeasesToWrite {
  readonly leases: number;
  readonly leaseSeconds: number;
  /** Since the epoch: each lease begins here. */
  readonly nowMs: number;
}

/**
 * Fills a server's lease file with the leases of the first devices of a population of modems, in the
 * server's own format: as if all had been bound a moment ago.
 */
export function writeLeases(
  { leaseFile, leaseFormat }: Pick<DhcpLaunch, "leaseFile" | "leaseFormat">,
  population: Population,
  wanted: LeasesToWrite,
): void {
  writePieces(leaseFile, leasePieces(leaseFormat, population, wanted));
}

/** The text of such a file, in pieces. Throws RangeError when there are fewer modems than leases. */
export function* leasePieces(
  format: DhcpLaunch["leaseFormat"],
  population: Population,
  { leases, leaseSeconds, nowMs }: LeasesToWrite,
): Generator<string> {
  if (leases > population.countOf[0]) {
    throw new RangeError(`${leases} leases need as many modems, not ${population.countOf[0]}`);
  }
  const startsAt = Math.floor(nowMs / 1000);
  const times = { startsAt, endsAt: startsAt + leaseSeconds, leaseSeconds };
  const record = format === "isc" ? iscRecord : keaRecord;
  if (format === "kea") yield `${keaColumns.join(",")}\n`;
  yield* inPieces(leases, (device) => record(population, device, times));
}

/** The address of a modem in a file made by `leasePieces`: the n-th of its CMTS has the n-th. */
export function leasedAddress(population: Population, device: number): number {
  const { pools } = population.cmts(population.cmtsOf(device));
  return pools[0].low + Math.floor(device / population.cmtsCount);
}

interface LeaseTimes {
  readonly startsAt: number;
  readonly endsAt: number;
  readonly leaseSeconds: number;
}

function iscRecord(
  population: Population,
  device: number,
  { startsAt, endsAt }: LeaseTimes,
): string {
  const mac = formatMac(population.macOf(device));
  return (
    `lease ${formatIpv4(leasedAddress(population, device))} {\n` +
    `  starts epoch ${startsAt};\n  ends epoch ${endsAt};\n  cltt epoch ${startsAt};\n` +
    "  binding state active;\n  next binding state free;\n  rewind binding state free;\n" +
    `  hardware ethernet ${mac};\n  uid 01:${mac};\n}\n`
  );
}

const keaColumns = [
  ...["address", "hwaddr", "client_id", "valid_lifetime", "expire", "subnet_id"],
  ...["fqdn_fwd", "fqdn_rev", "hostname", "state", "user_context", "pool_id"],
];

function keaRecord(
  population: Population,
  device: number,
  { endsAt, leaseSeconds }: LeaseTimes,
): string {
  const mac = formatMac(population.macOf(device));
  const fields = [
    ...[formatIpv4(leasedAddress(population, device)), mac, `01:${mac}`, leaseSeconds, endsAt],
    // The network's number in the configuration; no DDNS, no name; state 0 is in use.
    ...[population.cmtsOf(device) + 1, 0, 0, "", 0, "", 0],
  ];
  return `${fields.join(",")}\n`;
}
