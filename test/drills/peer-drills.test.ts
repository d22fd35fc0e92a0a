import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunResult } from "../../reports/result/run-result.ts";
import { describeWithPeers } from "../interop/namespaces.testing.ts";

// The drills of other people's pairs as a person runs them, with few devices and the fast profile.

const root = resolve(import.meta.dirname, "../..");
const devices = 240;
const nodeA = "192.0.2.1";
const nodeB = "192.0.2.2";
const small = [
  ...["population.cableModems=180", "population.mtas=40", "population.smartMeters=20"],
  ...["population.cmtsCount=1", "pair.profile=fast"],
  // A busy machine that runs tests is no bench.
  ...["generator.slipMsP99Max=2000", "generator.cpuPercentMax=100"],
  ...["phases.0.streams.0.ratePerSecond=50", "phases.1.streams.0.ratePerSecond=20"],
  ...["phases.1.streams.1.ratePerSecond=20", "phases.1.duration=24 s"],
  ...["events.0.after=4 s", "events.0.for=8 s"],
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-peer-drill-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function play(name: string): RunResult {
  const out = join(folder, name);
  const ran = spawnSync(
    process.execPath,
    [
      ...[join(root, "dist/cli/main.js"), "run", join(root, "scenarios", `${name}.yaml`)],
      ...["--out", out, "--report", "none", ...small.flatMap((set) => ["--set", set])],
    ],
    { cwd: folder, encoding: "utf8", timeout: 90_000 },
  );
  if (!existsSync(join(out, "result.json"))) throw new Error(`${ran.status}: ${ran.stderr}`);
  return JSON.parse(readFileSync(join(out, "result.json"), "utf8")) as RunResult;
}

const acksAfter = ({ failover }: RunResult, server: string, fromMs: number): number => {
  const { binMs, servers } = failover!.acknowledged;
  const counts = servers.find((each) => each.server === server)?.counts ?? [];
  return counts.slice(Math.ceil(fromMs / binMs)).reduce((sum, count) => sum + count, 0);
};

describeWithPeers("the drill of an ISC failover pair", ["dhcpd", "setpriv", "ip"], () => {
  test("the pair goes on, and the half of the node that was killed waits until it is back", () => {
    const result = play("drill-isc");
    expect(result.phases[0].streams[0]).toMatchObject({ completed: devices });
    const [kill, ...others] = result.failover!.events;
    expect(others).toEqual([]);
    expect(kill).toMatchObject({ name: "kill", text: "kill -9 of node a", leasesExpired: 0 });
    expect(kill!.nodeInterruption).toMatchObject({ serverBefore: nodeA, serverAfter: nodeA });
    expect(kill!.nodeInterruption!.rtoMs).toBeGreaterThan(7900);
    expect(kill!.interruption?.rtoMs ?? 0).toBeLessThan(kill!.nodeInterruption!.rtoMs! / 2);
    expect(kill!.devicesAffected).toBeGreaterThan(0);
    expect(acksAfter(result, nodeB, kill!.startedAtMs)).toBeGreaterThan(0);
    expect(result.safety).toMatchObject({ doubleAllocations: 0, acknowledgedLeasesLost: 0 });
    expect(result.safety.audit).toMatch(
      /^all 240 leases in the lease files together; dhcpd-a has \d+; dhcpd-b has \d+$/,
    );
    // dhcpd may give a device to which both had made an offer the other one's address next time.
    const reasons = result.reasons.filter((reason) => !/^Unsafe: \d+ address/.test(reason));
    expect(reasons).toEqual([]);
  });
});

describeWithPeers("the drill of a Kea hot-standby pair", ["kea-dhcp4", "setpriv", "ip"], () => {
  test("the standby takes over after its delay, and the primary takes its devices back", () => {
    const result = play("drill-kea");
    expect(result.phases[0].streams[0]).toMatchObject({ completed: devices });
    const [kill, ...others] = result.failover!.events;
    expect(others).toEqual([]);
    expect(kill).toMatchObject({ name: "kill", text: "kill -9 of node a", leasesExpired: 0 });
    expect(kill).not.toHaveProperty("nodeInterruption");
    expect(kill!.interruption).toMatchObject({ serverBefore: nodeA, serverAfter: nodeB });
    // Its silence counts from the last answer, which is a heartbeat old at most.
    expect(kill!.interruption!.rtoMs).toBeGreaterThan(1500);
    expect(kill!.interruption!.rtoMs).toBeLessThan(8000);
    expect(kill!.devicesAffected).toBeGreaterThan(0);
    expect(acksAfter(result, nodeA, kill!.endedAtMs!)).toBeGreaterThan(0);
    // The primary's return is explained by the end of the fault.
    expect(result.safety).toMatchObject({
      ...{ doubleAllocations: 0, acknowledgedLeasesLost: 0, acknowledgedWithoutLeadership: 0 },
    });
    expect(result.safety.audit).toBe(
      "all 240 leases in the lease files together; kea-a has 240; kea-b has 240",
    );
    expect(result.reasons).toEqual([]);
  });
});
