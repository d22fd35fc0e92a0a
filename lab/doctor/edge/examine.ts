import { availableParallelism, release } from "node:os";
import { systemClock } from "../../../base/clock.ts";
import type { LatencyHistogram } from "../../../base/histogram.ts";
import { distributionOf } from "../../../reports/result/distribution.ts";
import { cpuName, versionName } from "../../machine/environment.ts";
import { judgeDisk } from "../disk.ts";
import { type CheckResult, DOCTOR_SCHEMA, type DoctorResult, type Finding } from "../finding.ts";
import { forecastOf } from "../guide-load.ts";
import { judgeLoopback } from "../loopback.ts";
import { judgeProcessors } from "../processors.ts";
import { judgeReceiveBuffer } from "../receive-buffer.ts";
import { judgeTimers } from "../timers.ts";
import {
  measureDisk,
  measureLoopback,
  measureProcessors,
  measureReceiveBuffer,
  measureTimers,
} from "./measure.ts";

type Measured<Figures> = Figures & { readonly waits?: LatencyHistogram };

interface Checked {
  readonly result: CheckResult;
  readonly waits?: LatencyHistogram;
}

type Check = (folder: string) => Promise<Checked>;

function check<Figures extends object>(
  id: string,
  measure: (folder: string) => Promise<Measured<Figures>>,
  judge: (figures: Figures) => Finding,
): Check {
  return async (folder) => {
    try {
      const measured = await measure(folder);
      const { waits, ...figures } = measured;
      return {
        result: {
          id,
          ...judge(measured),
          ...(waits && { waitsMs: distributionOf(waits) }),
          figures,
        },
        ...(waits && { waits }),
      };
    } catch (error) {
      // Such as a machine without batched sockets or without /proc; Node's own codes are bugs of ours.
      if (!(error instanceof Error && "code" in error)) throw error;
      if (!/^E[A-Z0-9]+$/.test(String(error.code))) throw error;
      return { result: { id, state: "unknown", said: error.message, advice: [], figures: {} } };
    }
  };
}

/** All that `prov doctor` looks at, in the order of its report. */
const checks: readonly Check[] = [
  check("disk", measureDisk, judgeDisk),
  check("loopback", measureLoopback, judgeLoopback),
  check("timers", measureTimers, judgeTimers),
  check("processors", measureProcessors, judgeProcessors),
  check("buffers", measureReceiveBuffer, judgeReceiveBuffer),
];

/** Measures this machine, for 15 s or so. Rejects with LabError when the folder cannot be written to. */
export async function examine(folder: string): Promise<DoctorResult> {
  const [startedAt, startMs] = [new Date().toISOString(), systemClock.monotonicMs()];
  const checked = new Map<string, Checked>();
  // One after the other, so that none disturbs another.
  for (const run of checks) {
    const one = await run(folder);
    checked.set(one.result.id, one);
  }
  const [disk, loopback] = ["disk", "loopback"].map((id) => {
    const one = checked.get(id);
    return one?.result.state === "unknown" ? undefined : one?.waits;
  });
  return {
    schema: DOCTOR_SCHEMA,
    startedAt,
    durationMs: Math.round(systemClock.monotonicMs() - startMs),
    machine: {
      ...{ cpu: cpuName(), cores: availableParallelism(), kernel: release() },
      ...{ node: process.version, provlab: versionName() },
    },
    folder,
    checks: [...checked.values()].map(({ result }) => result),
    ...(disk && loopback && { forecast: forecastOf(disk, loopback) }),
  };
}
