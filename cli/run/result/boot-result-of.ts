import { LatencyHistogram } from "../../../base/histogram.ts";
import type { Distribution } from "../../../reports/result/distribution.ts";
import { distributionOf } from "../../../reports/result/distribution.ts";
import type { BootResult } from "../../../reports/result/run-result.ts";
import {
  type BootRecord,
  startMeanMs,
  type TimeToOnline,
} from "../../../simulator/boot/boot-record.ts";

/** The boots and downloads of a phase; undefined for a phase without any. */
export function bootResultOf(record: BootRecord): BootResult | undefined {
  const { steps, failures, downloads, onlineAfter } = record;
  if (steps.length === 0 && failures.length === 0 && downloads.files === 0) return undefined;
  return {
    onlineAfterMs: distributionOf(onlineAfter ?? new LatencyHistogram()),
    timeToOnlineMs: timeToOnlineMsOf([record]),
    steps: steps.map((step) => ({
      kind: step.kind,
      step: step.step,
      durationMs: distributionOf(step.duration),
      startMeanMs: Math.round(startMeanMs(step) * 1000) / 1000,
      passedOver: step.passedOver,
    })),
    failures,
    downloads,
  };
}

/** Time to on line over all the records, by kind of device and for all. */
export function timeToOnlineMsOf(records: readonly BootRecord[]): Record<string, Distribution> {
  const all: Record<string, LatencyHistogram> = {};
  for (const { timeToOnline } of records) mergeInto(all, timeToOnline);
  return Object.fromEntries(
    Object.entries(all).map(([kind, spans]) => [kind, distributionOf(spans)]),
  );
}

function mergeInto(all: Record<string, LatencyHistogram>, part: TimeToOnline): void {
  for (const [kind, histogram] of Object.entries(part)) {
    all[kind] ??= new LatencyHistogram();
    all[kind].merge(histogram);
  }
}
