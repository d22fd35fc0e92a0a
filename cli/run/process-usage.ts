import { readFileSync } from "node:fs";

/** A process's use of the machine so far, all its threads together. */
export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly residentMiB: number;
  readonly residentMiBMax: number;
}

const TICKS_A_SECOND = 100;
const KIB_A_MIB = 1024;

/** From /proc; undefined where that is missing, or the process is gone. */
export function processUsage(pid: number): ProcessUsage | undefined {
  try {
    // The name in the second field may hold blanks: fields count from behind its bracket.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND,
      residentMiB: mebibytes(status, "VmRSS"),
      residentMiBMax: mebibytes(status, "VmHWM"),
    };
  } catch {
    return undefined;
  }
}

function mebibytes(status: string, field: string): number {
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(status);
  return Math.round(Number(kibibytes?.[1] ?? 0) / KIB_A_MIB);
}
