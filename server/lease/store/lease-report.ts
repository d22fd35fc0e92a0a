import { type BlockKind, isPurgeable, type LeaseFileBlock } from "../format/lease-file.ts";
import type { LeaseFileContents } from "./lease-reader.ts";

/** The result of reading the file. */
export interface LeaseLoadReport {
  /** Path of the file with symbolic links followed. */
  readonly path: string;
  readonly bytes: number;
  /** Number of lease records in the file, including superseded ones. */
  readonly records: number;
  /** Sentences for the log: a torn record that was cut off, leases outside every range, … */
  readonly warnings: readonly string[];
}

/** The state of one of two lease files. */
export interface LeaseFileState {
  readonly path: string;
  /** It is written, as the other one is. */
  readonly isInStep: boolean;
  /** Bytes that wait for its disk. */
  readonly queuedBytes: number;
}

/** Declarations in the file that are kept but not served, and advice about each. */
const keptWarnings: readonly (readonly [kinds: readonly BlockKind[], what: string])[] = [
  [
    ["host"],
    "hosts were declared or deleted while dhcpd ran (OMAPI): they count, though dhcpd.conf says " +
      "otherwise, and stay in the file.",
  ],
  [
    ["group", "class", "subclass"],
    "groups and classes were declared while dhcpd ran (OMAPI): they stay in the file, and are not " +
      "served. Write them into dhcpd.conf.",
  ],
  [
    ["failover"],
    "states of a failover pair stay in the file. This server has no partner and takes over all its " +
      "leases: the other one of the pair must not serve any more.",
  ],
  [
    ["ia-na", "ia-ta", "ia-pd"],
    "records of DHCPv6 stay in the file, and are not served: this server speaks DHCPv4 only.",
  ],
];

function isKept(kinds: readonly BlockKind[]): (block: LeaseFileBlock) => boolean {
  return (block) => kinds.includes(block.kind) && !isPurgeable(block);
}

/** The report for the operator about a file that was read. */
export function reportOf(path: string, contents: LeaseFileContents): LeaseLoadReport {
  const { sizeBytes, records, foreign, blocks, torn, skipped, skippedMore } = contents;
  const warnings: string[] = [];
  if (torn !== undefined) warnings.push(torn);
  if (foreign.size > 0) {
    warnings.push(
      `${path}: ${foreign.size} leases are in no range of the configuration: they are not served, ` +
        "and stay in the file while they run.",
    );
  }
  warnings.push(...skipped);
  if (skippedMore > 0) warnings.push(`${path}: ${skippedMore} more statements are passed over.`);
  for (const [kinds, what] of keptWarnings) {
    const count = [...blocks.values()].filter(isKept(kinds)).length;
    if (count > 0) warnings.push(`${path}: ${count} ${what}`);
  }
  return { path, bytes: sizeBytes, records, warnings };
}
