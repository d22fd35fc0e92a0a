import { LatencyHistogram } from "../../base/histogram.ts";
import type { DeviceKind } from "../../scenarios/population/population.ts";

/** A duration by kind of device and over all; a histogram exists once something was recorded. */
export type KindHistograms = Partial<Record<DeviceKind | "all", LatencyHistogram>>;

/** KindHistograms in HdrHistogram's V2 encoding, which can cross threads. */
export type EncodedHistograms = Readonly<Partial<Record<DeviceKind | "all", string>>>;

export function recordKind(into: KindHistograms, kind: DeviceKind, ms: number): void {
  for (const key of [kind, "all"] as const) {
    into[key] ??= new LatencyHistogram();
    into[key].recordMs(ms);
  }
}

export function addHistograms(into: KindHistograms, from: Readonly<KindHistograms>): void {
  for (const [key, histogram] of Object.entries(from)) {
    const kind = key as keyof KindHistograms;
    into[kind] ??= new LatencyHistogram();
    into[kind].merge(histogram);
  }
}

export function encoded(histograms: Readonly<KindHistograms>): EncodedHistograms {
  const entries = Object.entries(histograms);
  return Object.fromEntries(entries.map(([kind, histogram]) => [kind, histogram.toBase64()]));
}

export function addEncoded(into: KindHistograms, from: EncodedHistograms): void {
  const entries = Object.entries(from);
  const decoded = entries.map(([kind, text]) => [kind, LatencyHistogram.fromBase64(text)]);
  addHistograms(into, Object.fromEntries(decoded) as KindHistograms);
}
