import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../base/net/kernel/libc.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { runProv } from "../prov-command.testing.ts";
import { CertificateAuthority, openSslMissingReason } from "./certificate-authority.testing.ts";
import { EtcdCluster, etcdMissingReason } from "./etcd-cluster.testing.ts";
import { RelayedDevices, ServedPair, type Side } from "./serve-pair.testing.ts";

// A pair whose engine has a bug, planted by poison.mjs: some packets cannot be decided. Devices go on meanwhile, and
// none may notice. Each test goes on where the one before has left the pair.

const devices = 20;
const waitMsMax = 60_000;
const poison = 1000;
const burst = 10;

const hook = { NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, "poison.mjs"))}` };
const addressOf = new Map<number, number>();
let authority: CertificateAuthority;
let cluster: EtcdCluster;
let pair: ServedPair;
let plant: RelayedDevices;

const quarantine = (side: Side): string => join(pair.folder(side), "dhcpd.leases.quarantine");

/** What `prov dhcpd -play` says of the quarantine of this node. */
async function play(side: Side, env: Readonly<Record<string, string>>): Promise<string> {
  const args = ["dhcpd", "-play", quarantine(side)];
  const { status, stdout, stderr } = await runProv(args, { cwd: pair.folder(side), env });
  expect(status, stderr).toBe(1);
  return stdout;
}

/** Every device asks for the address that it has, over and over until `isOver`; how often they asked. */
async function load(isOver: () => boolean): Promise<number> {
  let asked = 0;
  while (!isOver()) {
    for (let device = 0; device < devices; device += 1) {
      const address = addressOf.get(device)!;
      const answer = await plant.reboot(device, address, waitMsMax);
      expect(answer, pair.logs).toMatchObject({ type: MessageType.ack, address });
      asked += 1;
    }
  }
  return asked;
}

/** Sends the poison in bursts while the devices go on. Returns how often these asked. */
async function poisoned(deviceOf: (number: number) => number): Promise<number> {
  let sent = 0;
  const loaded = load(() => sent >= poison);
  while (sent < poison) {
    for (const end = sent + burst; sent < end; sent += 1) plant.sendPoison(deviceOf(sent));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return loaded;
}

const missing = libcMissingReason() ?? etcdMissingReason() ?? openSslMissingReason();

describeUnless(missing, "a pair that meets packets which its engine breaks on", () => {
  beforeAll(async () => {
    authority = new CertificateAuthority();
    cluster = await EtcdCluster.start({ tls: authority.issue("etcd") });
    pair = new ServedPair(cluster.endpoints, authority, hook);
    plant = await RelayedDevices.open();
  });
  afterAll(async () => {
    plant?.close();
    await pair?.close();
    await cluster?.stop();
    authority?.close();
  });

  test("one of them, a thousand times to both nodes: no device notices, and it is in quarantine once", async () => {
    for (const side of [0, 1] as const) pair.start(side);
    for (const side of [0, 1] as const) await pair.untilServes(side, 0);
    for (let device = 0; device < devices; device += 1) {
      const { address } = await plant.connect(device, waitMsMax);
      addressOf.set(device, address);
    }
    const { unanswered } = plant;
    expect(await poisoned(() => 1)).toBeGreaterThanOrEqual(devices);
    expect(plant.unanswered, pair.logs).toBe(unanswered);
    await pair.untilServes(1, 0);
    expect((await pair.status(0)).failureInProgress).toBe(false);
    expect(pair.log(0)).toMatch(
      /1 packet was dropped that cannot be decided, .*: TypeError: a planted bug, at .* Kept in .*dhcpd\.leases\.quarantine\. Service goes on\.$/m,
    );
    // The node that stands by decides nothing.
    expect(existsSync(quarantine(1))).toBe(false);
    expect(await play(0, hook)).toMatch(
      /^packet 1, .*, DHCPDISCOVER from 02:de:ad:00:00:01 through relay 127\.71\.0\.1.*\n {2}the server breaks on this packet: TypeError: a planted bug$/m,
    );
    // What a server without the bug does.
    expect(await play(0, {})).toMatch(
      /^ {2}reply: recorded none \(undecidable\), now DHCPOFFER 127\.71\.\d+\.\d+\n1 packets, 0 replies recorded, 1 differences/m,
    );
  });

  test("HA-11: a thousand different ones: the other node takes over, once, and stays", async () => {
    await poisoned((number) => 2 + number);
    await expect.poll(() => pair.log(0)).toMatch(/more than a few packets cannot be decided here/);
    await poisoned((number) => 2 + poison + number);
    const { leader, epoch, failureInProgress, nodes } = await pair.status(1);
    expect({ leader, epoch, failureInProgress }, pair.logs).toEqual({
      ...{ leader: "prov02", epoch: 2, failureInProgress: true },
    });
    expect(nodes[0]).toMatchObject({ node: "prov02", role: "active" });
    const { stdout } = await pair.run(0, "status");
    expect(stdout).toMatch(/prov01: failed: packets-undecidable/);
    expect(pair.log(1)).toMatch(/More than 5 packets in a minute could not be decided/);
    const { unanswered } = plant;
    await poisoned((number) => number);
    expect(plant.unanswered, pair.logs).toBe(unanswered);
  });

  test("the first node is able again after clean-up, and the service stays until somebody gives it back", async () => {
    const ran = await pair.run(0, "clean-up");
    expect(ran).toMatchObject({ status: 0 });
    await pair.untilServes(0, 1);
  });
});
