import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { describeWithPeers, type Ended, NetworkLab } from "./namespaces.testing.ts";

const root = resolve(import.meta.dirname, "../..");
const shipped = `${root}/deploy/ocf/prov`;

/** Exit statuses of the OCF resource agent API, section 1.1. */
const ocf = {
  ...{ success: 0, generic: 1, unimplemented: 3, installed: 5, configured: 6, notRunning: 7 },
} as const;

const dhcpdConf = `subnet 127.0.0.0 netmask 255.0.0.0 { range 127.0.9.1 127.0.9.9; }
local-address 127.0.0.1;
`;

describeWithPeers("the OCF resource agent", ["ocf-tester", "xmllint", "shellcheck"], () => {
  let lab: NetworkLab;
  let namespace: string;
  let parameters: Record<string, string>;

  beforeEach(() => {
    lab = new NetworkLab();
    namespace = lab.addNamespace("node");
    // As nobody runs it too, to read what it says of itself.
    chmodSync(lab.directory, 0o755);
    copyFileSync(shipped, lab.path("agent"));
    chmodSync(lab.path("agent"), 0o755);
    mkdirSync(lab.path("db"));
    writeFileSync(lab.path("db/dhcpd.conf"), dhcpdConf);
    writeFileSync(lab.path("db/dhcpd.leases"), "");
    writeProv("");
    writeFileSync(
      lab.path("prov"),
      `#!/bin/sh\nexec ${process.execPath} ${root}/dist/cli/main.js "$@"\n`,
      { mode: 0o755 },
    );
    parameters = {
      binary: lab.path("prov"),
      config: lab.path("db/prov.yaml"),
      pidfile: lab.path("prov.pid"),
      logfile: lab.path("prov.log"),
    };
  });

  afterEach(async () => {
    await act("stop");
    await lab.close();
  });

  function writeProv(more: string): void {
    const dhcp = "dhcp: { config: dhcpd.conf, leases: dhcpd.leases }\n";
    writeFileSync(lab.path("db/prov.yaml"), `schema: provlab/prov@1\n${dhcp}${more}`);
  }

  /** Runs one action as the cluster does. */
  function act(action: string, changed: Record<string, string> = {}): Promise<Ended> {
    const words = Object.entries({ ...parameters, ...changed });
    return lab.run(namespace, "env", [
      ...["OCF_ROOT=/usr/lib/ocf", "OCF_RESOURCE_INSTANCE=prov", "OCF_RESOURCE_TYPE=prov"],
      ...words.map(([name, value]) => `OCF_RESKEY_${name}=${value}`),
      ...[lab.path("agent"), action],
    ]);
  }

  const statusOf = async (action: string, changed?: Record<string, string>) =>
    (await act(action, changed)).status;

  const pid = (): number => Number(readFileSync(parameters["pidfile"]!, "utf8"));

  test("passes the tests of resource-agents (HA-25)", async () => {
    const options = Object.entries(parameters).flatMap(([name, value]) => [
      ...["-o", `${name}=${value}`],
    ]);
    const ran = await lab.run(namespace, "ocf-tester", [
      ...["-n", "prov", ...options, lab.path("agent")],
    ]);
    expect(ran.output).toContain("passed all tests");
    expect(ran.status).toBe(0);
  });

  test("is plain POSIX shell", async () => {
    const ran = await lab.run(namespace, "shellcheck", ["--shell=sh", shipped]);
    expect(ran).toEqual({ status: 0, output: "" });
  });

  test("tells a server that was killed from one that hangs, and ends both (HA-10, HA-13)", async () => {
    expect(await statusOf("start")).toBe(ocf.success);
    process.kill(pid(), "SIGKILL");
    expect(await statusOf("monitor")).toBe(ocf.notRunning);
    expect(await statusOf("start")).toBe(ocf.success);
    // Its port is open and nobody looks at it: only the server itself can tell.
    process.kill(pid(), "SIGSTOP");
    expect(await statusOf("monitor")).toBe(ocf.success);
    const asked = await act("monitor", { socket: lab.path("db/prov.sock") });
    expect(asked).toMatchObject({
      status: ocf.generic,
      output: expect.stringMatching(/process \d+ does not answer on \S+prov\.sock/),
    });
    process.kill(pid(), "SIGCONT");
    expect(await statusOf("stop")).toBe(ocf.success);
    expect(await statusOf("monitor")).toBe(ocf.notRunning);
  });

  test("takes nobody else's process for its own", async () => {
    writeFileSync(parameters["pidfile"]!, `${process.pid}\n`);
    expect(await statusOf("monitor")).toBe(ocf.notRunning);
    expect(await statusOf("stop")).toBe(ocf.success);
    expect(await statusOf("start")).toBe(ocf.success);
    expect(await statusOf("monitor", { config: "/elsewhere/prov.yaml" })).toBe(ocf.notRunning);
  });

  test("serves as another user, with no more than the ports need", async () => {
    for (const name of ["db", "db/dhcpd.leases"]) chmodSync(lab.path(name), 0o777);
    const user = { user: "nobody" };
    const started = await act("start", user);
    expect(started.status, started.output).toBe(ocf.success);
    const status = readFileSync(`/proc/${pid()}/status`, "utf8");
    expect(status).not.toMatch(/^Uid:\t0/m);
    // CAP_NET_BIND_SERVICE is bit 10, CAP_NET_RAW bit 13.
    expect(status).toMatch(/^CapEff:\t0000000000002400$/m);
    expect(await statusOf("monitor", user)).toBe(ocf.success);
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
        const ran = await act(action, changes);
        expect([ran.status, ran.output]).toEqual([status, expect.stringMatching(reason)]);
      }
      // A probe asks whether it runs here, and a stop must not fail where it never could run.
      expect(await statusOf("monitor", changes)).toBe(ocf.notRunning);
      expect(await statusOf("stop", changes)).toBe(ocf.success);
    });

    test("of a prov.yaml, with the server's own words", async () => {
      writeProv("nonsense: 1\n");
      const ran = await act("start");
      expect(ran.status).toBe(ocf.generic);
      expect(ran.output).toMatch(/prov did not start: .*nonsense/);
      expect(await statusOf("monitor")).toBe(ocf.notRunning);
    });

    test("of an action that it does not have", async () => {
      expect(await statusOf("promote")).toBe(ocf.unimplemented);
    });
  });
});
