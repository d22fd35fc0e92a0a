import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { missingFor } from "../../lab/needs.ts";
import type { RunResult } from "../../reports/result/run-result.ts";
import { runProv } from "../prov-command.testing.ts";

// The shipped drills as a person plays them, on loopback: with few devices, and what happens is closer together.

const pair = { kind: "provlab", profile: "fast", network: "loopback" } as const;
const DEVICES = 300;
/** Of a machine that runs tests beside it; the drills themselves ask for a second. */
const RTO_MS_MAX = 3000;
/** The heartbeats' dead time lies far below. */
const FAULT_MS = 4000;
const small = [
  ...["population.cableModems=240", "population.mtas=40", "population.smartMeters=20"],
  ...["population.cmtsCount=2", `pair.network=${pair.network}`],
  ...["generator.slipMsP99Max=2000", "generator.cpuPercentMax=100"],
  ...["phases.0.streams.0.ratePerSecond=100", "phases.1.streams.0.ratePerSecond=40"],
  ...["phases.1.streams.1.ratePerSecond=20", "phases.1.duration=18 s"],
  ...["events.0.after=3 s", `events.0.for=${FAULT_MS} ms`, "events.1.after=12 s"],
  // Who had an offer of the node that is gone asks it for the address, and does so for a minute (RFC 2131).
  "thresholds.0=mixed.discover.timeouts <= 3",
  `thresholds.2=failover.failback.rtoMs.max < ${RTO_MS_MAX}`,
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "provlab-drills-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function play(drill: string): Promise<RunResult> {
  const out = join(folder, drill);
  const scenario = resolve(import.meta.dirname, `../../scenarios/drill-${drill}.yaml`);
  const settings = [
    ...small,
    `thresholds.1=failover.${drill}.rtoMs.max < ${RTO_MS_MAX}`,
    `thresholds.3=failover.${drill}.activeAfterMs.max < ${RTO_MS_MAX}`,
  ];
  const ran = await runProv(
    [
      ...["run", scenario, "--out", out, "--report", "none"],
      ...settings.flatMap((setting) => ["--set", setting]),
    ],
    { cwd: folder },
  );
  const file = join(out, "result.json");
  if (!existsSync(file)) throw new Error(`exit status ${ran.status}: ${ran.stderr}`);
  return JSON.parse(readFileSync(file, "utf8")) as RunResult;
}

describeUnless(missingFor(pair, []), "the drills of our own pair", () => {
  test.each([
    ["kill", "kill -9 of node a"],
    ["pause", "node a stands still (SIGSTOP)"],
  ])("%s: the standby goes on at once, and gives the service back", async (drill, text) => {
    const result = await play(drill);
    expect(result.reasons).toEqual([]);
    expect(result.verdict).toBe("pass");
    const { events, leaderChanges } = result.failover!;
    expect(events).toMatchObject([
      { name: drill, text },
      { name: "failback", text: "fail-back" },
    ]);
    // On a busy machine gaps as long as that may be normal ones: the first ACK of the other node is there always.
    for (const { otherServerAfterMs } of events) {
      expect(otherServerAfterMs).not.toBeNull();
      expect(otherServerAfterMs).toBeLessThan(RTO_MS_MAX);
    }
    // A paused node that goes on acknowledges nothing.
    expect(leaderChanges).toBe(2);
    expect(result.safety).toMatchObject({
      ...{ doubleAllocations: 0, acknowledgedLeasesLost: 0, addressesChangedOnRenewal: 0 },
      ...{ acknowledgedWithoutLeadership: 0, addressesChangedAfterFailover: 0 },
    });
    expect(result.phases[0].streams[0]).toMatchObject({ completed: DEVICES });
  });
});
