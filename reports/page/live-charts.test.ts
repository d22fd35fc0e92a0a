import { describe, expect, test } from "vitest";
import type { TimeSeriesRow } from "../result/run-result.ts";
import { sampleBootResult } from "../result/sample-boot-result.testing.ts";
import { sampleResult } from "../result/sample-result.testing.ts";
import { LiveCharts, type LiveDrawing } from "./live-charts.ts";

const [sampleRow] = sampleResult().timeSeries;

function rowAt(second: number, changes: Partial<TimeSeriesRow> = {}): TimeSeriesRow {
  return {
    ...sampleRow!,
    ...{ second, phase: "connect", discoverSent: 10 + second, discoverCompleted: 5 },
    ...{ renewSent: 0, renewCompleted: 0, retransmissions: 0, timeouts: 0 },
    ...changes,
  };
}

type Charts = Extract<LiveDrawing, { kind: "charts" }>;

function chart(drawing: LiveDrawing, id: string): Charts["charts"][number] {
  return (drawing as Charts).charts.find((one) => one.id === id)!;
}

describe("charts that move", () => {
  test("begin with all of them, and then have a point for each line, in their order", () => {
    const live = new LiveCharts();
    const first = live.add(rowAt(0));
    expect(chart(first, "rates").series).toEqual([
      { label: "discovers sent", values: [10] },
      { label: "discovers acknowledged", values: [5] },
    ]);
    const next = live.add(rowAt(1, { latencyMsP50: null }));
    expect(next).toMatchObject({ kind: "point", second: 1, values: { rates: [11, 5] } });
    expect(next).toMatchObject({
      values: { latency: [null, ...[sampleRow!.latencyMsP99!, sampleRow!.latencyMsMax!]] },
    });
    expect(chart(live.all(), "rates").xs).toEqual([0, 1]);
  });

  test("are drawn anew when there is a line or a phase more; a line, once there, stays", () => {
    const live = new LiveCharts();
    live.add(rowAt(0));
    const withLoss = live.add(rowAt(1, { timeouts: 3 }));
    expect(chart(withLoss, "rates").series.at(-1)).toEqual({ label: "time-outs", values: [0, 3] });
    const after = live.add(rowAt(2));
    expect(after).toMatchObject({ kind: "point", values: { rates: [12, 5, 0] } });
    const phase = live.add(rowAt(3, { phase: "renew" })) as Charts;
    expect(phase.phases).toEqual([
      { name: "connect", second: 0 },
      { name: "renew", second: 3 },
    ]);
    expect(live.add(rowAt(4, { serverCpuPercent: 7 })).kind).toBe("charts");
  });

  test("are those of the report", () => {
    const result = sampleBootResult();
    const live = new LiveCharts();
    for (const row of result.timeSeries) live.add(row);
    const ids = (live.all() as Charts).charts.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(["online", "boot-states", "rates", "latency"]));
    const online = chart(live.all(), "online");
    expect(online.series[1].values).toEqual(result.timeSeries.map((row) => row.online));
  });

  test("of a run of a day are bounded, evenly spaced but for the latest, and keep the first hours", () => {
    const live = new LiveCharts();
    let redrawn = 0;
    let seen: number[] = [];
    for (let second = 0; second < 20_000; second += 1) {
      const drawing = live.add(rowAt(second));
      if (drawing.kind === "charts") {
        redrawn += 1;
        seen = [...chart(drawing, "rates").xs];
      } else {
        if (drawing.replaces) seen.pop();
        seen.push(drawing.second);
      }
      expect(live.length).toBeLessThanOrEqual(7200);
    }
    expect(redrawn).toBeLessThan(10);
    const { xs } = chart(live.all(), "rates");
    expect(xs[0]).toBeLessThan(10);
    expect(xs.at(-1)).toBe(19_999);
    expect(xs.slice(0, -1)).toEqual(xs.slice(0, -1).map((_, index) => index * 4));
    // A page that has seen it all has the same.
    expect(seen).toEqual(xs);
  }, 60_000);
});
