import { expect, test } from "vitest";
import { TakeOverClock } from "./take-over-clock.ts";

test("HA-8: from the last heartbeat to the claim, and from there to the first answer", () => {
  const clock = new TakeOverClock();
  expect(clock.times).toEqual({ count: 0, silentMs: 0, claimMs: 0 });
  clock.heard(1000);
  clock.turn(1010, "standby", false);
  clock.turn(1400, "claiming", false);
  // The same claim, asked again.
  clock.turn(1500, "claiming", false);
  clock.turn(1510, "active", false);
  expect(clock.times.count).toBe(0);
  clock.turn(1530, "active", true);
  clock.turn(9000, "active", true);
  expect(clock.times).toEqual({ count: 1, silentMs: 400, claimMs: 130 });
});

test("a claim that is lost is no take-over, and the next one begins anew", () => {
  const clock = new TakeOverClock();
  clock.turn(100, "claiming", false);
  clock.turn(110, "standby", false);
  clock.turn(500, "claiming", false);
  clock.turn(520, "active", true);
  expect(clock.times).toEqual({ count: 1, silentMs: 0, claimMs: 20 });
});
