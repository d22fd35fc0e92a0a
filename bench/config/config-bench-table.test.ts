import { expect, test } from "vitest";
import { parseConfig } from "../../server/config/grammar/parse.ts";
import type { ConfigBenchResult } from "./config-bench.ts";
import { configBenchTable } from "./config-bench-table.ts";
import { brokenHosts, registrations, settledHosts } from "./config-files.ts";

const run = { seconds: 1, peakMiB: 100, status: 0, isOver: false };
const result: ConfigBenchResult = {
  schema: "provlab/config-bench@1",
  startedAt: "2026-01-01T00:00:00.000Z",
  environment: {
    ...{ cpu: "cpu", cores: 2, memoryMiB: 1, kernel: "6", node: "v20", provlab: "1" },
    ...{ commit: "abc", durability: "none", socket: "batch", workers: 1 },
  },
  ...{ roundsPlanned: 3, secondsMax: 120 },
  cases: [
    {
      ...{ id: "a", name: "good", isValid: true, bytes: 1_500_000 },
      contenders: [
        {
          ...{ name: "prov dhcpd -t", version: "1" },
          runs: [run, { ...run, seconds: 3, peakMiB: 120 }, { ...run, seconds: 2 }],
        },
        {
          ...{ name: "dhcpd -t", version: "2" },
          runs: [{ ...run, seconds: 120.4, status: null, isOver: true }],
        },
      ],
    },
    {
      ...{ id: "b", name: "bad", isValid: false, bytes: 1_000_000 },
      contenders: [
        { ...{ name: "prov dhcpd -t", version: "1" }, runs: [run] },
        { ...{ name: "dhcpd -t", version: "", missing: "not found" }, runs: [] },
      ],
    },
  ],
};

test("the table says what was measured, and what must not be hidden", () => {
  const lines = configBenchTable(result).split("\n");
  expect(lines.slice(2, 6)).toEqual([
    "| good | 1.5 | prov dhcpd -t 1 | 2.00 (1.00–3.00) | 120 |",
    "| good | 1.5 | dhcpd -t 2 | > 120 | 100 |",
    "| bad | 1.0 | prov dhcpd -t 1 | 1.00, ended with status 0 | 100 |",
    "| bad | 1.0 | dhcpd -t | not found |  |",
  ]);
});

test("the files are what they should be", () => {
  const parsed = (pieces: Iterable<string>) => parseConfig("x", () => [...pieces].join(""));
  const registered = parsed(registrations(1500, true));
  if (registered.kind !== "ok") throw new Error(registered.diagnostics[0]?.message);
  expect(registered.config.hosts.count).toBe(1500);
  expect(registered.config.classes.byName("cm")?.subclasses.count).toBe(1500);
  const settled = parsed(settledHosts(200_000));
  if (settled.kind !== "ok") throw new Error(settled.diagnostics[0]?.message);
  expect(settled.config.hosts.byName("cm-999")?.fixedAddresses).toEqual([0x0a0003e7]);
  expect(parsed(brokenHosts(50_000)).kind).toBe("failed");
});
