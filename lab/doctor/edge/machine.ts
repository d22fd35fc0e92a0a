import {
  accessSync,
  constants,
  existsSync,
  readdirSync,
  readFileSync,
  statfsSync,
  statSync,
} from "node:fs";
import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import { cpuTimesOf } from "../../machine/process-usage.ts";
import type { BusyProgram } from "../processors.ts";

const TMPFS_MAGIC = 0x0102_1994;
const diskTypes = new Set(["bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "xfs", "zfs"]);
const systemFolders = /^\/(boot|etc|proc|run|snap|sys|usr)(\/|$)/;
const PROGRAMS_MAX = 4096;
const MOUNTS_MAX = 256;

/** The folder itself, or the nearest one above it that exists. */
export function existingFolder(path: string): string {
  const whole = resolve(path);
  return existsSync(whole) ? whole : existingFolder(dirname(whole));
}

/** Whether the folder is on a disk that exists in memory only. */
export function isInMemory(folder: string): boolean {
  return statfsSync(folder).type === TMPFS_MAGIC;
}

/** Folders on other disks that this user may write to, one for each disk. */
export function foldersOnOtherDisks(folder: string): readonly string[] {
  const seen = new Set([statSync(folder).dev]);
  return [process.cwd(), homedir(), ...mountPoints()].filter((path) => {
    try {
      accessSync(path, constants.W_OK);
      const { dev } = statSync(path);
      if (seen.has(dev)) return false;
      seen.add(dev);
      return true;
    } catch {
      return false;
    }
  });
}

function mountPoints(): readonly string[] {
  return (readText("/proc/self/mounts") ?? "")
    .split("\n")
    .slice(0, MOUNTS_MAX)
    .map((line) => line.split(" "))
    .filter(([, path = "\\", type = ""]) => {
      // A blank in the path is written with a backslash.
      return diskTypes.has(type) && !systemFolders.test(path) && !path.includes("\\");
    })
    .map(([, path]) => path!);
}

/** net.core.rmem_max, bytes. */
export function rmemMaxBytes(): number | undefined {
  const text = readText("/proc/sys/net/core/rmem_max");
  return text === undefined ? undefined : Number(text);
}

/** Counters of the whole machine at one moment; fields that Linux does not show are undefined. */
export interface MachineMark {
  readonly atMs: number;
  /** Of all processors together, in ticks (proc(5), /proc/stat). */
  readonly ticks: { readonly all: number; readonly stolen: number } | undefined;
  readonly throttledMs: number | undefined;
  readonly cpuMsByPid: ReadonlyMap<number, number>;
}

export function markMachine(atMs: number): MachineMark {
  return { atMs, ticks: ticks(), throttledMs: throttledMs(), cpuMsByPid: cpuMsByPid() };
}

/** What others took between two moments. */
export function takenBetween(
  from: MachineMark,
  to: MachineMark,
): {
  readonly stealPercent: number | undefined;
  readonly throttledPercent: number | undefined;
  readonly busiest: readonly BusyProgram[];
} {
  const elapsedMs = to.atMs - from.atMs;
  const share = (part: number | undefined, before: number | undefined, whole: number) =>
    part === undefined || before === undefined || whole <= 0
      ? undefined
      : (100 * (part - before)) / whole;
  const busiest = [...to.cpuMsByPid]
    .map(([pid, cpuMs]) => {
      const before = from.cpuMsByPid.get(pid) ?? cpuMs;
      return { pid, name: nameOf(pid), cpuPercent: (100 * (cpuMs - before)) / elapsedMs };
    })
    .filter(({ pid, cpuPercent }) => pid !== process.pid && cpuPercent > 0)
    .toSorted((a, b) => b.cpuPercent - a.cpuPercent)
    .slice(0, 10);
  const wholeTicks = (to.ticks?.all ?? 0) - (from.ticks?.all ?? 0);
  return {
    stealPercent: share(to.ticks?.stolen, from.ticks?.stolen, wholeTicks),
    throttledPercent: share(to.throttledMs, from.throttledMs, elapsedMs),
    busiest,
  };
}

/** user, nice, system, idle, iowait, irq, softirq and steal; guests are in user already. */
function ticks(): MachineMark["ticks"] {
  const line = readText("/proc/stat")?.split("\n", 1)[0];
  const fields = line?.trim().split(/\s+/).slice(1, 9).map(Number) ?? [];
  if (fields.length < 8) return undefined;
  return { all: fields.reduce((sum, each) => sum + each, 0), stolen: fields[7]! };
}

/** Of this program's control group, version 2. */
function throttledMs(): number | undefined {
  const group = /^0::(.*)$/m.exec(readText("/proc/self/cgroup") ?? "")?.[1] ?? "/";
  const text = readText(`/sys/fs/cgroup${group}/cpu.stat`) ?? "";
  const microseconds = /^throttled_usec (\d+)$/m.exec(text)?.[1];
  return microseconds === undefined ? undefined : Number(microseconds) / 1000;
}

function cpuMsByPid(): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const name of foldersIn("/proc").slice(0, PROGRAMS_MAX)) {
    const times = /^\d+$/.test(name) ? cpuTimesOf(Number(name)) : undefined;
    if (times !== undefined) found.set(Number(name), times.userMs + times.systemMs);
  }
  return found;
}

function nameOf(pid: number): string {
  return readText(`/proc/${pid}/comm`)?.trim() ?? `process ${pid}`;
}

function foldersIn(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}
