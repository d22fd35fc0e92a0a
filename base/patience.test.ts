import { expect, test } from "vitest";
import { Patience } from "./patience.ts";

test("it lasts as long as one mark rises, however slowly", () => {
  const patience = new Patience(1000, 0);
  for (let second = 0; second < 100; second += 1) {
    expect(patience.goesOn([7, second], second * 999), `step ${second}`).toBe(true);
  }
  expect(patience.goesOn([7, 99], 99 * 999 + 999)).toBe(true);
  expect(patience.goesOn([7, 99], 99 * 999 + 1000)).toBe(false);
});

test("what begins again without getting further does not move", () => {
  const patience = new Patience(1000, 0);
  const reached = [10, 20, 0, 10, 20, 0, 10];
  const goesOn = reached.map((mark, turn) => patience.goesOn([mark], 200 * turn));
  expect(goesOn).toEqual([true, true, true, true, true, true, false]);
});

test("nothing to measure: the time alone counts", () => {
  const patience = new Patience(1000, 500);
  expect([patience.goesOn([], 1499), patience.goesOn([], 1500)]).toEqual([true, false]);
});
