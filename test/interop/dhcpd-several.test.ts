import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { delimiter } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { parseLeaseFile } from "../../server/lease/format/parse-lease-file.testing.ts";
import { DhcpdFolder } from "../loopback/dhcpd-command.testing.ts";
import { freePorts } from "../ports.testing.ts";
import { prov } from "../prov-command.testing.ts";
import { connect, smallScenario } from "../small-scenario.testing.ts";

// DHCP-13 and LOG-1: two DHCP processes on one node, each with files, a port and a facility of its own.
// `/dev/log` and what writes to it are of a mount namespace of their own: the machine's log stays as it is.

const needsRoot = process.getuid?.() === 0 ? undefined : "a /dev/log of its own needs root";
const infoSeverity = 6;
const first = await freePorts();
const processes = [
  {
    name: "docsis",
    port: `${first}`,
    facility: "local6",
    facilityNumber: 22,
    devices: { cableModems: 20, mtas: 10 },
  },
  {
    name: "cpe",
    port: `${first + 2}`,
    facility: "local7",
    facilityNumber: 23,
    // A CPE sits behind a modem; one is enough.
    devices: { cableModems: 1, cpes: 29 },
  },
] as const;

/** Runs what follows its first argument, a folder, with a /dev that has a log. */
const withLog = [
  ...["unshare", "--mount", "sh", "-ec"],
  [
    'mount -t tmpfs dev "$0/dev"',
    'cp -a /dev/null /dev/zero /dev/random /dev/urandom "$0/dev/"',
    ': > "$0/dev/log"',
    'mount --move "$0/dev" /dev',
    'exec "$@"',
  ].join("\n"),
];

const scenarioOf = (name: string, devices: object): string =>
  smallScenario(name, {
    population: { mtas: 0, cpes: 0, smartMeters: 0, cmtsCount: 1, ...devices },
    phases: [connect(60)],
    thresholds: ["connect.discover.completed == 30"],
  });

describeUnless(needsRoot, "DHCP-13, LOG-1: several DHCP processes on one node", () => {
  const lab = new DhcpdFolder();
  afterAll(() => lab.close());

  test("each serves its devices on its port and keeps its own files and log", async () => {
    lab.write("logger", '#!/bin/sh\nexec cat >> "$PROVLAB_TEST_LOG"\n');
    chmodSync(lab.path("logger"), 0o755);
    const path = `${lab.path("")}${delimiter}${process.env["PATH"]}`;
    const servers = await Promise.all(
      processes.map(async ({ name, port, facility, devices }) => {
        lab.write(`${name}.yaml`, scenarioOf(name, devices));
        const config = lab.prov("config", `${name}.yaml`, "--local-address", "127.0.0.1").stdout;
        lab.write(`${name}.conf`, `log-facility ${facility};\n${config}`);
        lab.write(`${name}.leases`, "");
        mkdirSync(lab.path(`${name}/dev`), { recursive: true });
        const files = ["-cf", `${name}.conf`, "-lf", `${name}.leases`, "-pf", `${name}.pid`];
        return lab.dhcpd(
          ["-f", ...files, "-p", port],
          { PATH: path, PROVLAB_TEST_LOG: lab.path(`${name}.log`) },
          [...withLog, lab.path(name)],
        );
      }),
    );

    for (const [at, { name }] of processes.entries()) {
      expect(Number(readFileSync(lab.path(`${name}.pid`), "latin1"))).toBe(servers[at]!.pid);
    }
    const runs = processes.map(({ name, port }) => {
      const target = ["--target", `127.0.0.1:${port}`];
      const args = ["run", `${name}.yaml`, ...target, "--out", `${name}.run`];
      const child = spawn(process.execPath, [prov, ...args], {
        cwd: lab.path(""),
        stdio: "ignore",
      });
      return once(child, "exit");
    });
    expect((await Promise.all(runs)).map(([status]) => status)).toEqual([0, 0]);

    for (const { name, facilityNumber } of processes) {
      const { records } = parseLeaseFile(readFileSync(lab.path(`${name}.leases`)));
      expect(new Set(records.map(({ address }) => address)).size).toBe(30);
      const log = await vi.waitFor(() => {
        const text = readFileSync(lab.path(`${name}.log`), "latin1");
        expect(text.match(/DHCPACK on/g)).toHaveLength(30);
        return text;
      }, 10_000);
      const priorities = new Set([...log.matchAll(/^<(\d+)>.*DHCP/gm)].map(([, number]) => number));
      expect([...priorities]).toEqual([String(facilityNumber * 8 + infoSeverity)]);
    }

    // One is stopped and started in a switch-over; the other does not notice.
    const [docsis, cpe] = servers;
    expect(await docsis!.stop("SIGTERM")).toBe(0);
    expect(existsSync(lab.path("docsis.pid"))).toBe(false);
    expect(existsSync(lab.path("cpe.pid"))).toBe(true);
    const again = ["run", "cpe.yaml", "--target", `127.0.0.1:${first + 2}`, "--out", "again"];
    expect(lab.prov(...again).status).toBe(0);
    expect(await cpe!.stop("SIGTERM")).toBe(0);
  });
});
