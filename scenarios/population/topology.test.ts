import { describe, expect, test } from "vitest";
import { formatMac } from "../../protocol/mac.ts";
import { readSmall } from "../small-scenario.testing.ts";
import { Population, type PopulationPlan } from "./population.ts";
import { DEAL_UNITS, dealCmts, unitsOnFullest } from "./topology.ts";

const plan: PopulationPlan = {
  cableModems: 2500,
  mtas: 400,
  cpes: 300,
  smartMeters: 700,
  cmtsCount: 4,
};
const shares = [40, 30, 20, 10];

describe("uneven CMTSs", () => {
  test("a round has the shares to within one unit; equal shares are dealt in turn", () => {
    const deal = dealCmts(shares);
    for (const [cmts, percent] of shares.entries()) {
      const units = deal.filter((each) => each === cmts).length;
      expect(Math.abs(units - (DEAL_UNITS * percent) / 100)).toBeLessThanOrEqual(1);
    }
    expect([...dealCmts([25, 25, 25, 25]).subarray(0, 8)]).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
    expect(() => dealCmts([99.99, 0.01])).toThrow("CMTS 1 has 0.01 % of the units, too few");
  });

  test("devices follow what they hang on, and every pool has room for its devices", () => {
    const population = new Population({ ...plan, cmts: shares.map((percent) => ({ percent })) });
    const counts = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
    for (let device = 0; device < population.size; device += 1) {
      const cmts = population.cmtsOf(device);
      expect(cmts).toBe(population.cmtsOf(population.attachmentOf(device)));
      counts[cmts][population.kindIndexOf(device)] += 1;
    }
    expect(counts.map(([modems]) => Math.round(modems! / 25))).toEqual(shares);
    for (const [cmts, byKind] of counts.entries()) {
      for (const [kindIndex, { low, high }] of population.cmts(cmts).pools.entries()) {
        expect(high - low + 1).toBeGreaterThan(byKind[kindIndex]);
      }
    }
    expect(unitsOnFullest(dealCmts(shares), 2500)).toBe(counts[0][0]);
  });
});

describe("vendors", () => {
  const vendors = [
    { name: "Arris", oui: 0x00_15_96, percent: 60, of: "cable-modem" },
    { name: "Sagem", oui: 0x00_1e_74, percent: 30, of: "cable-modem" },
    { name: "Landis", oui: 0x00_1b_2c, percent: 100, of: "smart-meter" },
  ] as const;
  const population = new Population({ ...plan, macPlan: { vendors } });

  test("every MAC is unique, leads back to its device, and the shares are about right", () => {
    const seen = new Map<string, number>();
    const all = new Set<string>();
    for (let device = 0; device < population.size; device += 1) {
      const mac = population.macOf(device);
      expect(population.deviceOfMac(mac)).toBe(device);
      const text = formatMac(mac);
      all.add(text);
      seen.set(text.slice(0, 8), (seen.get(text.slice(0, 8)) ?? 0) + 1);
    }
    expect(all.size).toBe(population.size);
    expect(seen.get("00:1b:2c")).toBe(700);
    // Five standard deviations of 2,500 draws.
    expect(Math.abs(seen.get("00:15:96")! - 1500)).toBeLessThan(5 * 24.5);
    expect(Math.abs(seen.get("00:1e:74")! - 750)).toBeLessThan(5 * 23);
    expect(seen.get("02:20:00")).toBe(400);
    expect(population.macOf(population.attachmentOf(2500))).toEqual(population.macOf(0));
  });

  test("another vendor's prefix, or the lab's, with a device's number is nobody", () => {
    for (let device = 0; device < 50; device += 1) {
      const own = formatMac(population.macOf(device)).slice(0, 8);
      for (const oui of ["00:15:96", "00:1e:74", "02:10:00"]) {
        const [a, b, c] = oui.split(":").map((octet) => Number.parseInt(octet, 16));
        const mac = Uint8Array.of(a!, b!, c!, 0, 0, device);
        expect(population.deviceOfMac(mac)).toBe(oui === own ? device : -1);
      }
    }
  });

  test("one OUI for two kinds and more than all of a kind are refused", () => {
    const both = [vendors[0], { ...vendors[0], of: "mta", percent: 5 } as const];
    expect(() => new Population({ ...plan, macPlan: { vendors: both } })).toThrow(/OUI of Arris/);
    const tooMany = [...vendors, { ...vendors[0], percent: 11 }];
    expect(() => new Population({ ...plan, macPlan: { vendors: tooMany } })).toThrow(
      /101 % of each cable-modem/,
    );
  });
});

describe("in a scenario", () => {
  const read = (population: string) => readSmall({ population });

  test("cmts and macPlan", () => {
    const reading = read(
      "{ cableModems: 100, cmts: [{ percent: 75 }, { percent: 25 }], " +
        "macPlan: { vendors: [{ name: Arris, oui: '00:15:96', percent: 50 }] } }",
    );
    expect(reading.kind === "ok" && reading.scenario.population).toMatchObject({
      cmtsCount: 2,
      cmts: [{ percent: 75 }, { percent: 25 }],
      macPlan: { vendors: [{ name: "Arris", oui: 0x1596, percent: 50, of: "cable-modem" }] },
    });
  });

  for (const [what, population, message] of [
    ["shares that are not all", "{ cableModems: 9, cmts: [{ percent: 60 }] }", /60 %/],
    [
      "an OUI that is none",
      "{ cableModems: 9, macPlan: { vendors: [{ name: A, oui: 0015, percent: 5 }] } }",
      /oui/,
    ],
  ] as const) {
    test(`refuses ${what}`, () => {
      const reading = read(population);
      expect(reading.kind).toBe("failed");
      expect(JSON.stringify(reading)).toMatch(message);
    });
  }
});
