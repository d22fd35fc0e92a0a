import { describe, expect, test } from "vitest";
import { Permutation } from "../../base/permutation.ts";
import { Population } from "../../scenarios/population/population.ts";
import { inHouseholds } from "./households.ts";

const population = new Population({
  cableModems: 20,
  mtas: 30,
  cpes: 10,
  smartMeters: 5,
  cmtsCount: 2,
});

function shuffled(seed: number): Uint32Array {
  const order = new Permutation(population.size, seed);
  return Uint32Array.from({ length: population.size }, (_, index) => order.at(index));
}

describe("inHouseholds", () => {
  test.each([1, 2, 3])("keeps every device, each once (seed %i)", (seed) => {
    const before = shuffled(seed);
    expect(inHouseholds(population, before).toSorted()).toEqual(before.toSorted());
  });

  test.each([1, 2, 3])("puts everybody right behind their modem (seed %i)", (seed) => {
    const after = inHouseholds(population, shuffled(seed));
    let modem = -1;
    for (const device of after) {
      const attachment = population.attachmentOf(device);
      if (attachment !== device) expect(attachment).toBe(modem);
      modem = attachment;
    }
  });

  test("keeps modems and meters in their order", () => {
    const before = shuffled(7);
    const roots = (devices: Uint32Array) =>
      devices.filter((device) => population.attachmentOf(device) === device);
    expect(roots(inHouseholds(population, before))).toEqual(roots(before));
  });

  test("keeps the place of a device whose modem is not among them", () => {
    const mta = population.firstOf[1];
    const meter = population.firstOf[3];
    const devices = Uint32Array.of(meter, mta, 5);
    expect(inHouseholds(population, devices)).toEqual(devices);
  });
});
