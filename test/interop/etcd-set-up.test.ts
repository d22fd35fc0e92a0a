import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { provPlanOf } from "../../cli/serve/prov-file.ts";
import { EtcdClient } from "../../server/lease/etcd/etcd-client.ts";
import { kill } from "../faults/server.testing.ts";
import { etcdMissingReason } from "./etcd-cluster.testing.ts";
import { follow, lead, leaseOf, newFolder, newPrefix, newTable } from "./etcd-node.testing.ts";

// The shipped settings of the three members, as they are but for where they listen and keep their data.

const root = resolve(import.meta.dirname, "../..");
const machines = ["prov01", "prov02", "witness"] as const;
const shipped = (machine: string): string =>
  readFileSync(join(root, "deploy/etcd", `${machine}.yaml`), "utf8");
const endpointsOf = (text: string): string[] =>
  [...text.matchAll(/^advertise-client-urls: (\S+)$/gm)].map(([, url]) => url!);

const straceIsMissing = spawnSync("strace", ["-V"]).error !== undefined;

describeUnless(etcdMissingReason(), "etcd as it is set up for a pair", () => {
  const folder = mkdtempSync(join(tmpdir(), "provlab-etcd-set-up-"));
  const members: ChildProcess[] = [];
  const endpoints: string[] = [];

  beforeAll(async () => {
    for (const machine of machines) {
      const text = shipped(machine)
        .replaceAll("192.168.10.", "127.83.10.")
        .replace("/var/lib/etcd", join(folder, machine));
      const file = join(folder, `${machine}.yaml`);
      writeFileSync(file, `${text}log-level: error\n`);
      endpoints.push(...endpointsOf(text));
      const command = ["--pdeathsig", "KILL", "etcd", "--config-file", file];
      members.push(spawn("setpriv", command, { stdio: "ignore" }));
    }
    const client = new EtcdClient({ endpoints, attemptMsMax: 500 });
    await client.range({ key: "/health" }, 30_000);
    client.close();
  });
  afterAll(async () => {
    for (const member of members) {
      await kill(member);
    }
    rmSync(folder, { recursive: true });
  });

  test("HA-17, HA-21 transport, HA-23: three members start, and a node commits and follows by them", async () => {
    expect(endpoints).toHaveLength(3);
    const prefix = newPrefix();
    const { folder: leases, remove } = newFolder();
    const node = (name: string, table = newTable()) =>
      follow(table, { endpoints, prefix, name, leaseFile: join(leases, name) });
    const active = await lead(node("a"));
    // More than etcd's own limit of a transaction.
    for (let last = 0; last < 500; last += 1) active.store.append(leaseOf(last, 1000));
    active.store.commit();
    const table = newTable();
    const standby = node("b", table);
    expect(table.counts().active).toBe(500);
    await Promise.all([active.close(), standby.close()]);
    remove();
  });

  test.skipIf(straceIsMissing)(
    "HA-21 disk flushes: every member syncs what is committed",
    async () => {
      const traces = machines.map((machine) => join(folder, `${machine}.trace`));
      const tracers = members.map(({ pid }, index) =>
        spawn("strace", ["-f", "-e", "trace=fdatasync", "-o", traces[index]!, "-p", String(pid)], {
          stdio: ["ignore", "ignore", "pipe"],
        }),
      );
      onTestFinished(async () => {
        for (const tracer of tracers) await kill(tracer);
      });
      await Promise.all(tracers.map(({ stderr }) => once(stderr, "data")));
      const { folder: leases, remove } = newFolder();
      const setting = { endpoints, prefix: newPrefix(), name: "a", leaseFile: join(leases, "a") };
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
