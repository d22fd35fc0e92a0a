import { readFileSync } from "node:fs";
import { join } from "node:path";
import { formatIpv4 } from "../../../protocol/ipv4.ts";
import type { LeaseRecord } from "../lease.ts";
import { LeaseFileStore } from "../store/edge/lease-file-store.ts";
import { LeaseTable } from "../table/lease-table.ts";
import { isPurgeable } from "./lease-file.ts";
import { parseLeaseFile } from "./parse-lease-file.testing.ts";

/**
 * Lease files of isc-dhcp-server 4.4.3-P1: variables, `on` blocks, option 82, billing, hosts and groups
 * made through OMAPI, both formats of times and of client identifiers, and those of a failover pair.
 */
export const corpusDirectory = join(import.meta.dirname, "corpus");

/** All addresses of the corpus. */
const ranges = [{ low: 0x0a10_0100, high: 0x0a10_01ff, pool: 0 }];
const nowSeconds = 1_795_600_000;

/** What a file says, in whatever order: leases by address, and the other declarations. */
export interface Meaning {
  readonly leases: ReadonlyMap<string, LeaseRecord>;
  readonly blocks: ReadonlyMap<string, string>;
}

export function meaningOf(path: string): Meaning {
  const { records, blocks, error } = parseLeaseFile(readFileSync(path));
  if (error !== undefined) throw new Error(`${path} line ${error.line}: ${error.message}`);
  const leases = new Map(records.map((record) => [formatIpv4(record.address), sorted(record)]));
  for (const [name, record] of leases) if (isVirgin(record)) leases.delete(name);
  const last = new Map(blocks.map((block) => [block.key, block]));
  const kept = [...last.values()].filter((block) => !isPurgeable(block));
  return { leases, blocks: new Map(kept.map(({ key, text }) => [key, text])) };
}

/** Free, and nobody ever had it: neither server writes that down again. */
function isVirgin({ bindingState, hardware, clientId, reserved }: LeaseRecord): boolean {
  return bindingState === "free" && !hardware && !clientId && !reserved;
}

/** dhcpd turns the order of the variables round each time. */
function sorted(record: LeaseRecord): LeaseRecord {
  if (record.variables === undefined) return record;
  const variables = [...record.variables].sort(([left], [right]) => (left < right ? -1 : 1));
  return { ...record, variables };
}

/** Lets a file grow until a rewrite is due, and waits until that is done. */
export function rewriteLeaseFile(path: string): void {
  const table = new LeaseTable(ranges);
  const store = LeaseFileStore.open(path, table, { rewriteBytesMin: 0 });
  for (let round = 0; round < 3; round += 1) {
    for (let index = 0; index < table.size; index += 1) {
      if (table.isWorthKeeping(index)) store.append(table.recordOf(index));
    }
    store.commit();
  }
  while (store.maintain(nowSeconds));
  store.close();
}
