import { describe, expect, test } from "vitest";
import { Population } from "../../scenarios/population/population.ts";
import { type BootPolicy, defaultBootPolicy } from "./boot-policy.ts";
import type { FileVerdict } from "./boot-step.ts";
import { BootWorld, PRIMARY, SECONDARY } from "./boot-world.testing.ts";

const population = new Population({
  cableModems: 2,
  mtas: 2,
  cpes: 1,
  smartMeters: 1,
  cmtsCount: 1,
});
const MODEM = 0;
const MTA = population.deviceOf(1, 0);
const CPE = population.deviceOf(2, 0);
const METER = population.deviceOf(3, 0);
const retry = { firstRetryMs: 1000, maxRetryMs: 1000, jitter: 0, triesMax: 3 };
const policy: BootPolicy = {
  ...defaultBootPolicy,
  download: { ...defaultBootPolicy.download, retry, roundsMax: 2, roundWaitMs: 5000 },
};

/** All devices on line, 1,000 ms after whatever they did last. */
function onlineWorld(options: Partial<ConstructorParameters<typeof BootWorld>[0]> = {}): BootWorld {
  const world = new BootWorld({ population, plan: { policy }, ...options });
  world.addTftp(PRIMARY);
  world.startAll();
  world.run(10_000, () => world.onlines.length === population.size);
  world.run(1000);
  expect(world.chain.countIn("online")).toBe(population.size);
  world.downloads.length = 0;
  world.steps.length = 0;
  return world;
}

describe("a device on line fetches its file once more", () => {
  test("and is on line all the time, with what hangs on it; it is no boot", () => {
    const world = onlineWorld();
    const intendedAtMs = world.nowMs - 5;
    const startedAtMs = world.nowMs;
    for (const device of [MODEM, MTA, METER]) {
      expect(world.chain.fetch(device, intendedAtMs, startedAtMs)).toBe("started");
      expect(world.chain.fetch(device, intendedAtMs, startedAtMs)).toBe("busy");
      expect(world.chain.start(device, intendedAtMs, startedAtMs)).toBe("busy");
      expect(world.chain.stateOf(device)).toBe("online");
      expect(world.chain.stepOf(device)).toBeUndefined();
    }
    expect(world.chain.countIn("online")).toBe(6);
    expect(world.chain.countAt("tftp")).toBe(0);
    world.run(1000, () => world.fetches.length === 3);
    expect(new Set(world.fetches.map(({ device }) => device))).toEqual(
      new Set([MODEM, MTA, METER]),
    );
    for (const fetched of world.fetches) {
      expect(fetched).toMatchObject({ intendedAtMs, startedAtMs });
      expect(fetched.fetchedAtMs).toBeGreaterThan(startedAtMs);
    }
    expect(world.downloads.map(({ isVerified }) => isVerified)).toEqual([true, true, true]);
    expect([world.steps, world.offlines, world.reboots]).toEqual([[], [], []]);
    expect(world.chain.nextDueMs()).toBeUndefined();
    expect(world.chain.fetch(MODEM, world.nowMs, world.nowMs)).toBe("started");
    world.run(1000);
    expect(world.fetches).toHaveLength(4);
  });

  test("but not one that has no file, or is not on line", () => {
    const world = onlineWorld();
    expect(world.chain.fetch(CPE, 0, world.nowMs)).toBe("no-file");
    world.chain.powerOff(METER, world.nowMs);
    expect(world.chain.fetch(METER, 0, world.nowMs)).toBe("not-online");
    world.chain.start(METER, world.nowMs, world.nowMs);
    expect(world.chain.fetch(METER, 0, world.nowMs)).toBe("not-online");
  });

  test("it stays on line when no server has it, after all rounds, and may try again", () => {
    const world = onlineWorld();
    world.addTftp(PRIMARY, { files: new Map() });
    const startedAtMs = world.nowMs;
    world.chain.fetch(MODEM, startedAtMs, startedAtMs);
    world.run(60_000, () => world.failedFetches.length > 0);
    // Two rounds of: the primary says no at once, the secondary says nothing to three requests.
    const round = [
      [MODEM, PRIMARY, "not-found"],
      [MODEM, SECONDARY, "no-answer"],
    ];
    expect(world.failedDownloads).toEqual([...round, ...round]);
    expect(world.failedFetches).toMatchObject([
      { device: MODEM, step: "tftp", problem: "no-answer", intendedAtMs: startedAtMs, startedAtMs },
    ]);
    expect(world.failedFetches[0].failedAtMs - startedAtMs).toBeGreaterThan(11_000);
    expect(world.chain.countIn("online")).toBe(population.size);
    expect([world.offlines, world.reboots, world.failures, world.steps]).toEqual([[], [], [], []]);
    world.addTftp(PRIMARY);
    world.chain.fetch(MODEM, world.nowMs, world.nowMs);
    world.run(1000);
    expect(world.fetches).toHaveLength(1);
  });

  test("a file that has a fault by now", () => {
    let verdict: FileVerdict = "right";
    const files = {
      expected: () => undefined,
      verdictOf: () => undefined,
      examine: () => verdict,
    };
    const world = onlineWorld({ files });
    for (verdict of ["cm-mic", "cmts-mic"] as const) {
      world.chain.fetch(MODEM, world.nowMs, world.nowMs);
      world.run(1000);
    }
    expect(world.failedFetches).toMatchObject([
      { device: MODEM, step: "check", problem: "cm-mic" },
    ]);
    // Only the CMTS sees this one, and the modem does not register again.
    expect(world.fetches).toMatchObject([{ device: MODEM }]);
    expect(world.downloads.map(({ isContentRight }) => isContentRight)).toEqual([false, false]);
    expect(world.chain.countIn("online")).toBe(population.size);
  });
});

test("seed 8: 400 devices fetch at once, 5 % lost in each direction, and stay on line", () => {
  const many = new Population({
    cableModems: 200,
    mtas: 100,
    cpes: 0,
    smartMeters: 100,
    cmtsCount: 2,
  });
  const download = { ...policy.download, retry: { ...retry, triesMax: 10 } };
  const world = new BootWorld({
    population: many,
    seed: 8,
    plan: { policy: { ...policy, download } },
    faults: { loss: 0.05, delayMsMin: 1, maxDelayMs: 8 },
  });
  world.addTftp(PRIMARY);
  world.startAll();
  world.run(60_000, () => world.chain.countIn("online") === many.size);
  const before = world.retransmissions.tftp;
  for (let device = 0; device < many.size; device += 1) {
    expect(world.chain.fetch(device, world.nowMs, world.nowMs)).toBe("started");
  }
  world.run(60_000, () => world.fetches.length === many.size);
  expect(new Set(world.fetches.map(({ device }) => device)).size).toBe(many.size);
  expect(world.retransmissions.tftp).toBeGreaterThan(before);
  expect(world.chain.countIn("online")).toBe(many.size);
  expect([world.failedFetches, world.offlines]).toEqual([[], []]);
});

describe("what ends a fetch from outside", () => {
  const cases: readonly {
    readonly name: string;
    readonly device: number;
    readonly problem: string;
    readonly act: (world: BootWorld) => void;
    readonly state: string;
  }[] = [
    {
      name: "the lease is lost",
      device: METER,
      problem: "lease-lost",
      act: (world) => world.chain.addressLost(METER, world.nowMs),
      state: "pausing",
    },
    {
      name: "its modem goes down",
      device: MTA,
      problem: "modem-lost",
      act: (world) => world.chain.powerOff(MODEM, world.nowMs),
      state: "pausing",
    },
    {
      name: "its own power goes",
      device: MODEM,
      problem: "power-off",
      act: (world) => world.chain.powerOff(MODEM, world.nowMs),
      state: "off",
    },
  ];
  for (const { name, device, problem, act, state } of cases) {
    test(`${name}: the fetch fails with ${problem}, and nothing is left of it`, () => {
      const world = onlineWorld();
      const startedAtMs = world.nowMs;
      world.chain.fetch(device, startedAtMs, startedAtMs);
      act(world);
      expect(world.failedFetches).toEqual([
        {
          device,
          step: "tftp",
          problem,
          intendedAtMs: startedAtMs,
          startedAtMs,
          failedAtMs: world.nowMs,
        },
      ]);
      expect(world.chain.stateOf(device)).toBe(state);
      if (state === "off") world.chain.start(device, world.nowMs, world.nowMs);
      else if (device === MTA) world.chain.start(MODEM, world.nowMs, world.nowMs);
      world.run(30_000, () => world.chain.stateOf(device) === "online");
      expect(world.chain.stateOf(device)).toBe("online");
      expect([world.fetches, world.failedFetches.length]).toEqual([[], 1]);
      world.chain.fetch(device, world.nowMs, world.nowMs);
      world.run(1000);
      expect(world.fetches).toMatchObject([{ device }]);
    });
  }
});
