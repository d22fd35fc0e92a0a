import type { RunResult, StageResult } from "../result/run-result.ts";
import { type Chart, positive } from "./chart.ts";

/** Latency over load, for each stream whose rate went through stages; one that held a rate has none. */
export function loadChartsOf({ phases }: RunResult): Chart[] {
  return phases.flatMap((phase, phaseIndex) =>
    phase.streams.flatMap(({ exchange, name = exchange, stages = [] }, index) => {
      const measured = stages.filter(({ latencyMs }) => latencyMs.count > 0).toSorted(byLoad);
      if (measured.length < 2) return [];
      const lineOf = (label: string, value: (stage: StageResult) => number) => ({
        label,
        values: measured.map((stage) => positive(value(stage))),
      });
      return [
        {
          id: `load-${phaseIndex}-${index}`,
          title: `${phase.name} ${name}: latency in ms over transactions offered a second`,
          x: "load",
          log: true,
          xs: measured.map(({ offeredPerSecond }) => offeredPerSecond),
          series: [
            lineOf("p50", ({ latencyMs }) => latencyMs.p50),
            lineOf("p99", ({ latencyMs }) => latencyMs.p99),
            lineOf("max", ({ latencyMs }) => latencyMs.max),
          ],
        } satisfies Chart,
      ];
    }),
  );
}

function byLoad(a: StageResult, b: StageResult): number {
  return a.offeredPerSecond - b.offeredPerSecond;
}
