import { parseIpv4 } from "../../../protocol/ipv4.ts";
import { parseMac } from "../../../protocol/mac.ts";
import type { WrittenLease, WrittenLeases } from "./written-lease.ts";

/** Kea's states, by number. */
const states = ["active", "declined", "expired", "released"] as const;

/**
 * Leases in a file of Kea's memfile backend: CSV with a head. The latest line of an address counts; a lifetime of 0
 * removes the lease. A comma always ends a field, because commas inside of one are escaped. A last line without an end
 * was never acknowledged. Throws Error for any other file.
 */
export function keaLeases(text: string): WrittenLeases {
  const [head = "", ...lines] = text.split("\n").slice(0, -1);
  const names = head.split(",");
  const [address, hardware, lifetime, end, state] = [
    ...["address", "hwaddr", "valid_lifetime", "expire", "state"],
  ].map((name) => names.indexOf(name)) as [number, number, number, number, number];
  if (Math.min(address, hardware, lifetime, end, state) < 0) {
    throw new Error(`no lease file of Kea: it begins with ${JSON.stringify(head.slice(0, 80))}`);
  }
  const leases = new Map<number, WrittenLease>();
  for (const line of lines) {
    const fields = line.split(",");
    const where = parseIpv4(fields[address] ?? "");
    if (where === undefined) continue;
    if (fields[lifetime] === "0") {
      leases.delete(where);
      continue;
    }
    leases.set(where, {
      state: states[Number(fields[state])] ?? `state ${fields[state]}`,
      holder: parseMac(fields[hardware] ?? ""),
      endsAtSeconds: Number(fields[end]),
    });
  }
  return (wanted) => leases.get(wanted);
}
