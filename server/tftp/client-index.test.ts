import { expect, test } from "vitest";
import { Prng } from "../../base/prng.ts";
import { ClientIndex } from "./client-index.ts";

test("finds what a Map finds, through 20,000 random additions and removals (seed 3)", () => {
  const random = new Prng(3, 0);
  const index = new ClientIndex(100, 1);
  const model = new Map<number, number>();
  for (let step = 0; step < 20_000; step += 1) {
    // Few addresses and ports, so that places collide and gaps are closed.
    const address = 0xfffffff0 + random.nextBelow(8);
    const port = 1 + random.nextBelow(20);
    const key = address * 0x1_0000 + port;
    expect(index.find(address, port)).toBe(model.get(key) ?? -1);
    if (model.has(key)) {
      index.remove(address, port);
      model.delete(key);
    } else if (model.size < 100) {
      index.add(address, port, step);
      model.set(key, step);
    }
  }
  for (const [key, id] of model) {
    expect(index.find(Math.floor(key / 0x1_0000), key % 0x1_0000)).toBe(id);
  }
});

test("removing a client that is not there changes nothing", () => {
  const index = new ClientIndex(1, 1);
  index.add(1, 2, 7);
  index.remove(1, 3);
  expect(index.find(1, 2)).toBe(7);
});
