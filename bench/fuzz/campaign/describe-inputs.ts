import type { InputReport } from "./input-campaign.ts";
import { describeMemory } from "./memory-watch.ts";

export function isCleanInputs(report: InputReport, wanted: number): boolean {
  return report.failure === undefined && report.memory.isFlat && report.packets === wanted;
}

/** For people: what a decoder made of its packets. `more` is what the decoder has to add. */
export function describeInputs(name: string, report: InputReport, more = ""): string {
  const { packets, decoded, rejectedByCode, memory, elapsedMs, failure } = report;
  const codes = Object.entries(rejectedByCode)
    .toSorted(([, a], [, b]) => b - a)
    .map(([code, count]) => `${code} ${count}`);
  return [
    `${name}: ${packets} packets in ${(elapsedMs / 1000).toFixed(1)} s: ${decoded} decoded, ${packets - decoded} rejected`,
    `${name}: rejected as ${codes.join(", ") || "nothing"}`,
    `${name}: ${more}heap ${describeMemory(memory)}`,
    ...(failure === undefined ? [] : [`${name}: FAILED: ${failure}`]),
  ].join("\n");
}
