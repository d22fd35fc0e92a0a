import { existsSync, readFileSync, statSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DhcpdFolder } from "../loopback/dhcpd-command.testing.ts";
import { freePorts } from "../ports.testing.ts";
import { connect, renew, smallScenario } from "../small-scenario.testing.ts";

// Fifty simulated devices get and renew leases from a recorded server, after the first of each of the four kinds
// has asked whether it serves; then the recording is played.

const port = `${await freePorts()}`;
const leaseSeconds = 604_800;
const scenario = smallScenario("traced", {
  population: { cableModems: 25, mtas: 10, cpes: 10, smartMeters: 5, cmtsCount: 2 },
  phases: [connect(200), renew(50, 1)],
  thresholds: ["connect.discover.completed == 50", "renew.renew.completed == 50"],
});
const secret = "c2VjcmV0IG9mIGEga2V5";

describe("prov dhcpd -tf and -play", () => {
  const lab = new DhcpdFolder();
  const serve = ["-f", "-d", "-cf", "dhcpd.conf", "-lf", "dhcpd.leases", "--no-pid", "-p", port];

  beforeAll(() => {
    lab.write("scenario.yaml", scenario);
    const config = lab.prov("config", "scenario.yaml", "--local-address", "127.0.0.1").stdout;
    lab.write("devices.conf", config);
    lab.write("dhcpd.conf", `include "keys.conf";\ninclude "devices.conf";\n`);
    lab.write("keys.conf", `key "omapi" { algorithm hmac-md5; secret ${secret}; }\n`);
    lab.write("dhcpd.leases", "");
  });

  afterAll(() => lab.close());

  async function record(trace: string, signal: NodeJS.Signals): Promise<void> {
    const server = await lab.dhcpd([...serve, "-tf", trace]);
    expect(server.said()).toContain(`Trace file: ${trace}`);
    const target = `127.0.0.1:${port}`;
    const ran = lab.prov("run", "scenario.yaml", "--target", target, "--out", `${trace}.run`);
    expect(ran.stdout).toMatch(/^PASS/m);
    await server.stop(signal);
  }

  test("a recorded run plays back without a difference, and without a trace on disk", async () => {
    await record("whole.trace", "SIGTERM");
    expect(statSync(lab.path("whole.trace")).mode & 0o777).toBe(0o600);
    expect(readFileSync(lab.path("whole.trace"), "latin1")).not.toContain(secret);
    const leases = readFileSync(lab.path("dhcpd.leases"), "latin1");
    expect(leases.match(/^lease /gm)!.length).toBeGreaterThan(99);

    const { status, stdout } = lab.prov("dhcpd", "-play", "whole.trace", "-lf", "dhcpd.leases");
    expect(stdout).toMatch(/^154 packets, 154 replies recorded, 0 differences$/m);
    expect(status).toBe(0);
    expect(readFileSync(lab.path("dhcpd.leases"), "latin1")).toBe(leases);
  });

  test("the next recording starts from the leases that are there, and survives kill -9", async () => {
    await record("cut.trace", "SIGKILL");
    const { status, stdout } = lab.prov("dhcpd", "-play", "cut.trace");
    expect(stdout).toMatch(
      /^154 packets, 154 replies recorded, 0 differences; the recording was cut off$/m,
    );
    expect(status).toBe(0);
  });

  test("played with another configuration, it shows what that changes", () => {
    const config = readFileSync(lab.path("devices.conf"), "latin1");
    const changed = config
      .replace(/(max-lease-time) \d+/, "$1 3600")
      .replace(/(min-lease-time) \d+/, "$1 60");
    lab.write("shorter.conf", changed);
    const shorter = lab.prov("dhcpd", "-play", "whole.trace", "-cf", "shorter.conf");
    const change = `  option dhcp-lease-time (51): recorded ${leaseSeconds}, now 3600`;
    const lines = shorter.stdout.split("\n");
    expect(lines.filter((line) => line === change)).toHaveLength(154);
    expect(lines.filter((line) => line.startsWith("packet "))).toHaveLength(154);
    expect(lines[1]).toMatch(
      /^packet \d+, 20\d\d-.*Z, DHCPDISCOVER from 02:.* through relay 127\./,
    );
    expect(lines.at(-2)).toBe("154 packets, 154 replies recorded, 154 differences");
    expect(shorter.status).toBe(1);

    lab.write("nobody.conf", "authoritative;\nddns-update-style none;\n");
    const nobody = lab.prov("dhcpd", "-play", "whole.trace", "-cf", "nobody.conf");
    expect(nobody.stdout).toMatch(
      /^ {2}reply: recorded DHCPOFFER 127\.[\d.]+, now none \(unknown-/m,
    );
    expect(nobody.status).toBe(1);
  });

  test("what cannot be played ends with 2 and the reason", () => {
    const missing = lab.prov("dhcpd", "-play", "missing.trace");
    expect(missing.stderr).toMatch(/^Can't open missing\.trace: No such file or directory$/m);
    expect(missing.status).toBe(2);
    const config = lab.prov("dhcpd", "-play", "dhcpd.conf");
    expect(config.stderr).toMatch(/^dhcpd\.conf is no trace file of format 1/m);
    expect(config.status).toBe(2);
    lab.write("broken.conf", "subnet;\n");
    const broken = lab.prov("dhcpd", "-play", "whole.trace", "-cf", "broken.conf");
    expect(broken.stderr).toMatch(/^broken\.conf line 1: /m);
    expect(broken.status).toBe(2);
  });

  test("the lease file is never taken for a trace file", () => {
    const leases = readFileSync(lab.path("dhcpd.leases"), "latin1");
    const ran = lab.prov("dhcpd", ...serve, "-tf", "dhcpd.leases");
    expect(ran.stderr).toMatch(/^dhcpd\.leases exists and is no trace file/m);
    expect(ran.status).toBe(1);
    expect(readFileSync(lab.path("dhcpd.leases"), "latin1")).toBe(leases);
    expect(existsSync(lab.path("dhcpd.leases~"))).toBe(false);
  });
});
