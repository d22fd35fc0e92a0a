import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "./machine/package-root.ts";

/** When a disk stands still. */
export interface DiskStalls {
  readonly stallMs: number;
  /** From the beginning of one stall to the next, on the wall clock; without it each sync takes `stallMs` longer. */
  readonly everyMs?: number;
  /** Only files whose path begins with this are on the disk; without it all are. */
  readonly path?: string;
}

/**
 * The environment of a Node program whose syncs are to meet these stalls: `prov` of this checkout or of
 * another. Programs that run already, and those of others, are delayed by `slowSyncs`.
 */
export function diskStallEnvironment(stalls: DiskStalls): Readonly<Record<string, string>> {
  const { stallMs, everyMs, path } = stalls;
  const hook = pathToFileURL(join(packageRoot, "lab", "disk-stalls.mjs")).href;
  return {
    NODE_OPTIONS: `--import=${hook}`,
    PROVLAB_DISK_STALL_MS: String(stallMs),
    ...(everyMs === undefined ? {} : { PROVLAB_DISK_STALL_EVERY_MS: String(everyMs) }),
    ...(path === undefined ? {} : { PROVLAB_DISK_STALL_PATH: path }),
  };
}
