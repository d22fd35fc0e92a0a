import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { parse } from "yaml";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { CapturedOutput } from "../../cli/output.testing.ts";
import { runPair } from "../../cli/pair.ts";
import { provPlanOf } from "../../cli/serve/prov-file.ts";
import type { EtcdAccess } from "../../server/etcd/edge/etcd-access.ts";
import { EtcdClient } from "../../server/etcd/edge/etcd-client.ts";
import { kill } from "../faults/server.testing.ts";
import { openSslMissingReason } from "./certificate-authority.testing.ts";
import { etcdMissingReason } from "./etcd-cluster.testing.ts";
import { follow, lead, leaseOf, newFolder, newPrefix, newTable } from "./etcd-node.testing.ts";

// The shipped settings of the three members, as they are but for where they listen and keep their data and their
// certificates, which `prov pair init` makes.

const root = resolve(import.meta.dirname, "../..");
const machines = ["prov01", "prov02", "witness"] as const;
const shipped = (machine: string): string =>
  readFileSync(join(root, "deploy/etcd", `${machine}.yaml`), "utf8");
const endpointsOf = (text: string): string[] =>
  [...text.matchAll(/^advertise-client-urls: (\S+)$/gm)].map(([, url]) => url!);

/** Its settings, but for where it keeps its data. */
function startMember(folder: string, machine: string, settings: string): ChildProcess {
  const file = join(folder, `${machine}.yaml`);
  const text = settings.replace("/var/lib/etcd", join(folder, machine));
  writeFileSync(file, `${text}log-level: error\n`);
  const command = ["--pdeathsig", "KILL", "etcd", "--config-file", file];
  return spawn("setpriv", command, { stdio: "ignore" });
}

async function healthy(access: EtcdAccess): Promise<void> {
  const client = new EtcdClient({ ...access, attemptMsMin: 500, attemptMsMax: 2000 });
  await client.range({ key: "/health" }, 30_000);
  client.close();
}

async function end(folder: string, members: readonly ChildProcess[]): Promise<void> {
  for (const member of members) await kill(member);
  rmSync(folder, { recursive: true });
}

/** What one node commits, another one has. */
async function expectReplicated(access: EtcdAccess): Promise<void> {
  const prefix = newPrefix();
  const { folder: leases, remove } = newFolder();
  const node = (name: string, table = newTable()) =>
    follow(table, { ...access, prefix, name, leaseFile: join(leases, name) });
  const active = await lead(node("a"));
  // More than etcd's own limit of a transaction.
  for (let last = 0; last < 500; last += 1) active.store.append(leaseOf(last, 1000));
  active.store.commit();
  const table = newTable();
  const standby = node("b", table);
  expect(table.counts().active).toBe(500);
  await Promise.all([active.close(), standby.close()]);
  remove();
}

const straceIsMissing = spawnSync("strace", ["-V"]).error !== undefined;

const missing = etcdMissingReason() ?? openSslMissingReason();

describeUnless(missing, "etcd as it is set up for a pair", () => {
  const folder = mkdtempSync(join(tmpdir(), "provlab-etcd-set-up-"));
  const members: ChildProcess[] = [];
  const endpoints: string[] = [];
  const file = (machine: string, ...names: string[]): string => join(folder, machine, ...names);
  const tls = {
    ca: file("prov02", "prov", "ca.crt"),
    certificate: file("prov02", "prov", "prov.crt"),
    key: file("prov02", "prov", "prov.key"),
  };
  const access = { endpoints, tls };

  beforeAll(async () => {
    const said = new CapturedOutput();
    said.listen();
    // A member must come from an address of its certificate, and here it comes from loopback's first.
    const args = machines.flatMap((machine, index) => [
      machine === "witness" ? "--witness" : "--node",
      `${machine}=127.83.10.${index + 1},127.0.0.1`,
    ]);
    expect(await runPair(["init", ...args, "--out", folder])).toBe(0);
    vi.restoreAllMocks();
    for (const machine of machines) {
      const text = shipped(machine)
        .replaceAll("192.168.10.", "127.83.10.")
        .replaceAll("/etc/provlab/etcd-tls", file(machine, "etcd"));
      endpoints.push(...endpointsOf(text));
      members.push(startMember(folder, machine, text));
    }
    await healthy(access);
  });
  afterAll(() => end(folder, members));

  test("HA-17, HA-21 transport, HA-23: three members start, and a node commits and follows by them", async () => {
    expect(endpoints).toHaveLength(3);
    await expectReplicated(access);
  });

  test("HA-29: nobody without a certificate of the pair gets in", () => {
    for (const scheme of [["--cacert", tls.ca], ["--insecure-transport=true"]]) {
      const args = ["--endpoints", endpoints.join(","), ...scheme, "get", "/health"];
      expect(spawnSync("etcdctl", args, { encoding: "utf8" })).toMatchObject({ status: 1 });
    }
  });

  test.skipIf(straceIsMissing)(
    "HA-21 disk flushes: every member syncs what is committed",
    async () => {
      const traces = machines.map((machine) => join(folder, `${machine}.trace`));
      const tracers = members.map(({ pid }, index) =>
        spawn("strace", ["-f", "-e", "trace=fdatasync", "-o", traces[index], "-p", String(pid)], {
          stdio: ["ignore", "ignore", "pipe"],
        }),
      );
      onTestFinished(async () => {
        for (const tracer of tracers) await kill(tracer);
      });
      await Promise.all(tracers.map(({ stderr }) => once(stderr, "data")));
      const { folder: leases, remove } = newFolder();
      const setting = { ...access, prefix: newPrefix(), name: "a", leaseFile: join(leases, "a") };
      const active = await lead(follow(newTable(), setting));
      active.store.append(leaseOf(1, 1000));
      active.store.commit();
      for (const trace of traces) {
        await expect.poll(() => readFileSync(trace, "utf8")).toMatch(/fdatasync.*= 0$/m);
      }
      for (const machine of machines) {
        expect(parse(shipped(machine))).not.toHaveProperty("unsafe-no-fsync");
      }
      await active.close();
      remove();
    },
  );

  test("HA-26: the members' files differ in name and address alone", () => {
    const alike = (machine: string): unknown => {
      const { name, ...settings } = parse(shipped(machine)) as Record<string, unknown>;
      expect(name).toBe(machine);
      const own = Object.keys(settings).filter((key) => /-urls$/.test(key));
      expect(own).toHaveLength(4);
      return { ...settings, ...Object.fromEntries(own.map((key) => [key, ""])) };
    };
    expect(alike("prov02")).toEqual(alike("prov01"));
    expect(alike("witness")).toEqual(alike("prov01"));
  });

  test.each(["prov01", "prov02"])("HA-23: %s asks the members that are set up", (node) => {
    const path = join(root, "examples/pair", `${node}.yaml`);
    const { ha } = provPlanOf(path, readFileSync(path, "utf8"));
    expect(ha?.etcd.endpoints).toEqual(machines.map((machine) => endpointsOf(shipped(machine))[0]));
    // Where `prov pair init` says that they belong.
    expect(ha?.etcd.tls).toEqual({
      ca: "/etc/provlab/ca.crt",
      certificate: "/etc/provlab/prov.crt",
      key: "/etc/provlab/prov.key",
    });
    expect(ha?.keyFile).toBe("/etc/provlab/ha.key");
  });
});

const isMissing = spawnSync("systemd-analyze", ["--version"]).error !== undefined;

describeUnless(isMissing ? "not installed: systemd-analyze" : undefined, "its systemd unit", () => {
  test("has no word that systemd does not know", () => {
    const unit = join(root, "deploy/etcd/etcd.service");
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", unit], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });
});
