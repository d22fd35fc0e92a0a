import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { systemClock } from "../../../base/clock.ts";
import { cpuName } from "../../../lab/machine/environment.ts";
import type { SegmentSummary } from "../../../reports/result/run-result.ts";
import { Population } from "../../../scenarios/population/population.ts";
import type { RunPlan } from "../../../simulator/plan/run-plan.ts";
import {
  type PlayedSegment,
  runSegment,
  type SimulationProgress,
} from "../../../simulator/run/edge/coordinator.ts";
import { LoneSegment } from "../../../simulator/run/lone-segment.ts";
import type { SegmentRecord } from "../../../simulator/run/segment-record.ts";

/** Plays the plan's segment, alone; `startAtMs` is Unix time. */
export function playLoneSegment(
  plan: RunPlan,
  startAtMs: number | undefined,
  onProgress: (progress: SimulationProgress) => void,
  signal: AbortSignal,
): Promise<PlayedSegment> {
  const nowMs = (): number => systemClock.monotonicMs();
  const dueMs = startAtMs === undefined ? undefined : startAtMs - systemClock.wallMs() + nowMs();
  const lone = new LoneSegment(plan, new Population(plan.population), dueMs, nowMs);
  return runSegment(plan, onProgress, signal, lone);
}

export function summaryOf(record: SegmentRecord): SegmentSummary {
  return {
    segment: record.index + 1,
    host: hostIdentity(),
    cpu: cpuName(),
    workers: record.workers,
    startedAfterMs: 0,
  };
}

/** The machine's name and, on Linux, its boot. Processes with the same identity have the same clocks. */
export function hostIdentity(): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    return `${hostname()} ${boot}`;
  } catch {
    return hostname();
  }
}

/** The most memory that this process has had, in MiB. */
export function memoryMiBMax(): number {
  return Math.round(process.resourceUsage().maxRSS / 1024);
}
