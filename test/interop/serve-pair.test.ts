import { afterAll, beforeAll, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../base/net/kernel/libc.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { CertificateAuthority, openSslMissingReason } from "./certificate-authority.testing.ts";
import { EtcdCluster, etcdMissingReason } from "./etcd-cluster.testing.ts";
import { nodeNames, RelayedDevices, ServedPair, type Side } from "./serve-pair.testing.ts";

// Two nodes as an operator runs them, on a real etcd of three members that wants certificates. Each test goes on where the one
// before has left the pair. Devices ask both nodes, as a CMTS does; what they hold is kept here, and no
// address may ever be another device's.

const devices = 20;
const waitMsMax = 60_000;
/** HA-8 allows 12 s to stop here and start there. */
const handOverMsMax = 20_000;

let authority: CertificateAuthority;
let cluster: EtcdCluster;
let pair: ServedPair;
let plant: RelayedDevices;
const addressOf = new Map<number, number>();

/** Each device asks for the address that it has, and keeps it; nobody but `side` answers. */
async function expectKept(side: Side, count = devices): Promise<void> {
  for (let device = 0; device < count; device += 1) {
    const address = addressOf.get(device)!;
    const answer = await plant.reboot(device, address, waitMsMax);
    expect(answer, pair.logs).toEqual({ type: MessageType.ack, address, side });
  }
}

async function connect(device: number, side: Side): Promise<void> {
  const { address, side: by } = await plant.connect(device, waitMsMax);
  expect(by, pair.logs).toBe(side);
  expect([...addressOf.values()]).not.toContain(address);
  addressOf.set(device, address);
}

/** Asks the active node; a slow one tells its progress on standard error, and nothing else. */
async function failBack(active: Side): Promise<string> {
  const { status, stdout, stderr } = await pair.run(active, "failback");
  expect(status, stdout + stderr + pair.logs).toBe(0);
  expect(stderr).toMatch(/^( +\d+\.\d{3} s .*\n)*$/);
  return stdout;
}

const missing = libcMissingReason() ?? etcdMissingReason() ?? openSslMissingReason();

describeUnless(missing, "a pair of prov serve", () => {
  beforeAll(async () => {
    authority = new CertificateAuthority();
    cluster = await EtcdCluster.start({ tls: authority.issue("etcd") });
    pair = new ServedPair(cluster.endpoints, authority);
    plant = await RelayedDevices.open();
  });
  afterAll(async () => {
    plant?.close();
    await pair?.close();
    await cluster?.stop();
    authority?.close();
  });

  test("HA-1, HA-22, HA-27 log facility, HA-30, SYS-13: both start, the first one serves, and either tells so", async () => {
    pair.start(0);
    pair.start(1);
    await pair.untilServes(0, 0);
    await pair.untilServes(1, 0);
    for (let device = 0; device < devices; device += 1) await connect(device, 0);
    for (const side of [0, 1] as const) {
      const { status, stdout, stderr } = await pair.run(side, "status");
      expect({ status, stdout, stderr }).toMatchObject({ status: 0, stderr: "" });
      expect(stdout).toMatch(new RegExp(`^Seen by: {2}${nodeNames[side]}$`, "m"));
      expect(stdout).toMatch(/^Leader: {3}prov01, epoch 1$/m);
      expect(pair.log(side)).toMatch(/ha: link 0 to prov0\d is up$/m);
      expect(stdout).toMatch(/^prov02 +standby +UpToDate +\d+ {2}yes$/m);
    }
  });

  test("HA-5, HA-7, HA-10, LEASE-7: the active node is killed, and every device keeps its address", async () => {
    await pair.kill(0);
    await expectKept(1);
    await connect(devices, 1);
    const { status, stdout } = await pair.run(1, "status");
    expect(status).toBe(99);
    expect(stdout).toMatch(/^Failure: {2}IN PROGRESS/m);
    expect(stdout).toMatch(/^prov01 is not heard|prov01 has failed actions/m);
    const { status: unreachable, stderr } = await pair.run(0, "status");
    expect(unreachable).toBe(2);
    expect(stderr).toMatch(/the server that made it is gone: start the node/);
  });

  test("HA-14, HA-16, OPS-14: it comes back as standby, and the service only by fail-back", async () => {
    pair.start(0);
    await pair.untilServes(0, 1);
    await pair.untilServes(1, 1);
    const refused = await pair.run(0, "failback");
    expect(refused).toMatchObject({ status: 2, stdout: "" });
    expect(refused.stderr).toMatch(/prov01 is standby: run it on the active node/);
    const stdout = await failBack(1);
    expect(stdout.match(/HA-16 \(\d\)/g)).toHaveLength(6);
    expect(stdout).toMatch(/^Done, service gap \d+\.\d{3} s/m);
    await expectKept(0, devices + 1);
    await pair.untilServes(0, 0);
  });

  test("OPS-14, no unmove: the service goes there and back again, and each new table leaves nothing of the old one", async () => {
    const before = ([0, 1] as const).map((side) => pair.descriptors(side));
    for (const active of [0, 1] as const) {
      await failBack(active);
      for (const side of [0, 1] as const) await pair.untilServes(side, active === 0 ? 1 : 0);
    }
    for (const side of [0, 1] as const) expect(pair.log(side)).toMatch(/dhcp: starts anew/);
    for (const side of [0, 1] as const) {
      const count = () => pair.descriptors(side);
      await expect.poll(count).toBeLessThanOrEqual(before[side]);
    }
    await expectKept(0, devices + 1);
  });

  test("the active node is stopped, and goes on after the other one has taken over: not an ACK", async () => {
    await pair.pause(0);
    await expectKept(1);
    await connect(devices + 1, 1);
    pair.signal(0, "SIGCONT");
    // All the while that it needs to see what happened, and beyond.
    for (let round = 0; round < 5; round += 1) await expectKept(1, devices + 2);
    await pair.untilServes(0, 1);
    expect(pair.log(0)).toMatch(/dhcp: starts anew, because it is fenced/);
    await failBack(1);
    await pair.untilServes(0, 0);
    await expectKept(0, devices + 2);
  });

  test.each([
    { title: "two of three members of etcd hang", members: [0, 1], signal: "SIGSTOP" },
    { title: "all members of etcd hang", members: [0, 1, 2], signal: "SIGSTOP" },
    { title: "all members of etcd are killed", members: [0, 1, 2], signal: "SIGKILL" },
  ] as const)(
    "$title: no lease is acknowledged, nothing moves, and it goes on by itself",
    async ({ members, signal }) => {
      const { epoch } = await pair.status(0);
      const logged = pair.log(0).length;
      const startMs = performance.now();
      for (const member of members) cluster.signal(member, signal);
      const told = (): string => pair.log(0).slice(logged);
      // Not within ten seconds of the line of the outage before.
      for (let tries = 0; tries < 5 && !told().includes("No lease is acknowledged"); tries += 1) {
        await expect(plant.connect(devices + 2, 3000)).rejects.toThrow(/got no lease/);
      }
      const { status, stdout } = await pair.run(0, "status");
      expect({ status, stdout }).toMatchObject({ status: 99 });
      expect(stdout).toMatch(/^The store does not answer\.$/m);
      for (const member of members) {
        if (signal === "SIGKILL") cluster.startMember(member);
        else cluster.signal(member, "SIGCONT");
      }
      await expectKept(0, devices + 2);
      await pair.untilServes(1, 0);
      expect(await pair.status(0)).toMatchObject({ epoch, failureInProgress: false });
      const lines = told().match(/No lease is acknowledged/g) ?? [];
      expect(lines.length, told()).toBeGreaterThan(0);
      expect(lines.length, told()).toBeLessThanOrEqual(1 + (performance.now() - startMs) / 10_000);
    },
  );

  test("HA-7: a shutdown hands over at once, and is no failure", async () => {
    await pair.untilServes(1, 0);
    const startMs = performance.now();
    pair.signal(0, "SIGTERM");
    let answer = await plant.reboot(0, addressOf.get(0)!, waitMsMax);
    while (answer.side === 0) answer = await plant.reboot(0, addressOf.get(0)!, waitMsMax);
    expect(performance.now() - startMs, pair.logs).toBeLessThan(handOverMsMax);
    expect(await pair.end(0), pair.logs).toEqual({ status: 0, signal: null });
    await expectKept(1, devices + 2);
    expect((await pair.status(1)).failureInProgress).toBe(false);
    const [, last = ""] = pair.log(0).split("shutdown: handing over");
    expect(last).not.toContain("starts anew");
  });

  test("etcd loses its data: nobody serves until somebody says whose lease file counts", async () => {
    pair.signal(1, "SIGTERM");
    expect(await pair.end(1), pair.logs).toEqual({ status: 0, signal: null });
    const leases = pair.leases(1);
    expect([...leases.keys()]).toEqual(expect.arrayContaining([...addressOf.values()]));
    await cluster.loseData();
    const logged = [pair.log(0).length, pair.log(1).length] as const;
    for (const side of [1, 0] as const) pair.start(side);
    for (const side of [1, 0] as const) {
      const told = (): string => pair.log(side).slice(logged[side]);
      await expect.poll(told).toMatch(/--recover/);
    }
    await expect(plant.connect(devices + 2, 3000)).rejects.toThrow(/got no lease/);
    expect((await pair.run(1, "status")).status).toBe(99);

    pair.signal(1, "SIGTERM");
    expect(await pair.end(1), pair.logs).toEqual({ status: 0, signal: null });
    pair.start(1, "--recover");
    await pair.untilServes(1, 1);
    // Nothing has been asked for yet.
    const keys = cluster.ctl("get", "--prefix", "--keys-only", "/provlab/serve-pair/lease/");
    expect(keys.match(/lease\/\S+/g)).toHaveLength(leases.size);
    for (const side of [1, 0] as const) expect(pair.leases(side)).toEqual(leases);
    await expectKept(1, devices + 2);
    await connect(devices + 2, 1);
  });
});
