import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../base/net/kernel/libc.ts";
import { BootRuns } from "../loopback/prov-run-boot.testing.ts";

// The boots of test/loopback/prov-run-boot.test.ts in other circumstances.

const root = resolve(import.meta.dirname, "../..");
const runs = new BootRuns(mkdtempSync(join(tmpdir(), "provlab-boot-")));
afterAll(() => rmSync(runs.folder, { recursive: true }));

// These runs wait most of the time, so they wait side by side.
describeUnless(libcMissingReason(), "prov run with boots", () => {
  test.concurrent("one worker brings every kind of device on line", () =>
    runs.expectStreetOnLine(1));

  test.concurrent("loses nobody and no byte on a network that loses 5 % each way", async () => {
    const smaller = [
      ...["generator.slipMsP99Max=10000", "population.cableModems=400", "population.mtas=100"],
      ...["population.cpes=50", "population.smartMeters=50"],
      "phases.0.streams.0.ratePerSecond=200",
      "thresholds.0=connect.boot.completed == 600",
    ].flatMap((setting) => ["--set", setting]);
    const ran = await runs.run("lossy", [join(root, "scenarios/lossy-boot.yaml"), ...smaller]);
    expect(ran.stdout).toMatch(/^PASS/m);
    const result = ran.result();
    const { downloads, timeToOnlineMs } = result.phases[0].boot!;
    expect(timeToOnlineMs["all"].count).toBe(result.population.devices);
    expect(downloads.verified).toBe(downloads.files);
    expect(downloads.retransmissions["tftp"]).toBeGreaterThan(0);
    expect(result.generator.simulatedLoss!.dropped).toBeGreaterThan(100);
  });
});
