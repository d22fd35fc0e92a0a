import { distributionOf } from "../../../reports/result/distribution.ts";
import type { PhaseResult, StageResult, StreamResult } from "../../../reports/result/run-result.ts";
import type { StreamOutcome } from "../../../simulator/measure/recorder.ts";
import { missedPercent, type StageOutcome } from "../../../simulator/measure/stage-record.ts";
import type { PhaseSoFar } from "../../../simulator/run/phase-watch.ts";
import { bootResultOf } from "./boot-result-of.ts";

/** The part of a phase's result that its thresholds need; the phase may still go on. */
export function measuredOf({
  streams,
  boot: record,
}: Pick<PhaseSoFar, "streams" | "boot">): Pick<PhaseResult, "streams" | "boot"> {
  const boot = bootResultOf(record);
  return { streams: streams.map(streamResultOf), ...(boot && { boot }) };
}

function streamResultOf(stream: StreamOutcome): StreamResult {
  const { exchange, name, outstanding, allWithinMs, stages, breakage } = stream;
  const offeredPerSecond =
    stream.ratePerSecond === undefined ? null : rounded(stream.ratePerSecond, 1000);
  const { offered, sent, completed, timeouts, retransmissions, naks, notEligible } =
    stream.counters;
  return {
    exchange,
    ...(name === undefined ? {} : { name }),
    offeredPerSecond,
    ...(outstanding === undefined ? {} : { outstanding }),
    ...(allWithinMs === undefined ? {} : { allWithinMs }),
    achievedPerSecond: rounded(stream.achievedPerSecond, 1000),
    achievedRatio:
      offeredPerSecond === null || offeredPerSecond === 0
        ? null
        : rounded(stream.achievedPerSecond / offeredPerSecond, 100_000),
    offered,
    sent,
    completed,
    timeouts,
    retransmissions,
    naks,
    notEligible,
    latencyMs: distributionOf(stream.latency),
    serviceMs: distributionOf(stream.service),
    slipMs: distributionOf(stream.slip),
    ...(stages === undefined ? {} : { stages: stages.map(stageResultOf) }),
    ...(breakage === undefined ? {} : { breakage }),
  };
}

function stageResultOf(stage: StageOutcome): StageResult {
  const { fromPerSecond, toPerSecond, startMs, endMs, counts } = stage;
  const seconds = (endMs - startMs) / 1000;
  return {
    fromPerSecond,
    toPerSecond,
    startMs: Math.round(startMs),
    endMs: Math.round(endMs),
    offered: counts.offered,
    completed: counts.completed,
    offeredPerSecond: rounded(counts.offered / seconds, 1000),
    achievedPerSecond: rounded(counts.inTime / seconds, 1000),
    missedPercent: rounded(missedPercent(counts), 1000),
    notEligible: counts.notEligible,
    late: counts.late,
    latencyMs: distributionOf(stage.latency),
  };
}

/** Rounds to one of `parts` equal parts of 1. */
export function rounded(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
