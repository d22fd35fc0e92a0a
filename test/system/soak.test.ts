import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PlayedRun } from "../../bench/soak/soak.ts";
import type { JudgedSeries } from "../../bench/soak/soak-verdict.ts";
import { packageRoot } from "../../lab/machine/package-root.ts";
import { runToEnd } from "../../lab/machine/run-to-end.ts";
import { describeWithPeers } from "../interop/namespaces.testing.ts";

// `npm run soak` as CI can afford it: it finds what grows by a mebibyte a second. A night finds the rest.

const MINUTES = 2;

describeWithPeers("soak", ["etcd", "etcdctl", "setpriv", "ip", "ping"], () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "provlab-soak-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("nothing grows in two minutes of faults, floods and malformed packets", {
    timeout: 600_000,
  }, async () => {
    const words = ["--minutes", String(MINUTES), "--rate", "10", "--seed", "4", "--out", folder];
    const program = join(packageRoot, "dist", "bench", "soak", "main.js");
    const end = await runToEnd([process.execPath, program, ...words], {
      ...{ signal: new AbortController().signal, msMax: 540_000, stopMsMax: 10_000 },
    });
    const { runs, rows, sent, status } = JSON.parse(
      readFileSync(join(folder, "soak.json"), "utf8"),
    ) as {
      readonly runs: readonly PlayedRun[];
      readonly rows: readonly JudgedSeries[];
      readonly status: number;
      readonly sent: { readonly malformed: number; readonly flood: number };
    };
    // A busy machine is slower every minute: latency is for a soak that has a machine to itself.
    const grows = rows.filter(
      ({ verdict, measure }) => verdict === "grows" && !measure.startsWith("latency"),
    );
    expect(grows).toEqual([]);
    expect(end.status, end.output).toBe(status);
    expect(runs.map(({ run }) => run)).toEqual(["pair", "services"]);
    // A busy machine may spoil a run: what must not happen is a failure.
    expect(runs.filter(({ verdict }) => verdict === "fail" || verdict === "none")).toEqual([]);
    // Every process was measured, and all of it was under load.
    const measured = new Set(rows.map(({ of, measure }) => `${of}, ${measure}`));
    for (const of of ["pair: prov-a", "pair: simulator", "services: server"]) {
      for (const measure of ["residentMiB", "heapMiB", "descriptors", "threads"]) {
        expect([...measured]).toContain(`${of}, ${measure}`);
      }
    }
    expect(Math.min(...runs.map(({ acknowledged }) => acknowledged))).toBeGreaterThan(2000);
    expect(runs[0]!.restarts).toHaveProperty("prov-b");
    expect(sent.malformed).toBeGreaterThan(1000);
    expect(sent.flood).toBeGreaterThan(500);
    for (const line of end.output.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });
});
