import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { describeWithPeers, NetworkLab } from "./namespaces.testing.ts";
import { OcfAgent, ocf, shippedAgent } from "./ocf-agent.testing.ts";

const dhcpdConf = `subnet 127.0.0.0 netmask 255.0.0.0 { range 127.0.9.1 127.0.9.9; }
local-address 127.0.0.1;
`;

describeWithPeers("the OCF resource agent", ["ocf-tester", "xmllint", "shellcheck"], () => {
  let lab: NetworkLab;
  let namespace: string;
  let agent: OcfAgent;

  beforeEach(() => {
    lab = new NetworkLab();
    namespace = lab.addNamespace("node");
    mkdirSync(lab.path("db"));
    writeFileSync(lab.path("db/dhcpd.conf"), dhcpdConf);
    writeFileSync(lab.path("db/dhcpd.leases"), "");
    writeProv("");
    agent = new OcfAgent(lab, namespace, lab.path("db/prov.yaml"));
  });

  afterEach(async () => {
    await agent.act("stop");
    await lab.close();
  });

  function writeProv(more: string): void {
    const dhcp = "dhcp: { config: dhcpd.conf, leases: dhcpd.leases }\n";
    writeFileSync(lab.path("db/prov.yaml"), `schema: provlab/prov@1\n${dhcp}${more}`);
  }

  test("passes the tests of resource-agents (HA-25)", async () => {
    const options = Object.entries(agent.parameters).flatMap(([name, value]) => [
      ...["-o", `${name}=${value}`],
    ]);
    const ran = await lab.run(namespace, "ocf-tester", [...["-n", "prov", ...options, agent.path]]);
    expect(ran.output).toContain("passed all tests");
    expect(ran.status).toBe(0);
  });

  test("is plain POSIX shell", async () => {
    const ran = await lab.run(namespace, "shellcheck", ["--shell=sh", shippedAgent]);
    expect(ran).toEqual({ status: 0, output: "" });
  });

  test("tells a server that was killed from one that hangs, and ends both (HA-10, HA-13)", async () => {
    expect(await agent.statusOf("start")).toBe(ocf.success);
    await agent.kill();
    expect(await agent.statusOf("start")).toBe(ocf.success);
    // Its port is open, and nobody looks at it: only the server itself can tell.
    expect(await agent.statusOf("monitor")).toBe(ocf.success);
    process.kill(agent.pid, "SIGCONT");
    expect(await agent.statusOf("stop")).toBe(ocf.success);
    expect(await agent.statusOf("monitor")).toBe(ocf.notRunning);
  });

  test("asks the server itself by its control socket (HA-11)", async () => {
    writeProv("control: { socket: prov.sock }\n");
    const asked = { socket: lab.path("db/prov.sock") };
    const started = await agent.act("start", asked);
    expect(started.status, started.output).toBe(ocf.success);
    expect(await agent.statusOf("monitor", asked)).toBe(ocf.success);
    process.kill(agent.pid, "SIGSTOP");
    expect(await agent.act("monitor", asked)).toMatchObject({
      status: ocf.generic,
      output: expect.stringMatching(/process \d+ does not answer on \S+prov\.sock/),
    });
    process.kill(agent.pid, "SIGCONT");
    expect(await agent.statusOf("monitor", asked)).toBe(ocf.success);
  });

  test("takes nobody else's process for its own", async () => {
    writeFileSync(agent.parameters["pidfile"], `${process.pid}\n`);
    expect(await agent.statusOf("monitor")).toBe(ocf.notRunning);
    expect(await agent.statusOf("stop")).toBe(ocf.success);
    expect(await agent.statusOf("start")).toBe(ocf.success);
    expect(await agent.statusOf("monitor", { config: "/elsewhere/prov.yaml" })).toBe(
      ocf.notRunning,
    );
  });

  test("serves as another user, with no more than the ports need", async () => {
    for (const name of ["db", "db/dhcpd.leases"]) chmodSync(lab.path(name), 0o777);
    const user = { user: "nobody" };
    const started = await agent.act("start", user);
    expect(started.status, started.output).toBe(ocf.success);
    const status = readFileSync(`/proc/${agent.pid}/status`, "utf8");
    expect(status).not.toMatch(/^Uid:\t0/m);
    // CAP_NET_BIND_SERVICE is bit 10, CAP_NET_RAW bit 13.
    expect(status).toMatch(/^CapEff:\t0000000000002400$/m);
    expect(await agent.statusOf("monitor", user)).toBe(ocf.success);
  });

  describe("says what is wrong", () => {
    test.each([
      ["without a configuration", { config: "" }, ocf.configured, /config is missing/],
      ["of a relative path", { config: "prov.yaml" }, ocf.configured, /give an absolute path/],
      ["of a port", { port: "66000" }, ocf.configured, /from 1 to 65535/],
      ["of a command", { binary: "/no/prov" }, ocf.installed, /\/no\/prov is not installed here/],
      ["of a user", { user: "no-such-user" }, ocf.installed, /there is no user no-such-user/],
      ["of a mount", { config: "/no/prov.yaml" }, ocf.installed, /is its file system mounted/],
    ])("%s", async (_, changed, status, reason) => {
      const changes = changed as Record<string, string>;
      for (const action of ["validate-all", "start"]) {
        const ran = await agent.act(action, changes);
        expect([ran.status, ran.output]).toEqual([status, expect.stringMatching(reason)]);
      }
      // A probe asks whether it runs here, and a stop must not fail where it never could run.
      expect(await agent.statusOf("monitor", changes)).toBe(ocf.notRunning);
      expect(await agent.statusOf("stop", changes)).toBe(ocf.success);
    });

    test("of a prov.yaml, with the server's own words", async () => {
      writeProv("nonsense: 1\n");
      const ran = await agent.act("start");
      expect(ran.status).toBe(ocf.generic);
      expect(ran.output).toMatch(/prov did not start: .*nonsense/);
      expect(await agent.statusOf("monitor")).toBe(ocf.notRunning);
    });

    test("of an action that it does not have", async () => {
      expect(await agent.statusOf("promote")).toBe(ocf.unimplemented);
    });
  });
});
