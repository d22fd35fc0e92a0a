import { describe, expect, test } from "vitest";
import { Population } from "./population.ts";
import { Shard } from "./shard.ts";

const population = new Population({
  cableModems: 10,
  mtas: 1,
  cpes: 7,
  smartMeters: 3,
  cmtsCount: 2,
});

for (const count of [1, 2, 3, 4, 11, 64]) {
  test(`${count} shards have every device once, each with a number of its own`, () => {
    const owners = new Array<number>(population.size).fill(0);
    for (let index = 0; index < count; index += 1) {
      const shard = new Shard(population, index, count);
      for (let local = 0; local < shard.size; local += 1) {
        const device = shard.deviceOf(local);
        expect(shard.localOf(device)).toBe(local);
        owners[device] += 1;
      }
    }
    expect(owners).toEqual(new Array(population.size).fill(1));
  });
}

describe("shares that cannot be", () => {
  for (const [index, count] of [
    [0, 0],
    [2, 2],
    [-1, 2],
    [0.5, 2],
    [0, Number.NaN],
  ]) {
    test(`shard ${index} of ${count}`, () => {
      expect(() => new Shard(population, index, count)).toThrow(RangeError);
    });
  }
});
