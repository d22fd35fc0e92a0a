import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

const KIB_A_MIB = 1024;
const NANOSECONDS_A_MS = 1e6;

/** Resident memory of a process now and at its peak, MiB; undefined where the kernel does not say. */
export function memoryMiBOf(
  pid: number | undefined,
): { readonly now: number; readonly peak: number } | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const kib = (field: string): number =>
      Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status)?.[1]);
    const sizes = { now: kib("VmRSS") / KIB_A_MIB, peak: kib("VmHWM") / KIB_A_MIB };
    return Number.isNaN(sizes.now + sizes.peak) ? undefined : sizes;
  } catch {
    return undefined;
  }
}

/** Processor time of a process in its own code and in the kernel, ms, in steps of 10 ms. */
export interface CpuTimes {
  readonly userMs: number;
  readonly systemMs: number;
}

/** One process of several, named after the folder that it works in. */
export interface ProcessTimes extends CpuTimes {
  readonly name: string;
}

const MS_A_TICK = 10;

/** A process and all of its descendants, the parent first; empty where the kernel does not say. */
export function timesOfTree(pid: number | undefined): readonly ProcessTimes[] {
  return processTree(pid).flatMap(({ pid: each, folder }) => {
    const times = cpuTimesOf(each);
    return times === undefined ? [] : [{ name: basename(folder), ...times }];
  });
}

/** A process, and the folder that it works in. */
export interface PlacedProcess {
  readonly pid: number;
  readonly folder: string;
}

/** A process and all of its descendants, the parent first; empty where the kernel does not say. */
export function processTree(pid: number | undefined): readonly PlacedProcess[] {
  try {
    const tasks = `/proc/${pid}/task`;
    const children = readdirSync(tasks).flatMap((task) =>
      readFileSync(`${tasks}/${task}/children`, "latin1").trim().split(" ").filter(Boolean),
    );
    const folder = readlinkSync(`/proc/${pid}/cwd`);
    return [
      { pid: Number(pid), folder },
      ...children.flatMap((child) => processTree(Number(child))),
    ];
  } catch {
    return [];
  }
}

/** What a process holds now. */
export interface ProcessHoldings {
  readonly residentMiB: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** Undefined when there is no such process, or the kernel does not say. */
export function holdingsOf(pid: number): ProcessHoldings | undefined {
  const residentMiB = memoryMiBOf(pid)?.now;
  if (residentMiB === undefined) return undefined;
  try {
    const count = (folder: string): number => readdirSync(`/proc/${pid}/${folder}`).length;
    return { residentMiB, descriptors: count("fd"), threads: count("task") };
  } catch {
    return undefined;
  }
}

/** Undefined when there is no such process, or the kernel does not say. */
export function cpuTimesOf(pid: number | undefined): CpuTimes | undefined {
  try {
    // The name in parentheses may hold anything; utime and stime are fields 14 and 15 (proc(5)).
    const [userTicks, systemTicks] = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ")
      .slice(11, 13)
      .map(Number);
    if (userTicks === undefined || systemTicks === undefined) return undefined;
    return { userMs: userTicks * MS_A_TICK, systemMs: systemTicks * MS_A_TICK };
  } catch {
    return undefined;
  }
}

/** Processor time of a process, ms. */
export interface ThreadTimes {
  /** Its first thread's. */
  readonly mainMs: number;
  /** The sum of all running threads. */
  readonly allMs: number;
}

/** Undefined where the kernel does not say. */
export function threadTimesOf(pid: number | undefined): ThreadTimes | undefined {
  try {
    const tasks = `/proc/${pid}/task`;
    const msOf = (task: string): number =>
      Number(readFileSync(`${tasks}/${task}/schedstat`, "latin1").split(" ")[0]) / NANOSECONDS_A_MS;
    const allMs = readdirSync(tasks).reduce((sum, task) => sum + msOf(task), 0);
    return Number.isNaN(allMs) ? undefined : { mainMs: msOf(String(pid)), allMs };
  } catch {
    return undefined;
  }
}

/** A process's use of the machine so far, all its threads together. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly residentMiB: number;
  readonly residentMiBMax: number;
}

/** Undefined when there is no such process, or the kernel does not say. */
export function processUsage(pid: number): ProcessUsage | undefined {
  const [times, memory] = [cpuTimesOf(pid), memoryMiBOf(pid)];
  if (times === undefined || memory === undefined) return undefined;
  return {
    cpuSeconds: (times.userMs + times.systemMs) / 1000,
    residentMiB: Math.round(memory.now),
    residentMiBMax: Math.round(memory.peak),
  };
}
