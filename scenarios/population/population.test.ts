import { describe, expect, test } from "vitest";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import { deviceKinds, docsisVersions, Population, type PopulationPlan } from "./population.ts";

const plan: PopulationPlan = {
  cableModems: 100,
  mtas: 30,
  cpes: 250,
  smartMeters: 20,
  cmtsCount: 7,
};

describe("numbering", () => {
  const population = new Population(plan);
  test("devices are numbered kind after kind, and back", () => {
    const counts = new Map<string, number>();
    for (let device = 0; device < population.size; device += 1) {
      const kind = population.kindOf(device);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      const kindIndex = deviceKinds.indexOf(kind);
      expect(population.deviceOf(kindIndex, population.unitOf(device))).toBe(device);
    }
    expect(Object.fromEntries(counts)).toEqual({
      "cable-modem": 100,
      mta: 30,
      cpe: 250,
      "smart-meter": 20,
    });
  });

  test("every MAC is unique, local, and leads back to its device", () => {
    const seen = new Set<string>();
    for (let device = 0; device < population.size; device += 1) {
      const mac = population.macOf(device);
      seen.add(formatMac(mac));
      expect(mac[0] & 0x02).toBe(0x02);
      expect(population.deviceOfMac(mac)).toBe(device);
    }
    expect(seen.size).toBe(population.size);
    expect(formatMac(population.macOf(100 + 29))).toBe("02:20:00:00:00:1d");
  });

  for (const [what, mac] of [
    ["a unit beyond the last", [2, 0x10, 0, 0, 0, 100]],
    ["another vendor", [0, 0x10, 0, 0, 0, 1]],
    ["an unknown kind", [2, 0x50, 0, 0, 0, 1]],
    ["a kind with low bits", [2, 0x11, 0, 0, 0, 1]],
    ["kind 0", [2, 0, 0, 0, 0, 1]],
    ["a third octet", [2, 0x10, 1, 0, 0, 1]],
    ["five octets", [2, 0x10, 0, 0, 0]],
    ["no octets", []],
  ] as const) {
    test(`a MAC with ${what} is nobody's`, () => {
      expect(population.deviceOfMac(Uint8Array.from(mac))).toBe(-1);
    });
  }
});

describe("attachment (CLASS-6, CLASS-7, CLASS-8)", () => {
  const population = new Population(plan);
  test("the remote-id is the modem's MAC, for those behind it too", () => {
    const [, firstMta, firstCpe, firstMeter] = population.firstOf;
    for (const [device, modem] of [
      [5, 5],
      [firstMta + 5, 5],
      [firstCpe + 5, 5],
      [firstCpe + 105, 5],
    ]) {
      expect(population.macOf(population.attachmentOf(device))).toEqual(population.macOf(modem));
      expect(population.cmtsOf(device)).toBe(population.cmtsOf(modem));
    }
    expect(population.macOf(population.attachmentOf(firstMeter))).toEqual(
      population.macOf(firstMeter),
    );
  });
});

describe("addresses", () => {
  test("networks do not overlap, and each holds its relay and pools for all its devices", () => {
    const population = new Population(plan);
    const devicesOf = Array.from({ length: 7 }, () => new Map<string, number>());
    for (let device = 0; device < population.size; device += 1) {
      const counts = devicesOf[population.cmtsOf(device)];
      const kind = population.kindOf(device);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    let previousEnd = population.firstAddress;
    for (let index = 0; index < 7; index += 1) {
      const { giaddr, network, prefixLength, pools } = population.cmts(index);
      const end = network + 2 ** (32 - prefixLength);
      expect(network).toBe(previousEnd);
      expect(giaddr).toBe(network + 1);
      previousEnd = end;
      let previousHigh = giaddr;
      for (const { kind, low, high } of pools) {
        expect(low).toBeGreaterThan(previousHigh);
        expect(high).toBeLessThan(end - 1);
        expect(high - low + 1).toBeGreaterThan(devicesOf[index].get(kind) ?? 0);
        expect(population.cmtsOfAddress(low)).toBe(index);
        expect(population.cmtsOfAddress(high)).toBe(index);
        previousHigh = high;
      }
    }
    expect(population.cmtsOfAddress(population.firstAddress - 1)).toBe(-1);
    expect(population.cmtsOfAddress(previousEnd)).toBe(-1);
  });

  test("a million devices fit into the default block", () => {
    const population = new Population({
      cableModems: 700_000,
      mtas: 200_000,
      cpes: 50_000,
      smartMeters: 50_000,
      cmtsCount: 128,
    });
    expect(population.size).toBe(1_000_000);
    expect(formatIpv4(population.cmts(0).giaddr)).toBe("127.64.0.1");
    expect(population.cmts(127).network).toBeLessThan(0x7f80_0000);
  });

  test("another block is used as it is given", () => {
    const addressBlock = { network: 0x0a40_0000, prefixLength: 16 };
    const population = new Population({ ...plan, addressBlock });
    expect(formatIpv4(population.cmts(1).giaddr)).toBe("10.64.1.1");
  });
});

describe("DOCSIS versions", () => {
  const modems = { cableModems: 20_000, mtas: 0, cpes: 0, smartMeters: 1, cmtsCount: 1 };
  const sharesOf = (population: Population): Record<string, number> => {
    const shares: Record<string, number> = {};
    for (let device = 0; device < 20_000; device += 1) {
      const version = population.docsisVersionOf(device) ?? "none";
      shares[version] = (shares[version] ?? 0) + 1 / 20_000;
    }
    return shares;
  };
  test("modems have the shares that the plan gives", () => {
    const shares = sharesOf(new Population({ ...modems, docsisVersions: { "1.0": 1, "3.1": 3 } }));
    expect(Object.keys(shares).sort()).toEqual(["1.0", "3.1"]);
    expect(shares["3.1"]).toBeCloseTo(0.75, 1);
  });
  test("every version occurs by default, decided by the seed", () => {
    const shares = sharesOf(new Population(modems));
    expect(Object.keys(shares).sort()).toEqual([...docsisVersions]);
    expect(sharesOf(new Population(modems))).toEqual(shares);
    expect(sharesOf(new Population({ ...modems, seed: 2 }))).not.toEqual(shares);
  });
  test("only modems have one", () => {
    expect(new Population(modems).docsisVersionOf(20_000)).toBeUndefined();
  });
});

describe("plans that cannot be", () => {
  for (const [what, changes, message] of [
    ["no devices", { cableModems: 0, mtas: 0, cpes: 0, smartMeters: 0 }, /no device/],
    ["MTAs without modems", { cableModems: 0, cpes: 0 }, /need cableModems/],
    ["CPEs without modems", { cableModems: 0, mtas: 0 }, /need cableModems/],
    ["half a modem", { cableModems: 0.5 }, /cableModems is 0.5/],
    ["too many meters", { smartMeters: 0x100_0001 }, /smartMeters is 16777217/],
    ["no CMTS", { cmtsCount: 0 }, /cmtsCount is 0/],
    ["a small block", { addressBlock: { network: 0, prefixLength: 24 } }, /holds 256 addresses/],
    ["host bits", { addressBlock: { network: 1, prefixLength: 16 } }, /host bits/],
    ["a long prefix", { addressBlock: { network: 0, prefixLength: 30 } }, /prefix length 30/],
    ["a negative share", { docsisVersions: { "3.0": -1 } }, /docsisVersions/],
    ["no share", { docsisVersions: {} }, /docsisVersions/],
  ] as const) {
    test(`${what}: an error that names the cause`, () => {
      expect(() => new Population({ ...plan, ...changes })).toThrow(message);
    });
  }
});
