import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import type { RunResult } from "../../reports/result/run-result.ts";
import { freePorts } from "../ports.testing.ts";
import { bootAll, connect, renew, smallScenario } from "../small-scenario.testing.ts";
import { DhcpdFolder } from "./dhcpd-command.testing.ts";

const PORT = await freePorts();

const scenario = smallScenario("pair", {
  population: { cableModems: 25, mtas: 15, cmtsCount: 2 },
  phases: [connect(60), renew(40, 1)],
  thresholds: [
    "connect.discover.completed == 40",
    "connect.discover.naks == 0",
    "renew.renew.completed == 40",
  ],
});

/** The configuration without the pools of one class. */
function without(config: string, className: string): string {
  const pool = new RegExp(`pool \\{[^}]*allow members of "${className}";[^}]*\\}`, "g");
  expect(config.match(pool)).toHaveLength(2);
  return config.replace(pool, "");
}

describe("prov run with several targets", () => {
  const lab = new DhcpdFolder();
  afterAll(() => lab.close());
  lab.write("pair.yaml", scenario);

  test("every relay forwards to both, and the result says which of them answered", async () => {
    // Two servers split the pools: one has the modems', the other the MTAs'.
    const servers = [
      { address: "127.0.0.2", other: "packetcable-mta" },
      { address: "127.0.0.3", other: "cable-modem" },
    ];
    for (const { address, other } of servers) {
      const printed = lab.prov("config", "pair.yaml", "--local-address", address);
      expect(printed.stderr).toBe("");
      lab.write(`${address}.conf`, without(printed.stdout, other));
      lab.write(`${address}.leases`, "");
      const files = ["-cf", `${address}.conf`, "-lf", `${address}.leases`];
      await lab.dhcpd(["-d", "--no-pid", "-p", String(PORT), ...files]);
    }
    const targets = servers.flatMap(({ address }) => ["--target", `${address}:${PORT}`]);
    const ran = lab.prov("run", "pair.yaml", ...targets, "--out", "out");
    expect(ran.stderr).not.toContain("Error");
    expect(ran.stdout).toMatch(/^PASS/m);
    const result = JSON.parse(readFileSync(lab.path("out/result.json"), "utf8")) as RunResult;
    expect(result.target).toEqual({
      ...{ kind: "external", address: "127.0.0.2", port: PORT, others: ["127.0.0.3"] },
    });
    // Each device once to connect; 40 renewals go round among 40 devices.
    expect(result.answeredBy).toEqual([
      { server: "127.0.0.2", acknowledged: 50 },
      { server: "127.0.0.3", acknowledged: 30 },
    ]);
    expect(ran.stdout).toMatch(/^ACKs from {6}127\.0\.0\.2: 50, 127\.0\.0\.3: 30$/m);
  });

  test("a server that serves DHCP alone: the services that are silent are named, and nothing is run", async () => {
    const population = { cableModems: 5, smartMeters: 5, cmtsCount: 2 };
    lab.write("boots.yaml", smallScenario("boots", { population, phases: [bootAll(20)] }));
    const [local, services] = ["127.0.0.4", "127.77.0.1"];
    const where = ["--local-address", local, "--boot-server", services];
    lab.write("alone.conf", lab.prov("config", "boots.yaml", ...where).stdout);
    lab.write("alone.leases", "");
    const files = ["-cf", "alone.conf", "-lf", "alone.leases"];
    await lab.dhcpd(["-d", "--no-pid", "-p", String(PORT), ...files]);
    const ran = lab.prov("run", "boots.yaml", "--target", `${local}:${PORT}`, "--out", "boots");
    expect(ran.stderr.split("\n")).toEqual([
      "prov run: no TFTP server answered at 127.77.0.1:69",
      "no NTP server answered at 127.77.0.1:123",
      "no Time server answered at 127.77.0.1:37: modems wait for it in vain, then go on without (7 s)",
      expect.stringMatching(/^Nothing was run/),
      "",
    ]);
    expect(ran.status).toBe(2);
  });

  test.each([
    [["127.0.0.2:67", "127.0.0.3:68"], /all targets have one port/],
    [["127.0.0.2", "127.0.0.2"], /is given twice/],
    [Array.from({ length: 9 }, (_, n) => `127.0.1.${n}`), /a relay forwards to 8 servers at most/],
  ])("--target %j is refused", (targets, message) => {
    const options = targets.flatMap((target) => ["--target", target]);
    const { status, stderr } = lab.prov("run", "pair.yaml", ...options);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});
