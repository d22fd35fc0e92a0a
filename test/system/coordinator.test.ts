import { afterEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../../base/clock.ts";
import { isFreeUdpPort } from "../../base/net/free-ports.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import type { DhcpPacket } from "../../protocol/dhcp/packet.ts";
import { formatMac } from "../../protocol/mac.ts";
import { Population, type PopulationPlan } from "../../scenarios/population/population.ts";
import { type PhasePlan, type RunPlan, runDefaults } from "../../simulator/plan/run-plan.ts";
import {
  type Responder,
  type ResponderFaults,
  startResponder,
} from "../../simulator/responder.testing.ts";
import {
  runSegment,
  runSimulation,
  SimulationError,
  type SimulationProgress,
} from "../../simulator/run/edge/coordinator.ts";
import { LoneSegment } from "../../simulator/run/lone-segment.ts";
import type { Rendezvous } from "../../simulator/run/rendezvous.ts";
import { RunPace } from "../../simulator/run/run-pace.ts";

const population: PopulationPlan = {
  cableModems: 240,
  mtas: 60,
  cpes: 60,
  smartMeters: 40,
  cmtsCount: 4,
};
const DEVICES = 400;

let responder: Responder | undefined;

afterEach(async () => {
  vi.unstubAllEnvs();
  await responder?.stop();
  responder = undefined;
});

async function planFor(
  phases: readonly Partial<PhasePlan>[],
  options: {
    readonly workers?: number;
    readonly faults?: ResponderFaults;
    /** Until a device repeats its message; so long that a busy machine is not asked twice, unless told. */
    readonly retryMs?: number;
  } = {},
): Promise<RunPlan> {
  const retryMs = options.retryMs ?? 10_000;
  responder = await startResponder(population, options.faults);
  return {
    population,
    seed: 7,
    workers: options.workers ?? 2,
    servers: [{ address: responder.address, port: responder.port }],
    ports: { relay: responder.port, client: responder.port + 1 },
    clients: {
      retransmit: {
        ...runDefaults.clients.retransmit,
        ...{ firstDelayMs: retryMs, maxDelayMs: 2 * retryMs, jitterMs: retryMs / 3 },
      },
      ownTimers: true,
    },
    // The machine that runs the tests is busy with other tests; the limits have tests of their own.
    network: { lossPercent: 0 },
    generator: {
      slipMsP99Max: 60_000,
      socketDropsMax: 0,
      cpuPercentMax: 1000,
      starvedPercentMax: 100,
    },
    phases: phases.map((phase, index) => ({
      name: `phase-${index}`,
      streams: [],
      until: "all-bound",
      timeLimitMs: 60_000,
      drainMs: 2000,
      powerCycle: false,
      ...phase,
    })),
  };
}

const connect: Partial<PhasePlan> = {
  name: "connect",
  streams: [{ kind: "rate", exchange: "discover", ratePerSecond: 2000 }],
};
const closedLoop = [{ kind: "outstanding", exchange: "discover", outstanding: 4 }] as const;
const quiet = (): void => {};

describe("a run over real sockets and threads", () => {
  test("keeps a closed loop on two workers: exact counts, no slip, latency is service time", async () => {
    const streams = [{ kind: "outstanding", exchange: "discover", outstanding: 33 }] as const;
    const outcome = await runSimulation(await planFor([{ streams }]), quiet);
    const [phase] = outcome.phases;
    expect(phase).toMatchObject({ endedBy: "all-bound" });
    const [stream] = phase!.streams;
    expect(stream).toMatchObject({ outstanding: 33, ratePerSecond: undefined });
    expect(stream!.counters).toMatchObject({
      offered: DEVICES,
      sent: DEVICES,
      completed: DEVICES,
      timeouts: 0,
      notEligible: 0,
    });
    expect(stream!.slip.count).toBe(0);
    expect(stream!.latency.toBase64()).toBe(stream!.service.toBase64());
    expect(outcome.safety.acknowledged).toBe(DEVICES);
  });

  test("refuses a closed loop of fewer transactions than workers", async () => {
    const streams = [{ kind: "outstanding", exchange: "discover", outstanding: 1 }] as const;
    const plan = await planFor([{ streams }]);
    await expect(runSimulation(plan, quiet)).rejects.toThrow(/too few for 2 workers/);
  });

  for (const [workers, backend] of [
    [1, "auto"],
    [3, "auto"],
    [1, "dgram"],
  ] as const) {
    test(`binds all, then discovers and renews at once: ${workers} worker(s), ${backend}`, async () => {
      vi.stubEnv("PROVLAB_SOCKET", backend);
      const plan = await planFor(
        [
          connect,
          {
            name: "mixed",
            powerCycle: true,
            until: { durationMs: 600 },
            streams: [
              { kind: "rate", exchange: "discover", ratePerSecond: 100 },
              { kind: "rate", exchange: "renew", ratePerSecond: 500 },
            ],
          },
        ],
        { workers },
      );
      const outcome = await runSimulation(plan, quiet);

      expect(outcome).toMatchObject({ devices: DEVICES, aborted: false, decodeErrors: 0 });
      if (backend === "dgram") expect(outcome.backend).toBe("dgram");
      // Where only the portable socket is there, everything runs on one worker.
      expect(outcome.workers).toBe(outcome.backend === "dgram" ? 1 : workers);
      const [first, mixed] = outcome.phases;
      expect(first).toMatchObject({ name: "connect", endedBy: "all-bound" });
      expect(first!.streams[0].counters).toMatchObject({
        offered: DEVICES,
        sent: DEVICES,
        completed: DEVICES,
        timeouts: 0,
        naks: 0,
        notEligible: 0,
      });
      expect(first!.timeToBound.all!.count).toBe(DEVICES);
      expect(first!.timeToBound["cable-modem"]!.count).toBe(population.cableModems);

      expect(mixed).toMatchObject({ name: "mixed", endedBy: "duration", durationMs: 600 });
      const [discover, renew] = mixed!.streams;
      expect(discover).toMatchObject({ exchange: "discover", ratePerSecond: 100 });
      expect(discover!.counters).toMatchObject({ offered: 60, sent: 60, completed: 60 });
      expect(renew!.counters).toMatchObject({ offered: 300, timeouts: 0, naks: 0 });
      expect(renew!.counters.completed + renew!.counters.notEligible).toBe(300);
      for (const stream of [first!.streams[0], discover!, renew!]) {
        const { counters, latency, service, slip } = stream;
        expect(latency.count).toBe(counters.completed);
        expect(service.count).toBe(counters.completed);
        expect(slip.count).toBe(counters.sent);
        // Each arrival is sent after its intended time, so latency is never below service time.
        expect(latency.minMs()).toBeGreaterThan(0);
        expect(latency.meanMs()).toBeGreaterThanOrEqual(service.meanMs());
        expect(stream.achievedPerSecond).toBeGreaterThan(0);
      }

      expect(outcome.safety.acknowledged).toBe(
        DEVICES + discover!.counters.completed + renew!.counters.completed,
      );
      expect(Object.values(outcome.safety.counters).every((count) => count === 0)).toBe(true);
      expect(outcome.leases.count).toBe(DEVICES);
      expect(new Set(outcome.leases.address).size).toBe(DEVICES);
      const nowSeconds = Date.now() / 1000;
      for (const seconds of outcome.leases.expiresAtSeconds) {
        expect(seconds).toBeGreaterThan(nowSeconds + 3500);
        expect(seconds).toBeLessThan(nowSeconds + 3601);
      }
      expect(outcome.health).toMatchObject({ problems: [], socketDrops: 0 });
      expect(outcome.health.workers).toHaveLength(outcome.workers);
    });
  }

  test("the same seed takes the same devices on 1 worker and on 3", async () => {
    const devicesOn = async (workers: number): Promise<string[]> => {
      const taken: string[] = [];
      const note = (packet: DhcpPacket, type: number): false => {
        if (type === MessageType.discover) taken.push(formatMac(packet.chaddr));
        return false;
      };
      const until = { durationMs: 300 };
      const rate = { kind: "rate", exchange: "discover", ratePerSecond: 100 } as const;
      const plan = await planFor([{ until, streams: [rate] }], {
        workers,
        faults: { ignore: note },
      });
      const outcome = await runSimulation(plan, quiet);
      expect(outcome.phases[0].streams[0].counters.completed).toBe(30);
      await responder!.stop();
      return [...new Set(taken)].sort();
    };
    const onOne = await devicesOn(1);
    expect(onOne).toHaveLength(30);
    expect(await devicesOn(3)).toEqual(onOne);
  });

  test("power comes back: devices forget, start within the desync, and are bound again", async () => {
    const plan = await planFor([
      connect,
      {
        name: "restore",
        powerCycle: true,
        streams: [{ kind: "all-within", exchange: "discover", allWithinMs: 500 }],
      },
    ]);
    const outcome = await runSimulation(plan, quiet);
    const restore = outcome.phases[1];
    expect(restore.endedBy).toBe("all-bound");
    expect(restore.streams[0].counters).toMatchObject({ offered: DEVICES, completed: DEVICES });
    expect(restore.streams[0].ratePerSecond).toBeUndefined();
    expect(restore.timeToBound.all!.count).toBe(DEVICES);
    // Both count from the moment at which the device itself comes back.
    const beyondLatencyMs = restore.timeToBound.all!.meanMs() - restore.streams[0].latency.meanMs();
    expect(Math.abs(beyondLatencyMs)).toBeLessThan(100);
    expect(outcome.timeToBound.all!.count).toBe(2 * DEVICES);
    expect(outcome.safety.counters.doubleAllocations).toBe(0);
  });

  test("counts retransmissions, and unanswered transactions as timeouts when the drain ends", async () => {
    const plan = await planFor(
      [connect, { name: "renew", drainMs: 200, until: { durationMs: 500 }, streams: [renewals] }],
      { retryMs: 150, faults: { ignore: (packet) => packet.giaddr === 0 } },
    );
    const outcome = await runSimulation(plan, quiet);
    const { counters } = outcome.phases[1].streams[0];
    expect(counters).toMatchObject({ offered: 100, completed: 0, timeouts: counters.sent });
    expect(counters.retransmissions).toBeGreaterThan(0);
    // Devices go on after the phase, until the run stops.
    expect(responder!.seen.get(MessageType.request)).toBeGreaterThanOrEqual(
      DEVICES + counters.sent + counters.retransmissions,
    );
  });

  test("renewals without a bound device are not eligible", async () => {
    const plan = await planFor([{ until: { durationMs: 300 }, streams: [renewals] }]);
    const outcome = await runSimulation(plan, quiet);
    expect(outcome.phases[0].streams[0].counters).toMatchObject({
      offered: 60,
      sent: 0,
      notEligible: 60,
    });
    expect(responder!.seen.size).toBe(0);
  });

  test("a phase that nobody answers ends at its time limit", async () => {
    const plan = await planFor([{ ...connect, timeLimitMs: 300, drainMs: 100 }], {
      faults: { ignore: () => true },
    });
    const outcome = await runSimulation(plan, quiet);
    expect(outcome.phases[0].endedBy).toBe("time-limit");
    expect(outcome.phases[0].streams[0].counters).toMatchObject({ completed: 0, timeouts: 400 });
  });

  test("sees two devices with one address, whichever workers they are on", async () => {
    const plan = await planFor([connect], { workers: 2, faults: { oneAddress: true } });
    const outcome = await runSimulation(plan, quiet);
    // All devices of each of the four CMTSs have one address.
    expect(outcome.safety.counters.doubleAllocations).toBe(DEVICES - 4);
  });

  test("a segment leaves the group of its port when nobody waits for an answer any more", async () => {
    const plan: RunPlan = {
      ...(await planFor([connect], { workers: 1 })),
      segment: { index: 0, count: 1, placement: "one-machine" },
    };
    const nowMs = (): number => systemClock.monotonicMs();
    const lone: Rendezvous = new LoneSegment(plan, new Population(population), undefined, nowMs);
    let othersAreDone: () => void = quiet;
    const asked = new Promise<void>((isAsked) => {
      lone.mayClose = () => {
        isAsked();
        return new Promise<void>((resolve) => {
          othersAreDone = resolve;
        });
      };
    });
    const run = runSegment(plan, quiet, new AbortController().signal, lone);
    await Promise.race([asked, run]);
    expect(await isFreeUdpPort(plan.ports.client)).toBe(false);
    othersAreDone();
    const { outcome } = await run;
    expect(outcome.phases[0].streams[0].counters.completed).toBe(DEVICES);
    expect(await isFreeUdpPort(plan.ports.client)).toBe(true);
  });

  test("rows of the time series add up to the phases, and progress follows them", async () => {
    const rate = { kind: "rate", exchange: "discover", ratePerSecond: 160 } as const;
    const plan = await planFor([{ ...connect, streams: [rate] }]);
    const progress: SimulationProgress[] = [];
    const outcome = await runSimulation(plan, (news) => progress.push(news));
    const rows = outcome.timeSeries;
    expect(rows.map((row) => row.second)).toEqual(rows.map((_, index) => index));
    expect(rows.length).toBeGreaterThanOrEqual(3);
    expect(rows.reduce((sum, row) => sum + (row.exchanges.discover?.completed ?? 0), 0)).toBe(
      DEVICES,
    );
    expect(rows[0].exchanges.discover!.offered).toBeGreaterThan(0);
    expect(rows[0].exchanges.discover!.offered).toBeLessThan(DEVICES);
    expect(rows.at(-1)!.bound).toBe(DEVICES);
    expect(rows.at(-1)!.states).toMatchObject({ bound: DEVICES, init: 0 });
    expect(progress.length).toBeGreaterThanOrEqual(2);
    expect(progress[0]).toMatchObject({ phase: "connect", phaseCount: 1, devices: DEVICES });
  });

  test("a run that is paused and then hurried on hands out every arrival, and tells of it", async () => {
    const streams = [{ kind: "rate", exchange: "discover", ratePerSecond: 100 }] as const;
    const plan = await planFor([{ streams, until: { durationMs: 3000 } }]);
    const pace = new RunPace();
    let isPaused = false;
    let isHurried = false;
    const outcome = await runSimulation(
      plan,
      ({ row: { second, exchanges } }) => {
        const now = systemClock.monotonicMs();
        if (second === 0) {
          pace.set(0, now);
          isPaused = true;
        } else if (isPaused && !isHurried && (exchanges.discover?.sent ?? 0) === 0) {
          // A whole second without an arrival: the pause has reached both workers.
          pace.set(2, now);
          isHurried = true;
        }
      },
      undefined,
      undefined,
      pace,
    );
    expect(outcome.phases[0].streams[0].counters).toMatchObject({ offered: 300, sent: 300 });
    expect(outcome.phases[0]).toMatchObject({ endedBy: "duration" });
    expect(isHurried).toBe(true);
    expect(outcome.pace!.paces).toEqual([2]);
    // A part of its three seconds at the rate, the rest at twice the rate.
    const movedMs = outcome.phases[0].durationMs - outcome.pace!.pausedMs;
    expect(movedMs).toBeGreaterThan(1950);
    expect(movedMs).toBeLessThan(3000);
  });

  test("an abort ends a run that is paused", async () => {
    const plan = await planFor([{ ...connect, streams: [...closedLoop] }]);
    const controller = new AbortController();
    const pace = new RunPace();
    pace.set(0, systemClock.monotonicMs());
    const outcome = await runSimulation(
      plan,
      () => controller.abort(),
      controller.signal,
      undefined,
      pace,
    );
    expect(outcome.aborted).toBe(true);
    expect(outcome.safety.acknowledged).toBe(0);
  });

  test("an abort ends the run early with what there is", async () => {
    const controller = new AbortController();
    const plan = await planFor([
      { name: "long", until: { durationMs: 20_000 }, streams: [renewals] },
      connect,
    ]);
    const outcome = await runSimulation(plan, () => controller.abort(), controller.signal);
    expect(outcome.aborted).toBe(true);
    expect(outcome.phases).toHaveLength(1);
    expect(outcome.phases[0].endedBy).toBe("aborted");
  });

  test("a worker that cannot start is an error that names it", async () => {
    const plan = await planFor([connect], { workers: 1 });
    const badPlan: RunPlan = { ...plan, servers: [] };
    await expect(runSimulation(badPlan, quiet)).rejects.toThrow(SimulationError);
    await expect(runSimulation(badPlan, quiet)).rejects.toThrow(/worker 0 of 1 failed: .*servers/);
  });
});

const renewals = { kind: "rate", exchange: "renew", ratePerSecond: 200 } as const;
