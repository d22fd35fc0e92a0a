import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { formatIpv4, parseIpv4 } from "../../protocol/ipv4.ts";
import { writeRecord } from "../../server/lease/format/lease-file.ts";
import { freePorts } from "../ports.testing.ts";
import { EtcdCluster, etcdMissingReason } from "./etcd-cluster.testing.ts";
import { leaseOf, newFolder, newPrefix } from "./etcd-node.testing.ts";
import { type PlanePlan, PlaneThread, sharedMemory, TestRelay } from "./pair-plane.testing.ts";

const port = await freePorts();
const relayAddress = parseIpv4("127.77.1.1")!;
const firstAddress = parseIpv4("127.77.64.1")!;
const serverOf = { a: "127.77.0.1", b: "127.77.0.2" } as const;

interface Setting extends Partial<PlanePlan["pair"]> {
  readonly range?: string;
}

const rest = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describeUnless(etcdMissingReason(), "the data planes of a pair", () => {
  let cluster: EtcdCluster;
  let pair: string;
  let folder: string;
  let remove: () => void;
  let relay: TestRelay;
  let planes: PlaneThread[];

  beforeAll(async () => {
    cluster = await EtcdCluster.start({ members: 1 });
    relay = await TestRelay.open(relayAddress, port);
  });
  afterAll(async () => {
    relay.close();
    await cluster.stop();
  });
  beforeEach(() => {
    pair = newPrefix();
    planes = [];
    ({ folder, remove } = newFolder());
  });
  afterEach(async () => {
    for (const plane of planes) await plane.stop();
    remove();
  });

  let boots = 0;

  function launch(
    node: "a" | "b",
    { range = "127.77.64.1 127.77.191.254", ...pairOf }: Setting = {},
  ): PlaneThread {
    const configFile = join(folder, `${node}.conf`);
    const leaseFile = join(folder, `${node}.leases`);
    writeFileSync(
      configFile,
      `local-address ${serverOf[node]}; local-port ${port}; authoritative; ping-check off;
       default-lease-time 600; dhcp-cache-threshold 25;
       subnet 127.77.0.0 netmask 255.255.0.0 { range ${range}; }`,
    );
    writeFileSync(leaseFile, "", { flag: "a" });
    boots += 1;
    const plane = new PlaneThread({
      ...{ service: "dhcp", configFile, leaseFile, interfaceNames: [] },
      pair: {
        ...{ ...sharedMemory(), node, bootId: `boot-${boots}`, commitMsMax: 1000, deadMs: 4000 },
        etcd: { endpoints: cluster.endpoints, prefix: pair },
        ...pairOf,
      },
    });
    planes.push(plane);
    return plane;
  }

  /** A node that has seen everything of the pair. */
  async function start(...args: Parameters<typeof launch>): Promise<PlaneThread> {
    const plane = launch(...args);
    await plane.until(() => plane.pairState.isInSync);
    return plane;
  }

  /** Asks this server for the leases of 50 devices, and on until it is over; the types of its answers. */
  async function answersOf(server: string, isOver: () => boolean): Promise<number[]> {
    const asked = new Set<number>();
    for (let count = 0; count < 50 || !isOver(); count += 1) {
      const device = count % 50;
      asked.add(relay.reboot(server, device, firstAddress + device));
      asked.add(relay.send(server, 100 + device, MessageType.discover));
      await rest(2);
    }
    await rest(100);
    return relay.answers.filter(({ xid }) => asked.has(xid)).map(({ type }) => type);
  }

  /** A node without a mandate answers nothing. */
  async function expectSilence(server: string): Promise<void> {
    expect(await answersOf(server, () => true)).toEqual([]);
  }

  /** What a device is offered that asks again and again; undefined when it is nothing. */
  async function offered(
    server: string,
    device: number,
    msMax: number,
  ): Promise<string | undefined> {
    const endMs = performance.now() + msMax;
    while (performance.now() < endMs) {
      const answer = await relay.answerTo(relay.send(server, device, MessageType.discover), 100);
      if (answer !== undefined) return answer.address;
    }
    return undefined;
  }

  test("HA-2, HA-27 control of DHCP processes: a standby drops, a mandate makes it answer, and after another's claim there is not one ACK", async () => {
    const a = await start("a");
    const b = await start("b");
    expect(a.messages).toContainEqual({ kind: "serving", port, durability: "replicated" });
    await expectSilence(serverOf.a);

    const first = await a.claim();
    await a.answer(first);
    const bound = new Map<number, string>();
    for (let device = 0; device < 20; device += 1) {
      bound.set(device, await relay.bind(serverOf.a, device, firstAddress + device));
    }
    expect(bound.get(7)).toBe(formatIpv4(firstAddress + 7));
    await expectSilence(serverOf.b);

    // a goes on believing that it has its mandate until etcd tells it. An OFFER or a NAK of that time is allowed:
    // it binds no address, and its device asks once more. An ACK must never be.
    let isFenced = false;
    void a.ended.then(() => {
      isFenced = true;
    });
    const second = await b.claim();
    expect(await answersOf(serverOf.a, () => isFenced)).not.toContain(MessageType.ack);
    expect(a.messages.at(-1)).toEqual({ kind: "over", reason: "fenced" });
    expect(a.pairState).toMatchObject({ answeringEpoch: 0, isInSync: false });

    await b.answer(second);
    for (const [device, address] of bound) {
      expect(await relay.bind(serverOf.b, device, firstAddress + device)).toBe(address);
    }
  });

  test("TIME-8: leases end by the time that the pair keeps, not by the clock of the node that takes over", async () => {
    const hourMs = 3_600_000;
    const oneAddress = { range: "127.77.64.1 127.77.64.1" };
    const a = await start("a", oneAddress);
    // Both are told that the pair's time is an hour behind the clock of this machine: leases of ten
    // minutes have long ended by that clock.
    a.pairState.leaseBaseMs -= hourMs;
    await a.answer(await a.claim());
    expect(await relay.bind(serverOf.a, 1, firstAddress)).toBe(formatIpv4(firstAddress));
    const b = await start("b", oneAddress);
    b.pairState.leaseBaseMs -= hourMs;
    await b.answer(await b.claim());
    expect(await relay.bind(serverOf.b, 1, firstAddress)).toBe(formatIpv4(firstAddress));
    // Leases are looked through once a second.
    expect(await offered(serverOf.b, 2, 1500)).toBeUndefined();
    // By the clock of the machine the same address is free.
    b.pairState.leaseBaseMs += hourMs;
    expect(await offered(serverOf.b, 2, 40_000)).toBe(formatIpv4(firstAddress));
  });

  test("a mandate that is taken back and given again goes on with the same table", async () => {
    const a = await start("a");
    const first = await a.claim();
    await a.answer(first);
    await relay.bind(serverOf.a, 1, firstAddress);
    a.pairState.mandate = undefined;
    await a.until(() => a.pairState.answeringEpoch === 0);
    await a.leadership.release(first, false);
    await expectSilence(serverOf.a);
    await a.answer(await a.claim());
    expect(await relay.bind(serverOf.a, 1, firstAddress)).toBe(formatIpv4(firstAddress));
    await relay.refused(serverOf.a, 2, firstAddress);
    expect(a.messages.filter(({ kind }) => kind === "over")).toEqual([]);
  });

  test("without etcd there is no ACK and one line in the log, and with it service by itself", async () => {
    const a = await start("a");
    await a.answer(await a.claim());
    await relay.bind(serverOf.a, 1, firstAddress);
    cluster.signal(0, "SIGKILL");
    const asked = [1, 2, 3].map((device) =>
      relay.reboot(serverOf.a, device, firstAddress + device),
    );
    await a.until(() => a.log.some((line) => line.startsWith("No lease is acknowledged")));
    for (const xid of asked) expect(await relay.answerTo(xid, 50)).toBeUndefined();
    cluster.startMember(0);
    await cluster.healthy();
    expect(await relay.bind(serverOf.a, 1, firstAddress)).toBe(formatIpv4(firstAddress));
    // The trouble counts as over at a commit when nothing has failed for a second.
    await rest(1100);
    await relay.bind(serverOf.a, 1, firstAddress);
    await a.until(() => a.log.some((line) => line.includes("service goes on")));
    expect(a.log.filter((line) => line.startsWith("No lease is acknowledged"))).toHaveLength(1);
  });

  test("etcd that lost its leases gets them from the lease file of the node that is told so", async () => {
    const leases = 10_000;
    const nowSeconds = Math.floor(Date.now() / 1000);
    const texts = Array.from({ length: leases }, (_, device) => {
      // The devices of the relay say no client identifier.
      const { clientId: _unsaid, ...lease } = leaseOf(device, nowSeconds);
      return writeRecord({ ...lease, address: firstAddress + device });
    });
    writeFileSync(join(folder, "a.leases"), texts.join(""));
    const refusing = launch("a");
    await refusing.until(() => refusing.log.some((line) => line.includes("--recover")));
    expect(refusing.pairState.isInSync).toBe(false);
    await refusing.stop();
    planes = [];
    const recovering = await start("a", { recovers: true });
    await recovering.answer(await recovering.claim());
    expect(recovering.log.join()).toContain(
      `${leases} leases of the lease file were put into etcd`,
    );
    const b = await start("b");
    await b.answer(await b.claim());
    expect(await relay.bind(serverOf.b, 3, firstAddress + 3)).toBe(formatIpv4(firstAddress + 3));
    await relay.refused(serverOf.b, 9, firstAddress + leases - 1);
  });
});
