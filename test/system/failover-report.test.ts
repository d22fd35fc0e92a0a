import { copyFileSync, readFileSync } from "node:fs";
import { afterAll, expect, test, vi } from "vitest";
import type { RunResult } from "../../reports/result/run-result.ts";
import { DhcpdFolder } from "../loopback/dhcpd-command.testing.ts";
import { freePorts } from "../ports.testing.ts";
import { connect, smallScenario } from "../small-scenario.testing.ts";

const PORT = await freePorts();
const DEVICES = 1400;
const LEASES_BEFORE = 300;

// A cold standby by hand: the second server starts with the first one's lease file after that is killed.
const scenario = smallScenario("cold", {
  population: { cableModems: DEVICES, cmtsCount: 2 },
  phases: [connect(100)],
  thresholds: ["failover.silent-a.rtoMs.max > 0", "failover.devicesUnserved == 0"],
});

const lab = new DhcpdFolder();
afterAll(() => lab.close());

async function serve(address: string) {
  const printed = lab.prov("config", "cold.yaml", "--local-address", address);
  lab.write(`${address}.conf`, printed.stdout);
  const files = ["-cf", `${address}.conf`, "-lf", `${address}.leases`];
  return lab.dhcpd(["-d", "--no-pid", "-p", String(PORT), ...files]);
}

function leasesIn(name: string): number {
  return readFileSync(lab.path(name), "latin1").split("\nlease ").length - 1;
}

test("a server that is killed and another one that goes on with its leases", async () => {
  lab.write("cold.yaml", scenario);
  lab.write("127.0.0.2.leases", "");
  const first = await serve("127.0.0.2");
  const targets = ["127.0.0.2", "127.0.0.3"].flatMap((at) => ["--target", `${at}:${PORT}`]);
  const running = lab.provBeside("run", "cold.yaml", ...targets, "--workers", "2", "--out", "out");
  await vi.waitFor(
    () => {
      if (leasesIn("127.0.0.2.leases") < LEASES_BEFORE) throw new Error("too few leases yet");
    },
    { timeout: 60_000, interval: 20 },
  );
  await first.stop("SIGKILL");
  copyFileSync(lab.path("127.0.0.2.leases"), lab.path("127.0.0.3.leases"));
  await serve("127.0.0.3");
  const ran = await running;
  expect(ran.stdout).toMatch(/^PASS/m);
  const { failover, safety, answeredBy } = JSON.parse(
    readFileSync(lab.path("out/result.json"), "utf8"),
  ) as RunResult;
  const [event] = failover!.events;
  expect(failover!.source).toBe("seen");
  expect(event).toMatchObject({ name: "silent-a", node: "a", devicesUnserved: 0 });
  expect(event!.interruption).toMatchObject({
    serverBefore: "127.0.0.2",
    serverAfter: "127.0.0.3",
  });
  const { rtoMs, offeredMeanwhile, normalGapMs } = event!.interruption!;
  // Another process had to start; nobody's retransmission is sooner than 3 s.
  expect(rtoMs).toBeGreaterThan(2 * normalGapMs);
  expect(event!.otherServerAfterMs! / rtoMs!).toBeCloseTo(1, 1);
  expect(event!.devicesAffected).toBeGreaterThan(offeredMeanwhile! / 2);
  expect(event!.devicesAffected).toBe(event!.outageMs.count);
  expect(event!.outageMs.max).toBeGreaterThan(2900);
  expect(event!.retransmissions).toBeGreaterThan(0);
  // A busy machine may not be steady again before all devices are bound.
  expect(event!.steadyAfterMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(rtoMs!);
  expect(event!.dipPercent).toBeGreaterThan(10);
  // Every ACK is in the chart, by the server that sent it.
  const charted = failover!.acknowledged.servers.map(({ server, counts }) => ({
    server,
    acknowledged: counts.reduce((sum, count) => sum + count, 0),
  }));
  expect(charted).toEqual(answeredBy);
  expect(safety).toMatchObject({ doubleAllocations: 0, acknowledgedLeasesLost: 0 });
  expect(ran.stdout).toMatch(/^silent-a +\d/m);
});
