import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { holdingsOf, type ProcessHoldings, processTree } from "../../lab/machine/process-usage.ts";
import type { RunName } from "./soak-scenarios.ts";

/** One look at the processes of a run, and at what they have written. */
export interface Sample {
  readonly run: RunName;
  /** Since the run was started. */
  readonly hours: number;
  readonly processes: readonly ProcessSample[];
  /** By the program or the file below the run's `server/`. */
  readonly fileMiB: Readonly<Record<string, number>>;
}

export interface ProcessSample extends ProcessHoldings {
  /** `prov-a`, `etcd-1`, `server`, or `simulator`: the process that plays the run. */
  readonly name: string;
  readonly pid: number;
  /** What the heaps of its threads hold; only of Node's programs. */
  readonly heapMiB?: number;
}

const BYTES_A_MIB = 1024 * 1024;
/** A thread that has ended, or that is paused, says no more. */
const HEAP_MS_MAX = 5000;

/** `pid`: of the `prov run` that works in `folder`. */
export function sampleOf(run: RunName, { pid, folder, heapFolder, hours }: SampledRun): Sample {
  const heaps = heapsIn(heapFolder);
  const [simulator, ...others] = processTree(pid);
  const named = [
    ...(simulator === undefined ? [] : [{ pid: simulator.pid, name: "simulator" }]),
    ...others.map((each) => ({
      pid: each.pid,
      // The bundled server works where its run does; programs of a pair have folders of their own.
      name: each.folder === simulator!.folder ? "server" : basename(each.folder),
    })),
  ];
  const processes = named
    .filter(({ pid: each }) => isLasting(each))
    .flatMap(({ pid: each, name }): ProcessSample[] => {
      const holdings = holdingsOf(each);
      const heapMiB = heaps.get(each);
      if (holdings === undefined) return [];
      return [{ name, pid: each, ...holdings, ...(heapMiB === undefined ? {} : { heapMiB }) }];
    });
  return { run, hours, processes, fileMiB: fileSizes(join(folder, "server")) };
}

export interface SampledRun {
  readonly pid: number;
  readonly folder: string;
  readonly heapFolder: string;
  readonly hours: number;
}

/** Not git, ip, etcdctl and the like, which a run asks something now and then. */
function isLasting(pid: number): boolean {
  try {
    return ["node", "etcd"].includes(basename(readlinkSync(`/proc/${pid}/exe`)));
  } catch {
    return false;
  }
}

/** By process, the sum over its threads, in MiB. */
function heapsIn(folder: string): ReadonlyMap<number, number> {
  const heaps = new Map<number, number>();
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const pid = Number(name.split("-")[0]);
    try {
      if (Date.now() - statSync(file).mtimeMs > HEAP_MS_MAX) continue;
      const mebibytes = Number(readFileSync(file, "utf8")) / BYTES_A_MIB;
      heaps.set(pid, (heaps.get(pid) ?? 0) + mebibytes);
    } catch {
      // The thread has just ended.
    }
  }
  return heaps;
}

/**
 * What stands below a folder, by its first name there, in MiB. Without etcd's write-ahead log: it keeps a handful of
 * files, each 64 MiB from its beginning.
 */
function fileSizes(folder: string): Readonly<Record<string, number>> {
  const sizes: Record<string, number> = {};
  for (const name of namesBelow(folder)) {
    if (name.endsWith(".wal") || name.endsWith(".tmp")) continue;
    try {
      const status = statSync(join(folder, name));
      if (!status.isFile()) continue;
      const [first = name] = name.split("/");
      // A rewrite writes beside the lease file.
      const key = first.replace(/\.leases.*/, ".leases");
      sizes[key] = (sizes[key] ?? 0) + status.size / BYTES_A_MIB;
    } catch {
      // It was renamed or removed meanwhile.
    }
  }
  return sizes;
}

function namesBelow(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
}
