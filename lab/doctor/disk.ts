import type { LatencyHistogram } from "../../base/histogram.ts";
import { formatMs } from "../../reports/text/format.ts";
import type { Finding } from "./finding.ts";

/** A stream of syncs at the guide's load, and what else is known of the disk. */
export interface DiskFigures {
  readonly folder: string;
  /** Of each record, with those that share its sync and the one before. */
  readonly waits: LatencyHistogram;
  readonly isInMemory: boolean;
  /** Folders on other disks that this user may write to. */
  readonly otherFolders: readonly string[];
}

// The shipped scenarios of the guide ask for a p99 of less than 10 ms: a disk may take half of it. A stall of 100 ms
// holds 90 of the guide's exchanges back.
const P99_MS_MAX = 5;
const MS_MAX = 100;

export function judgeDisk(disk: DiskFigures): Finding {
  const { folder, waits, isInMemory } = disk;
  if (isInMemory) {
    return {
      state: "unknown",
      said: `${folder} is in memory: nothing is ever synced there`,
      advice: [elsewhere(disk, "Put results and leases on a disk")],
    };
  }
  const p99Ms = waits.percentileMs(99);
  const stalls = `the longest sync held exchanges back for ${formatMs(waits.maxMs())} ms`;
  if (p99Ms <= P99_MS_MAX && waits.maxMs() <= MS_MAX) {
    return { state: "fine", said: `in ${folder}, at the guide's load`, advice: [] };
  }
  return {
    state: "slow",
    said: `in ${folder}, at the guide's load: ${p99Ms > P99_MS_MAX ? "no server's p99 can be shorter" : stalls}`,
    advice: [elsewhere(disk, "Put results and leases on a disk that does less besides")],
  };
}

function elsewhere(
  { otherFolders: [other] }: DiskFigures,
  what: string,
): Finding["advice"][number] {
  return other === undefined
    ? { text: `${what} (npx prov run --out FOLDER); here is no other one that you may write to` }
    : {
        text: `${what}, with prov run --out; try another one`,
        command: `npx prov doctor ${other}`,
      };
}
