import { expect, test } from "vitest";
import type { TimeSeriesRow } from "../../reports/result/run-result.ts";
import type { ProcessSample, Sample } from "./samples.ts";
import { restartsOf, seriesOf } from "./soak-series.ts";

const SAMPLES = 30;

const holding = (name: string, pid: number, heapMiB?: number): ProcessSample => ({
  ...{ name, pid, residentMiB: 100, descriptors: 20, threads: 11 },
  ...(heapMiB === undefined ? {} : { heapMiB }),
});

/** One an hour; what is there at each. */
function samples(at: (hours: number) => Partial<Sample>): readonly Sample[] {
  return Array.from({ length: SAMPLES + 1 }, (_, hours) => ({
    ...{ run: "pair" as const, hours, processes: [], fileMiB: {} },
    ...at(hours),
  }));
}

const row = (second: number, phase: string, p99: number | null): TimeSeriesRow => ({
  ...{ second, phase, discoverSent: 0, discoverCompleted: 0, renewSent: 0, renewCompleted: 0 },
  ...{ timeouts: 0, retransmissions: 0, bound: 0, devices: {} },
  ...{ latencyMsP50: p99, latencyMsP99: p99, latencyMsMax: p99 },
});

test("the first third is warm-up: of processes, files and latency", () => {
  const rows = [row(5 * 3600, "soak", 9), row(11 * 3600, "soak", 4), row(12 * 3600, "soak", null)];
  const made = seriesOf(
    "pair",
    samples((hours) => ({ processes: [holding("etcd-1", 7)], fileMiB: { "prov-a": hours } })),
    [...rows, row(13 * 3600, "connect", 8)],
  );
  const first = (of: string, measure: string) =>
    made.find((each) => each.of === of && each.measure === measure)?.points[0];
  expect(first("pair: etcd-1", "residentMiB")).toEqual({ hours: 11, value: 100 });
  expect(first("pair: prov-a", "fileMiB")).toEqual({ hours: 10, value: 10 });
  expect(made.find(({ measure }) => measure === "latencyMsP99")?.points).toEqual([
    { hours: 11, value: 4 },
  ]);
  // Only Node's programs have a heap that is known.
  expect(made.find(({ measure }) => measure === "heapMiB")?.points).toEqual([]);
});

test("a process is judged by its longest life, and not when that is short", () => {
  const processes = (hours: number) => [
    holding("prov-a", hours < 10 ? 1 : 2, 50),
    holding("prov-b", 100 + Math.floor(hours / 5), 50),
    ...(hours === 20 ? [holding("sh", 9)] : []),
  ];
  const all = samples((hours) => ({ processes: processes(hours) }));
  const made = seriesOf("pair", all, []).filter(({ measure }) => measure === "heapMiB");
  expect(made.map(({ of }) => of)).toEqual(["pair: prov-a"]);
  expect(made[0]!.points[0]).toEqual({ hours: 17, value: 50 });
  expect(restartsOf(all)).toEqual({ "prov-a": 1, "prov-b": 6 });
});

test("files that never change are not listed", () => {
  const made = seriesOf(
    "services",
    samples((hours) => ({ fileMiB: { "dhcpd.conf": 3, log: hours > 15 ? 2 : 1 } })),
    [],
  );
  expect(made.filter(({ measure }) => measure === "fileMiB").map(({ of }) => of)).toEqual([
    "services: log",
  ]);
});
