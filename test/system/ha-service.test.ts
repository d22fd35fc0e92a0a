import { createHmac } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Clock, systemClock } from "../../base/clock.ts";
import { libcMissingReason } from "../../base/net/kernel/libc.ts";
import { openUdpSocket } from "../../base/net/udp-socket.ts";
import type { OrderLine } from "../../server/ha/control-messages.ts";
import { runCleanUp, runFailBack } from "../../server/ha/edge/fail-back-run.ts";
import {
  type DataPlane,
  type HaService,
  type HaServiceOptions,
  newBootId,
  startHaService,
} from "../../server/ha/edge/ha-service.ts";
import { HeartbeatLinks } from "../../server/ha/edge/heartbeat-links.ts";
import { haProfiles } from "../../server/ha/heartbeat-times.ts";
import { LeaseTime } from "../../server/ha/lease-time.ts";
import { pairComplaints } from "../../server/ha/pair-complaints.ts";
import { pairStatusText } from "../../server/ha/status-text.ts";
import { DataPlanePulse } from "../../server/ha/watchdog.ts";
import { LeaderRegister, leadershipOn } from "../../server/mandate/leader-register.testing.ts";
import { StartError } from "../../server/process/start-error.ts";

const times = haProfiles.fast;
const addresses = [0x7f00_0015, 0x7f00_0016] as const;
const names = ["prov01", "prov02"] as const;

/** A loaded machine takes its time; what is waited for comes all the same. */
const patient = { timeout: 60_000, interval: 10 };

class FakeDataPlane implements DataPlane {
  readonly pulse = new DataPlanePulse();
  isAnswering = false;
  isSuspect = false;
  areManyUndecidable = false;
  leaseBaseMs = 0;
  isStalled = false;
  readonly epochs: number[] = [];
  readonly #timer = setInterval(() => {
    if (!this.isStalled) this.pulse.turned();
  }, 10);

  startAnswering(epoch: number): void {
    this.isAnswering = true;
    this.epochs.push(epoch);
  }

  stopAnswering(): void {
    this.isAnswering = false;
  }

  turn(): void {}

  close(): void {
    clearInterval(this.#timer);
  }
}

async function freePort(): Promise<number> {
  const socket = await openUdpSocket({ address: addresses[0], port: 0 });
  socket.close();
  return socket.localPort;
}

/** What the machines of the two nodes are like. */
interface Machines {
  readonly diskWorks?: (side: 0 | 1) => boolean;
  readonly filesInStep?: (side: 0 | 1) => boolean;
  readonly clocks?: readonly [Clock, Clock];
}

interface Pair {
  readonly services: readonly [HaService, HaService];
  readonly planes: readonly [FakeDataPlane, FakeDataPlane];
  readonly register: LeaderRegister;
  readonly logs: string[];
  /** What either node has to say of the store. */
  readonly storeTroubles: [string, string];
}

async function startPair(
  backend: "batch" | "dgram",
  keys: readonly [string, string] = ["prov", "prov"],
  { diskWorks, filesInStep, clocks }: Machines = {},
): Promise<Pair> {
  const register = new LeaderRegister(Number.POSITIVE_INFINITY);
  const planes = [new FakeDataPlane(), new FakeDataPlane()] as const;
  const ports = [await freePort(), await freePort()];
  const logs: string[] = [];
  const storeTroubles: [string, string] = ["", ""];
  const start = (side: 0 | 1): Promise<HaService> => {
    const self = { node: names[side], bootId: newBootId() };
    const log = (message: string): void => void logs.push(`${names[side]}: ${message}`);
    const options: HaServiceOptions = {
      ...self,
      peerName: names[1 - side],
      isFirst: side === 0,
      times,
      links: ports.map((port) => ({
        address: addresses[side],
        peerAddress: addresses[1 - side],
        port,
      })),
      sign: (bytes) => createHmac("sha256", keys[side]).update(bytes).digest(),
      commitMsMax: 1000,
      leadership: leadershipOn(register, self),
      storeTrouble: () => storeTroubles[side],
      dataPlane: planes[side],
      ...(diskWorks === undefined ? {} : { diskWorks: () => diskWorks(side) }),
      ...(filesInStep === undefined ? {} : { filesInStep: () => filesInStep(side) }),
      ...(clocks === undefined ? {} : { clock: clocks[side] }),
      logger: { error: log, warn: log, info: log, debug: log },
      backend,
    };
    return startHaService(options);
  };
  const services = [await start(0), await start(1)] as const;
  onTestFinished(async () => {
    await Promise.all(services.map((service) => service.stop()));
    for (const plane of planes) plane.close();
  });
  return { services, planes, register, logs, storeTroubles };
}

const rolesOf = ({ services }: Pair) => services.map((service) => service.status().nodes[0].role);

function untilRoles(pair: Pair, roles: readonly string[]): Promise<void> {
  return expect.poll(() => rolesOf(pair), patient).toEqual(roles);
}

const backends =
  libcMissingReason() === undefined ? (["batch", "dgram"] as const) : ["dgram" as const];

describe.each(backends)("two nodes on real sockets (%s)", (backend) => {
  test("one serves; HA-11: its data plane stands still, and the other one serves", async () => {
    const pair = await startPair(backend);
    await untilRoles(pair, ["active", "standby"]);
    await expect
      .poll(() => pair.services[0].status().links.map(({ roundTripMs }) => roundTripMs), patient)
      .toEqual([expect.any(Number), expect.any(Number)]);
    expect(pair.services[0].status().links.map(({ state }) => state)).toEqual(["up", "up"]);
    expect(pair.planes[0].epochs[0]).toBe(1);
    expect(pair.planes[1].epochs).toEqual([]);

    pair.planes[0].isStalled = true;
    await untilRoles(pair, ["failed", "active"]);
    expect(pair.planes.map(({ isAnswering }) => isAnswering)).toEqual([false, true]);
    expect(pair.register.record.failureInProgress).toBe(true);
    expect(pair.services[1].status().nodes[1]).toMatchObject({ role: "failed" });
    await expect.poll(() => pair.services[1].takeOvers().count, patient).toBe(1);
    // It was told by a heartbeat, so there was no silence worth the name.
    const { silentMs, claimMs } = pair.services[1].takeOvers();
    expect(silentMs).toBeLessThan(times.deadMs);
    expect(claimMs).toBeGreaterThanOrEqual(0);

    // OPS-13, and back by hand.
    pair.planes[0].isStalled = false;
    expect(await runCleanUp(pair.services[1])).toMatchObject({ kind: "refused" });
    expect(await runCleanUp(pair.services[0])).toEqual({ kind: "done" });
    await untilRoles(pair, ["standby", "active"]);
    await expect.poll(() => pair.services[1].status().nodes[1].isAble, patient).toBe(true);
    pair.services[1].order("hand-over");
    await expect
      .poll(() => pair.logs, patient)
      .toContainEqual(expect.stringMatching(/hand-over refused.*HA-13/));
    expect(rolesOf(pair)).toEqual(["standby", "active"]);
    expect(await pair.services[0].lowerFailureFlag()).toBe(false);

    // HA-14, HA-16: one run.
    const told: OrderLine[] = [];
    const elsewhere = await runFailBack(pair.services[0], (line) => told.push(line));
    expect(elsewhere.kind).toBe("refused");
    expect(told).toEqual([]);
    const outcome = await runFailBack(pair.services[1], (line) => told.push(line));
    expect(outcome).toEqual({
      kind: "done",
      gapMs: expect.any(Number),
      byHand: expect.any(String),
    });
    expect(told).toMatchObject(
      ["(1)", "(2)", "(3)", "(4)", "(5)"].map((step) => ({ requirement: `HA-16 ${step}` })),
    );
    await untilRoles(pair, ["active", "standby"]);

    // And the other way round: to the node that would leave a vacant leadership to the first one.
    await expect.poll(() => pair.services[0].status().nodes[1].isAble, patient).toBe(true);
    expect(await runFailBack(pair.services[0], () => undefined)).toMatchObject({ kind: "done" });
    await untilRoles(pair, ["standby", "active"]);
  });

  test("HA-34: a disk that is watched and fails moves the service, and is named", async () => {
    let failing: 0 | 1 | undefined;
    const pair = await startPair(backend, undefined, { diskWorks: (side) => side !== failing });
    await untilRoles(pair, ["active", "standby"]);
    failing = 1;
    await expect
      .poll(() => pair.services[0].status().nodes[1], patient)
      .toMatchObject({ role: "standby", isAble: false, troubles: ["the disk fails (HA-34)"] });
    failing = 0;
    await untilRoles(pair, ["failed", "active"]);
    expect(pair.services[0].status().nodes[0].troubles).toEqual([
      "failed: disk-failed",
      "the disk fails (HA-34)",
    ]);
  });

  test("TFTP-2: a standby node without all files is able, but is not given the service by an order", async () => {
    let isInStep = false;
    const pair = await startPair(backend, undefined, { filesInStep: () => isInStep });
    await untilRoles(pair, ["active", "standby"]);
    const [first] = pair.services;
    await expect
      .poll(() => first.status().nodes, patient)
      .toMatchObject([{ filesInStep: true }, { filesInStep: false, isAble: true }]);
    expect(await runFailBack(first, () => undefined)).toMatchObject({
      kind: "refused",
      reasons: [expect.stringContaining("has not all files of this node yet")],
    });
    isInStep = true;
    await expect.poll(() => first.status().nodes[1].filesInStep, patient).toBe(true);
    expect(await runFailBack(first, () => undefined)).toMatchObject({ kind: "done" });
  });

  test("TIME-8: a clock that is wrong is told, and leases go on by the time of who served before", async () => {
    const hourMs = 3_600_000;
    let firstAheadMs = 0;
    const { monotonicMs } = systemClock;
    const first = { monotonicMs, wallMs: () => systemClock.wallMs() + firstAheadMs };
    const second = { monotonicMs, wallMs: () => systemClock.wallMs() + hourMs };
    const pair = await startPair(backend, undefined, { clocks: [first, second] });
    const { services, planes } = pair;
    await untilRoles(pair, ["active", "standby"]);
    const trueBaseMs = LeaseTime.of(systemClock).baseMs;
    await expect
      .poll(() => Math.abs(planes[1].leaseBaseMs - trueBaseMs), patient)
      .toBeLessThan(100);
    await expect.poll(() => services[0].status().clockApartMs, patient).toBeCloseTo(hourMs, -3);
    expect(pairComplaints(services[0].status())).toContain(
      "The clock of prov02 is 3600.0 s ahead of that of prov01.",
    );
    expect(pairStatusText(services[1].status())).toMatch(
      /^Clock: {4}that of prov01 is 3600.0 s behind this node's \(TIME-8\)\nLeases: {3}end by a time that is 3600.0 s behind/m,
    );

    planes[0].isStalled = true;
    await untilRoles(pair, ["failed", "active"]);
    firstAheadMs = hourMs;
    await expect
      .poll(() => Math.abs(services[0].status().clockApartMs!), patient)
      .toBeLessThan(100);
    expect(Math.abs(planes[1].leaseBaseMs - trueBaseMs)).toBeLessThan(100);
    expect(services[1].status().leaseTimeAheadMs).toBeCloseTo(-hourMs, -3);
    await expect
      .poll(() => pair.logs, patient)
      .toContainEqual("prov01: the clocks of both nodes agree again (TIME-8)");
    expect(pair.logs.filter((line) => line.includes("let NTP set them right"))).toHaveLength(2);
  });

  test("HA-11: a store that fails for both moves nothing, one that fails here alone does", async () => {
    const pair = await startPair(backend);
    await untilRoles(pair, ["active", "standby"]);
    pair.storeTroubles[1] = "no member answers";
    await expect.poll(() => pair.services[0].status().nodes[1].isAble, patient).toBe(false);
    pair.planes[0].pulse.commitBegun();
    await expect
      .poll(() => pair.services[1].status().nodes[1].troubles, patient)
      .toEqual(["leases cannot be committed (HA-11)"]);
    expect(rolesOf(pair)).toEqual(["active", "standby"]);
    pair.storeTroubles[1] = "";
    await untilRoles(pair, ["failed", "active"]);
  });

  test("HA-11: who stood still and cannot ask the store whether it still leads gives up", async () => {
    const pair = await startPair(backend);
    await untilRoles(pair, ["active", "standby"]);
    await expect.poll(() => pair.services[0].status().nodes[1].isAble, patient).toBe(true);
    pair.planes[0].isSuspect = true;
    await untilRoles(pair, ["failed", "active"]);
    expect(pair.services[0].status().nodes[0].troubles).toContain("failed: store-failed");
  });

  test("an orderly stop hands over", async () => {
    const pair = await startPair(backend);
    await untilRoles(pair, ["active", "standby"]);
    await pair.services[0].stop();
    await untilRoles(pair, ["failed", "active"]);
    expect(pair.planes.map(({ isAnswering }) => isAnswering)).toEqual([false, true]);
    expect(pair.register.record.failureInProgress).toBe(false);
  });

  test("an orderly stop ends a fail-back that is under way, which says so", async () => {
    const pair = await startPair(backend);
    await untilRoles(pair, ["active", "standby"]);
    await expect.poll(() => pair.services[0].status().nodes[1].isAble, patient).toBe(true);
    const failBack = runFailBack(pair.services[0], () => undefined);
    await pair.services[0].stop();
    const soon = new Promise((resolve) => setTimeout(resolve, 20_000, "it goes on waiting"));
    expect(await Promise.race([failBack, soon])).toEqual({
      kind: "stuck",
      step: expect.stringMatching(/^HA-16 \(\d\): /),
      why: "this node was shut down meanwhile",
      msMax: expect.any(Number),
    });
  });

  test("HA-29: with two keys the nodes are strangers, and still only one serves", async () => {
    const pair = await startPair(backend, ["prov", "prow"]);
    await expect.poll(() => rolesOf(pair), patient).toContain("active");
    expect(pair.services.map((service) => service.status().peerLife)).toEqual(["dead", "dead"]);
    expect(pair.planes.filter(({ isAnswering }) => isAnswering).length).toBe(1);
  });
});

test("what is no heartbeat of the peer is counted by its reason", async () => {
  const sign = (key: string) => (bytes: Uint8Array) =>
    createHmac("sha256", key).update(bytes).digest();
  const port = await freePort();
  const plan = { address: addresses[0], peerAddress: addresses[1], port };
  const links = await HeartbeatLinks.open([plan], sign("prov"));
  const stranger = await openUdpSocket({ address: addresses[1], port: 0 });
  const other = await openUdpSocket({ address: 0x7f00_0017, port: 0 });
  onTestFinished(() => {
    for (const socket of [links, stranger, other]) socket.close();
  });
  for (const socket of [stranger, other]) {
    socket.slot().fill(0, 0, 200);
    for (const length of [10, 200]) socket.push(length, addresses[0], port);
    socket.flush();
  }
  const counts = { truncated: 1, format: 1, value: 0, authentication: 0, source: 2 };
  await expect
    .poll(() => {
      expect(links.receive()).toEqual([]);
      return links.refused;
    }, patient)
    .toEqual(counts);
});

test("an address that is not ours is told", async () => {
  const plan = { address: 0xc000_0201, peerAddress: 0xc000_0202, port: 0 };
  const opening = HeartbeatLinks.open([plan], (bytes) => bytes);
  await expect(opening).rejects.toThrow(StartError);
  await expect(opening).rejects.toThrow("Cannot send heartbeats from 192.0.2.1 port 0");
});
