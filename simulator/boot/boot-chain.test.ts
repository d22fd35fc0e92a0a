import { describe, expect, test } from "vitest";
import { encodeCmConfig } from "../../protocol/docsis/cm-config.ts";
import { rfc3164Timestamp } from "../../protocol/syslog/message.ts";
import { Population } from "../../scenarios/population/population.ts";
import { type BootPolicy, defaultBootPolicy } from "./boot-policy.ts";
import { type BootProblem, type BootStep, bootPrograms, type FileFault } from "./boot-step.ts";
import {
  AHEAD_MS,
  BootWorld,
  PRIMARY,
  SECONDARY,
  UNIX_MS,
  type WorldOptions,
} from "./boot-world.testing.ts";
import { FileChecks } from "./file-checks.ts";
import { expectationOf } from "./file-hash.ts";

const population = new Population({
  cableModems: 4,
  mtas: 6,
  cpes: 2,
  smartMeters: 2,
  cmtsCount: 2,
});
const MODEM = 0;
const MTA = population.deviceOf(1, 0);
const MTA_BEHIND_TOO = population.deviceOf(1, 4);
const CPE = population.deviceOf(2, 0);
const METER = population.deviceOf(3, 0);
const retry = { firstRetryMs: 1000, maxRetryMs: 1000, jitter: 0, triesMax: 3 };

function policyOf(changes: Partial<BootPolicy> = {}): BootPolicy {
  return {
    ...defaultBootPolicy,
    download: { ...defaultBootPolicy.download, retry, roundsMax: 1 },
    reboot: { firstDelayMs: 5000, maxDelayMs: 20_000, jitter: 0, bootsMax: 3 },
    ...changes,
  };
}

function worldOf(options: Partial<WorldOptions> = {}, policy: Partial<BootPolicy> = {}): BootWorld {
  const plan = { policy: policyOf(policy), ...options.plan };
  return new BootWorld({ population, ...options, plan });
}

function programSeen(world: BootWorld, device: number): BootStep[] {
  return world.steps.filter((step) => step.device === device).map(({ step }) => step);
}

describe("the way to on line", () => {
  test("every kind goes through its program, MTAs and CPEs after their modem (SYS-5, SM-1)", () => {
    const world = worldOf();
    world.addTftp(PRIMARY);
    world.startAll();
    world.run(10_000, () => world.onlines.length === population.size);
    expect(world.chain.countIn("online")).toBe(population.size);
    for (let device = 0; device < population.size; device += 1) {
      expect(programSeen(world, device)).toEqual(bootPrograms[population.kindOf(device)]);
      expect(world.chain.stateOf(device)).toBe("online");
      expect(world.chain.stepOf(device)).toBeUndefined();
    }
    expect(world.steps.filter(({ problem }) => problem !== undefined)).toEqual([]);
    const order = world.onlines.map(({ device }) => device);
    expect(order.indexOf(MTA)).toBeGreaterThan(order.indexOf(MODEM));
    expect(order.indexOf(CPE)).toBeGreaterThan(order.indexOf(MODEM));
    expect(world.onlines.every(({ boots }) => boots === 1)).toBe(true);
    // Nobody but meters reports.
    expect(world.messages).toHaveLength(2);
    expect(world.messages[0]).toMatchObject({ facility: 23, tag: "meter" });
    expect(world.messages[0].text).toContain("smart-meter.bin");
  });

  test("each step's time is kept, and together they are the time to on line", () => {
    const world = worldOf();
    world.addTftp(PRIMARY);
    world.startAll();
    world.run(10_000, () => world.onlines.length === population.size);
    for (const device of [MODEM, METER, MTA, CPE]) {
      const online = world.onlines.find((one) => one.device === device)!;
      const steps = bootPrograms[population.kindOf(device)];
      const own = world.steps.filter((ended) => ended.device === device);
      expect(own.map(({ step }) => step)).toEqual(steps);
      const sumMs = own.reduce((sum, ended) => sum + ended.endedAtMs - ended.startedAtMs, 0);
      expect(sumMs).toBeCloseTo(online.onlineAtMs - online.startedAtMs, 3);
      expect(world.stepMs(device, "dhcp")).toBe(20);
    }
    expect(world.stepMs(MTA, "modem")).toBeGreaterThan(20);
  });

  test("clocks are read: a modem's to the second, a meter's exactly", () => {
    const world = worldOf();
    world.addTftp(PRIMARY);
    for (const device of [MODEM, METER]) world.chain.start(device, 0, 0);
    world.run(5000);
    const offsetOf = (wanted: number) =>
      world.clockOffsetsMs.find(([device]) => device === wanted)!;
    expect(offsetOf(MODEM)[1]).toBe("time");
    expect(Math.abs(offsetOf(MODEM)[2] - AHEAD_MS)).toBeLessThan(1000);
    expect(offsetOf(METER)[1]).toBe("ntp");
    expect(offsetOf(METER)[2]).toBeCloseTo(AHEAD_MS, 1);
  });

  test("a meter reports by its clock, which a power cut stops", () => {
    const world = worldOf({}, { ntpOptional: true });
    world.addTftp(PRIMARY);
    world.chain.start(METER, 0, 0);
    world.run(5000, () => world.messages.length === 1);
    expect(world.messages[0].timestamp).toBe(rfc3164Timestamp(UNIX_MS + AHEAD_MS));
    world.chain.powerOff(METER, world.nowMs);
    world.clocks = [];
    world.run(100);
    world.chain.start(METER, world.nowMs, world.nowMs);
    world.run(100_000, () => world.messages.length === 2);
    expect(world.messages[1].timestamp).toBe(rfc3164Timestamp(UNIX_MS + world.nowMs));
  });

  test("the secondary TFTP server takes over when the primary is dead (TFTP-2)", () => {
    const world = worldOf();
    world.addTftp(SECONDARY);
    world.startAll();
    world.run(30_000, () => world.onlines.length === population.size);
    expect(world.chain.countIn("online")).toBe(population.size);
    expect(world.downloads.map(({ serverIndex }) => serverIndex)).toEqual(Array(12).fill(1));
    expect(world.downloads.some(({ device }) => device === CPE)).toBe(false);
    const attempts = world.failedDownloads.filter(([device]) => device === METER);
    expect(attempts).toEqual([[METER, PRIMARY, "no-answer"]]);
  });

  test("a modem goes on without the time, with the step marked (TIME-5)", () => {
    const world = worldOf();
    world.clocks = ["ntp"];
    world.addTftp(PRIMARY);
    world.chain.start(MODEM, 0, 0);
    world.run(20_000);
    expect(world.chain.stateOf(MODEM)).toBe("online");
    const time = world.steps.find(({ step }) => step === "time");
    expect(time?.problem).toBe("no-answer");
    expect(time?.end).toBe("passed-over");
    expect(time!.endedAtMs - time!.startedAtMs).toBeGreaterThan(6000);
    expect(world.reboots).toEqual([]);
  });

  test("a meter without the time boots again, unless the policy lets it go on", () => {
    for (const ntpOptional of [false, true]) {
      const world = worldOf({}, { ntpOptional });
      world.clocks = ["time"];
      world.addTftp(PRIMARY);
      world.chain.start(METER, 0, 0);
      world.run(200_000, () => world.onlines.length + world.failures.length > 0);
      if (ntpOptional) expect(world.chain.stateOf(METER)).toBe("online");
      else expect(world.failures).toMatchObject([{ step: "ntp", problem: "no-answer", boots: 3 }]);
    }
  });

  test("an ACK without Time, NTP or log servers", () => {
    const nothing = { timeServers: [], ntpServers: [], logServers: [] };
    const world = worldOf({ parameters: nothing }, { ntpOptional: true });
    world.addTftp(PRIMARY);
    for (const device of [MODEM, METER]) world.chain.start(device, 0, 0);
    world.run(5000);
    expect(world.chain.countIn("online")).toBe(2);
    const skipped = world.steps.filter(({ problem }) => problem === "no-server");
    expect(skipped.map(({ step }) => step).sort()).toEqual(["ntp", "syslog", "time"]);
    expect(world.messages).toEqual([]);
  });
});

describe("why a device gives up", () => {
  const cases: readonly {
    readonly name: string;
    readonly device: number;
    readonly options?: Partial<WorldOptions>;
    readonly prepare?: (world: BootWorld) => void;
    readonly step: BootStep;
    readonly problem: BootProblem;
  }[] = [
    {
      name: "DHCP has no answer",
      device: MODEM,
      prepare: (world) => {
        world.answerDhcp = () => "timeout";
      },
      step: "dhcp",
      problem: "dhcp-timeout",
    },
    {
      name: "DHCP says no",
      device: METER,
      prepare: (world) => {
        world.answerDhcp = () => "nak";
      },
      step: "dhcp",
      problem: "dhcp-nak",
    },
    {
      name: "no TFTP server is named",
      device: MODEM,
      options: { parameters: { tftpServers: [] } },
      step: "tftp",
      problem: "no-server",
    },
    {
      name: "no file is named",
      device: METER,
      options: { parameters: { filename: "" } },
      step: "tftp",
      problem: "no-file",
    },
    ...["x".repeat(129), "a\0b", "a\nb", "\x7f"].map((filename) => ({
      name: `the file is called ${JSON.stringify(filename.slice(0, 9))}`,
      device: METER,
      options: {
        parameters: { filename },
        files: {
          expected: () => undefined,
          verdictOf: () => undefined,
          examine: () => "right" as const,
        },
      },
      step: "tftp" as const,
      problem: "bad-file-name" as const,
    })),
    {
      name: "the address is nobody's",
      device: MODEM,
      options: { parameters: { address: 0x0a00_0001 } },
      step: "dhcp",
      problem: "address-outside-network",
    },
    { name: "no TFTP server answers", device: MODEM, step: "tftp", problem: "no-answer" },
    {
      name: "the file is not there",
      device: MODEM,
      prepare: (world) => {
        for (const address of [PRIMARY, SECONDARY]) world.addTftp(address, { files: new Map() });
      },
      step: "tftp",
      problem: "not-found",
    },
    {
      name: "the file is another one",
      device: METER,
      prepare: (world) => {
        const files = new Map([["smart-meter.bin", new Uint8Array(5000)]]);
        for (const address of [PRIMARY, SECONDARY]) world.addTftp(address, { files });
      },
      step: "tftp",
      problem: "wrong-hash",
    },
    ...(["cm-mic", "file-format", "cmts-mic"] as const).map((fault: FileFault) => ({
      name: `the file has a fault: ${fault}`,
      device: MODEM,
      options: {
        files: { expected: () => undefined, verdictOf: () => undefined, examine: () => fault },
      },
      prepare: (world: BootWorld) => {
        world.addTftp(PRIMARY);
      },
      step: fault === "cmts-mic" ? ("registration" as const) : ("check" as const),
      problem: fault,
    })),
  ];
  for (const { name, device, options, prepare, step, problem } of cases) {
    test(`${name}: ${step}, ${problem}, after three boots`, () => {
      const world = worldOf(options);
      prepare?.(world);
      world.chain.start(device, 0, 0);
      world.run(200_000, () => world.failures.length > 0);
      expect(world.failures).toMatchObject([{ device, step, problem, boots: 3, intendedAtMs: 0 }]);
      expect(world.reboots).toMatchObject([
        { step, problem, boots: 1 },
        { step, problem, boots: 2 },
      ]);
      // Pauses of 5 and 10 s.
      const [first, second] = world.reboots;
      expect(world.failures[0].failedAtMs - first.failedAtMs).toBeGreaterThanOrEqual(15_000);
      expect(second.failedAtMs - first.failedAtMs).toBeGreaterThanOrEqual(5000);
      expect(world.acquisitions).toBe(3);
      expect(world.chain.stateOf(device)).toBe("failed");
      world.run(100_000);
      expect(world.failures).toHaveLength(1);
      expect(world.chain.nextDueMs()).toBeUndefined();
    });
  }

  test("a device that fails once and then boots is on line after two boots", () => {
    const world = worldOf();
    world.addTftp(PRIMARY);
    world.answerDhcp = () => (world.acquisitions === 1 ? "timeout" : "bound");
    world.chain.start(MODEM, -50, 0);
    world.run(20_000);
    expect(world.onlines).toMatchObject([{ device: MODEM, boots: 2, intendedAtMs: -50 }]);
  });

  test("the contents that the check sees are the file; a meter's image is not looked at", () => {
    const seen: (readonly [number, Uint8Array])[] = [];
    const world: BootWorld = worldOf({
      files: {
        expected: (filename) => expectationOf(world.contents.get(filename)!),
        verdictOf: () => undefined,
        examine: (device, content) => {
          seen.push([device, content.slice()]);
          return "right";
        },
      },
    });
    world.addTftp(PRIMARY);
    for (const device of [MODEM, MTA, METER]) world.chain.start(device, 0, 0);
    world.run(5000);
    expect(seen).toEqual([
      [MODEM, world.contents.get("cable-modem.bin")],
      [MTA, world.contents.get("mta.bin")],
    ]);
  });
});

describe("what is known of a file", () => {
  const secret = Uint8Array.of(1, 2, 3);
  const bytes = encodeCmConfig([{ type: 3, value: Uint8Array.of(1) }], secret);

  function bootWith(
    files: readonly { name: string; bytes: Uint8Array }[],
    contentBytesMax: number,
  ) {
    const download = { ...defaultBootPolicy.download, retry, contentBytesMax };
    const checks = new FileChecks({ population, files, sharedSecret: secret });
    const world = worldOf({ files: checks }, { download });
    world.contents.set("cable-modem.bin", bytes);
    world.addTftp(PRIMARY);
    world.chain.start(MODEM, 0, 0);
    world.run(5000);
    expect(world.chain.stateOf(MODEM)).toBe("online");
    expect(world.downloads).toMatchObject([{ device: MODEM, lengthBytes: bytes.length }]);
    const [{ isVerified, isContentRight }] = world.downloads;
    return { isVerified, isContentRight };
  }

  test("one that was looked at before needs no room for its contents", () => {
    const known = bootWith([{ name: "cable-modem.bin", bytes }], 1);
    expect(known).toEqual({ isVerified: true, isContentRight: true });
  });

  test("another one is looked at, or at least counted", () => {
    const seen = { isVerified: false, isContentRight: true };
    expect(bootWith([], 1000)).toEqual(seen);
    expect(bootWith([], 1)).toEqual({ ...seen, isContentRight: false });
  });
});

describe("MTAs and CPEs hang on their modem", () => {
  test("they wait for it, start a while after it, and know when it is up already", () => {
    const world = worldOf({}, { afterModemMsMin: 1000, afterModemMsMax: 3000 });
    world.addTftp(PRIMARY);
    world.chain.start(MTA, 0, 0);
    world.run(20_000);
    expect(world.chain.stepOf(MTA)).toBe("modem");
    expect(world.acquisitions).toBe(0);
    world.chain.start(MODEM, world.nowMs, world.nowMs);
    world.run(10_000);
    const upAtMs = world.onlines[0].onlineAtMs;
    const mta = world.onlines[1];
    expect(mta.device).toBe(MTA);
    expect(mta.onlineAtMs - upAtMs).toBeGreaterThanOrEqual(1000);
    expect(mta.onlineAtMs - upAtMs).toBeLessThan(4000);
    world.chain.start(CPE, world.nowMs, world.nowMs);
    world.run(5000);
    expect(world.chain.stateOf(CPE)).toBe("online");
  });

  test("all of them give up with it, at once or when they come to it", () => {
    const world = worldOf();
    world.answerDhcp = () => "timeout";
    world.chain.start(MODEM, 0, 0);
    world.chain.start(MTA, 0, 0);
    world.chain.start(MTA_BEHIND_TOO, 0, 0);
    world.run(100_000, () => world.failures.length === 3);
    const behind = { step: "modem", problem: "modem-failed", boots: 1 };
    expect(world.failures).toMatchObject([
      { device: MODEM, problem: "dhcp-timeout" },
      { device: MTA, ...behind },
      { device: MTA_BEHIND_TOO, ...behind },
    ]);
    world.chain.start(CPE, world.nowMs, world.nowMs);
    expect(world.failures[3]).toMatchObject({ device: CPE, ...behind });
  });

  test("they go down with it and come back with it", () => {
    const world = worldOf();
    world.addTftp(PRIMARY);
    world.startAll();
    world.run(5000);
    world.chain.powerOff(MODEM, world.nowMs);
    expect(world.chain.stateOf(MODEM)).toBe("off");
    const lost = world.offlines.map(([device]) => device);
    expect(lost).toEqual([MTA, MTA_BEHIND_TOO, CPE]);
    world.run(60_000);
    expect(world.chain.countAt("modem")).toBe(3);
    const before = world.onlines.length;
    world.chain.start(MODEM, world.nowMs, world.nowMs);
    world.run(5000);
    expect(world.onlines.slice(before).map(({ device }) => device)).toEqual([
      MODEM,
      CPE,
      MTA,
      MTA_BEHIND_TOO,
    ]);
  });

  test("they wait again for a modem that has given up and was started once more", () => {
    const world = worldOf();
    world.addTftp(PRIMARY);
    world.answerDhcp = () => "timeout";
    world.chain.start(MODEM, 0, 0);
    world.run(100_000, () => world.failures.length === 1);
    world.answerDhcp = () => "bound";
    world.chain.start(MODEM, world.nowMs, world.nowMs);
    world.chain.start(MTA, world.nowMs, world.nowMs);
    world.run(2000);
    expect(world.chain.stateOf(MTA)).toBe("online");
  });

  test("a modem that goes down before they follow leaves them waiting", () => {
    const world = worldOf({}, { afterModemMsMin: 1000, afterModemMsMax: 1000 });
    world.addTftp(PRIMARY);
    world.chain.start(MTA, 0, 0);
    world.chain.start(MODEM, 0, 0);
    world.run(2000, () => world.onlines.length === 1);
    world.run(500);
    world.chain.powerOff(MODEM, world.nowMs);
    world.run(30_000);
    expect(world.chain.stepOf(MTA)).toBe("modem");
    expect([world.acquisitions, world.reboots.length]).toEqual([1, 0]);
  });

  test("a modem that goes down again and again is not their fault", () => {
    const world = worldOf();
    world.addTftp(PRIMARY);
    world.answerDhcp = (device) => (device === MODEM ? "bound" : "never");
    world.chain.start(MTA, 0, 0);
    for (let round = 0; round < 5; round += 1) {
      world.chain.start(MODEM, world.nowMs, world.nowMs);
      world.run(20_000);
      expect(world.chain.stepOf(MTA)).toBe("dhcp");
      world.chain.powerOff(MODEM, world.nowMs);
    }
    expect(world.reboots).toHaveLength(5);
    expect(world.reboots[4]).toMatchObject({ device: MTA, problem: "modem-lost", boots: 1 });
    expect(world.failures).toEqual([]);
  });

  test("a modem of another worker comes up, goes down and fails", () => {
    // Modems 0 to 3 and MTA 4 (behind modem 0) on three workers: MTA 4 is in worker 1, modem 0 in 0.
    const world = worldOf({ plan: { policy: policyOf(), shard: { index: 1, count: 3 } } });
    world.addTftp(PRIMARY);
    expect(world.chain.owns(MODEM)).toBe(false);
    expect(world.chain.owns(MTA_BEHIND_TOO)).toBe(true);
    world.chain.start(MTA_BEHIND_TOO, 0, 0);
    world.run(1000);
    world.chain.takeModemNews(MODEM, "up", world.nowMs);
    world.run(1000);
    expect(world.chain.stateOf(MTA_BEHIND_TOO)).toBe("online");
    world.chain.takeModemNews(MODEM, "down", world.nowMs);
    expect(world.offlines).toEqual([[MTA_BEHIND_TOO, "modem-lost"]]);
    world.run(10_000);
    world.chain.takeModemNews(MODEM, "failed", world.nowMs);
    expect(world.chain.stateOf(MTA_BEHIND_TOO)).toBe("failed");
    expect(() => world.chain.start(MODEM, 0, 0)).toThrow(/device 0 is not in this chain/);
  });
});

describe("what happens from outside", () => {
  test("a lost lease takes a device off line, and it boots again with a count of its own", () => {
    const world = worldOf();
    world.addTftp(PRIMARY);
    world.chain.start(METER, 0, 0);
    world.run(2000);
    world.chain.addressLost(METER, world.nowMs);
    expect(world.offlines).toEqual([[METER, "lease-lost"]]);
    world.run(20_000);
    expect(world.onlines).toMatchObject([
      { intendedAtMs: 0, boots: 1 },
      { intendedAtMs: 2000, boots: 1 },
    ]);
  });

  test("a lease lost in the middle of a boot ends that boot", () => {
    const world = worldOf();
    world.chain.start(METER, 0, 0);
    world.run(100);
    expect(world.chain.stepOf(METER)).toBe("tftp");
    world.chain.addressLost(METER, world.nowMs);
    expect(world.reboots).toMatchObject([{ step: "tftp", problem: "lease-lost" }]);
  });

  test("a power cut in any step is silent, and the next start is a new boot", () => {
    for (let cutAtMs = 1; cutAtMs < 60; cutAtMs += 3) {
      const world = worldOf({}, { ranging: { ...defaultBootPolicy.ranging, serviceMs: 5 } });
      world.addTftp(PRIMARY);
      world.chain.start(MODEM, 0, 0);
      expect(world.chain.start(MODEM, 0, 0)).toBe("busy");
      world.run(cutAtMs);
      world.chain.powerOff(MODEM, world.nowMs);
      expect(world.chain.nextDueMs()).toBeUndefined();
      const told = world.onlines.length;
      world.run(30_000);
      expect([world.onlines.length, world.failures.length]).toEqual([told, 0]);
      expect(world.chain.start(MODEM, world.nowMs, world.nowMs)).toBe("started");
      world.run(2000);
      expect(world.chain.stateOf(MODEM)).toBe("online");
      expect(world.onlines[world.onlines.length - 1].boots).toBe(1);
    }
  });

  test("the sink may answer DHCP at once, and cut the power of a device that comes on line", () => {
    const world = worldOf();
    world.addTftp(PRIMARY);
    world.isDhcpInstant = true;
    world.onOnline = (device) => world.chain.powerOff(device, world.nowMs);
    world.chain.start(MTA, 0, 0);
    world.chain.start(MODEM, 0, 0);
    world.run(5000);
    expect(world.onlines.map(({ device }) => device)).toEqual([MODEM]);
    expect(world.stepMs(MODEM, "dhcp")).toBe(0);
    expect(world.chain.stepOf(MTA)).toBe("modem");
  });

  test("datagrams to nobody, to a device that wants none, and a late ACK of DHCP", () => {
    const world = worldOf();
    world.addTftp(PRIMARY);
    world.receive("tftp", new Uint8Array(4), 0x0a00_0001, PRIMARY, 69);
    world.receive("ntp", new Uint8Array(4), population.firstAddress + 99, PRIMARY, 1);
    expect(world.chain.services.unclaimed).toBe(2);
    world.chain.start(MODEM, 0, 0);
    world.run(1000);
    world.chain.powerOff(MODEM, world.nowMs);
    const { address } = world.parametersOf(MODEM);
    world.receive("tftp", new Uint8Array(4), address, PRIMARY, 69);
    expect(world.chain.services.unclaimed).toBe(3);
    world.chain.start(METER, 0, 0);
    world.run(2000);
    world.chain.bound(METER, world.parametersOf(METER), world.nowMs);
    world.chain.addressFailed(METER, "timeout", world.nowMs);
    expect(world.chain.stateOf(METER)).toBe("online");
  });
});

describe("an avalanche at the CMTS", () => {
  const modems = new Population({
    cableModems: 200,
    mtas: 0,
    cpes: 0,
    smartMeters: 0,
    cmtsCount: 2,
  });

  test("registrations go at the rate of the plant; a modem not heard tries again", () => {
    const registration = {
      perSecond: 20,
      serviceMs: 10,
      waitMsMax: 3000,
      retry: { firstRetryMs: 3000, maxRetryMs: 3000, jitter: 0.1, triesMax: 3 },
    };
    const world = worldOf({ population: modems }, { registration });
    world.addTftp(PRIMARY);
    world.startAll();
    world.run(2000);
    const early = world.onlines.length;
    expect(early).toBeGreaterThan(70);
    expect(early).toBeLessThanOrEqual(82);
    world.run(60_000, () => world.onlines.length === 200);
    // 100 modems a CMTS at 20 a second.
    expect(world.onlines[199].onlineAtMs).toBeGreaterThan(4900);
    expect(world.onlines[199].onlineAtMs).toBeLessThan(9000);
    expect(world.reboots).toEqual([]);
  });

  test("workers that share a CMTS share its rate", () => {
    const one = new Population({
      cableModems: 200,
      mtas: 0,
      cpes: 0,
      smartMeters: 0,
      cmtsCount: 1,
    });
    const { registration } = defaultBootPolicy;
    const policy = policyOf({
      registration: { ...registration, perSecond: 20, waitMsMax: 60_000 },
    });
    const world = worldOf({ population: one, plan: { policy, shard: { index: 1, count: 2 } } });
    world.addTftp(PRIMARY);
    world.startAll();
    world.run(60_000, () => world.onlines.length === 100);
    // 100 of the 200 modems, at half of 20 a second.
    expect(world.onlines[99].onlineAtMs).toBeGreaterThan(9900);
    expect(world.onlines[99].onlineAtMs).toBeLessThan(10_100);
  });

  test("a plant that is far too slow makes modems give up", () => {
    const ranging = {
      perSecond: 0.1,
      serviceMs: 0,
      waitMsMax: 0,
      retry: { firstRetryMs: 100, maxRetryMs: 100, jitter: 0, triesMax: 2 },
    };
    const world = worldOf({ population: modems }, { ranging });
    world.addTftp(PRIMARY);
    world.startAll();
    world.run(60_000, () => world.onlines.length + world.failures.length === 200);
    expect(world.failures.length).toBeGreaterThan(190);
    expect(world.failures[0]).toMatchObject({ step: "ranging", problem: "cmts-timeout" });
  });
});

describe("thousands at once, with losses", () => {
  const many = new Population({
    cableModems: 1500,
    mtas: 500,
    cpes: 500,
    smartMeters: 500,
    cmtsCount: 3,
  });

  function bootAll(seed: number, shard?: { index: number; count: number }): BootWorld {
    const download = {
      ...defaultBootPolicy.download,
      retry: { ...retry, maxRetryMs: 4000, jitter: 0.2, triesMax: 10 },
    };
    const world = worldOf(
      {
        population: many,
        seed,
        faults: { loss: 0.05, duplication: 0.01, delayMsMin: 1, maxDelayMs: 8 },
        plan: { policy: policyOf({ download }), ...(shard === undefined ? {} : { shard }) },
      },
      {},
    );
    world.addTftp(PRIMARY);
    world.addTftp(SECONDARY);
    world.startAll();
    world.run(120_000, () => world.chain.countIn("online") === world.chain.population.size);
    return world;
  }

  test("seed 21: 3,000 devices, 5 % lost in each direction, all on line with the right files", () => {
    const world = bootAll(21);
    expect(world.chain.countIn("online")).toBe(3000);
    expect(world.network.lost).toBeGreaterThan(500);
    expect(world.failures).toEqual([]);
    expect(world.retransmissions.tftp).toBeGreaterThan(100);
    expect(world.retransmissions.ntp).toBeGreaterThan(10);
    expect(new Set(world.downloads.map(({ device }) => device)).size).toBe(2500);
  });

  test("the same seed is the same run, and a third of the devices is a third of them", () => {
    const runs = [0, 1].map(() =>
      bootAll(4, { index: 1, count: 3 }).onlines.map(({ device, onlineAtMs }) => [
        device,
        onlineAtMs,
      ]),
    );
    // 500 modems, and 167 of each of the other kinds.
    expect(runs[0]).toHaveLength(1001);
    expect(runs[0]).toEqual(runs[1]);
  });
});
