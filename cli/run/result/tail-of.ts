import { LatencyHistogram } from "../../../base/histogram.ts";
import { messageTypeName } from "../../../protocol/dhcp/message-type.ts";
import { formatMac } from "../../../protocol/mac.ts";
import { distributionOf } from "../../../reports/result/distribution.ts";
import type { PhaseResult } from "../../../reports/result/run-result.ts";
import type { ServerStages, SlowAnswer, SlowTransaction } from "../../../reports/result/tail.ts";
import type { Population } from "../../../scenarios/population/population.ts";
import type { StagesReport } from "../../../server/dhcp/loop/answer-stages.ts";
import type { SlowAnswerReport } from "../../../server/dhcp/loop/slow-answers.ts";
import type { PhaseOutcome } from "../../../simulator/run/outcome.ts";
import { rounded } from "./stream-result-of.ts";

/** What the bundled server measured in one phase. */
export interface PhaseStages {
  readonly report: StagesReport;
  /** When the run began, on the clock of the report. */
  readonly runStartMs: number;
}

/** The clocks of two processes of one machine agree to this. */
const CLOCK_MARGIN_MS = 1;

/** What made a phase's slow end slow. `stages`: only with the bundled server. */
export function tailOf(
  phase: Pick<PhaseOutcome, "startedAtMs" | "slowest" | "streams">,
  population: Population,
  stages: PhaseStages | undefined,
): Pick<PhaseResult, "server" | "slowest"> {
  const slowest = phase.slowest.map((slow): SlowTransaction => {
    const { exchange, name } = phase.streams[slow.stream];
    const mac = formatMac(population.macOf(slow.device));
    const intendedAtMs = phase.startedAtMs + slow.intendedAtMs;
    const times = {
      fromMs: phase.startedAtMs + slow.sentAtMs,
      toMs: intendedAtMs + slow.latencyMs,
    };
    return {
      exchange,
      ...(name === undefined ? {} : { name }),
      mac,
      kind: population.kindOf(slow.device),
      cmts: population.cmtsOf(slow.device),
      intendedAtMs: microseconds(intendedAtMs),
      latencyMs: microseconds(slow.latencyMs),
      slipMs: microseconds(Math.max(0, slow.sentAtMs - slow.intendedAtMs)),
      retransmissions: slow.retransmissions,
      ...(stages === undefined ? {} : { answers: answersTo(mac, times, stages) }),
    };
  });
  return { ...(stages === undefined ? {} : { server: serverStagesOf(stages) }), slowest };
}

function serverStagesOf({ report, runStartMs }: PhaseStages): ServerStages {
  const { queue, decide, commit, sync, send } = report.histograms;
  const spans = (text: string) => distributionOf(LatencyHistogram.fromBase64(text));
  return {
    queueMs: spans(queue),
    decideMs: spans(decide),
    commitMs: spans(commit),
    syncMs: spans(sync),
    sendMs: spans(send),
    bands: report.bands.map(({ fromMs, toMs, answers, syncs, ...parts }) => ({
      ...{ fromMs, toMs, answers, ...roundedParts(parts), syncs: rounded(syncs, 100) },
    })),
    stalls: report.stalls.map(({ startMs, durationMs, reason }) => ({
      startMs: microseconds(startMs - runStartMs),
      durationMs: microseconds(durationMs),
      reason,
    })),
  };
}

/** The server's slowest answers to a device in the time of its transaction. */
function answersTo(
  device: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  { report, runStartMs }: PhaseStages,
): SlowAnswer[] {
  return report.slowest
    .filter(({ mac, arrivedAtMs }) => {
      const sinceMs = arrivedAtMs - runStartMs;
      return mac === device && sinceMs > fromMs - CLOCK_MARGIN_MS && sinceMs < toMs;
    })
    .toSorted((a, b) => a.arrivedAtMs - b.arrivedAtMs)
    .map(({ messageType, arrivedAtMs, mac: _, ...parts }) => ({
      message: messageTypeName(messageType),
      receivedAtMs: microseconds(arrivedAtMs - runStartMs),
      ...roundedParts(parts),
    }));
}

type Parts = Omit<SlowAnswerReport, "mac" | "messageType" | "arrivedAtMs">;

function roundedParts(parts: Parts): Parts {
  return {
    queueMs: microseconds(parts.queueMs),
    decideMs: microseconds(parts.decideMs),
    commitMs: microseconds(parts.commitMs),
    syncMs: microseconds(parts.syncMs),
    sendMs: microseconds(parts.sendMs),
    pausedMs: microseconds(parts.pausedMs),
  };
}

function microseconds(ms: number): number {
  return rounded(ms, 1000);
}
