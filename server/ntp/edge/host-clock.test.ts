import { expect, test } from "vitest";
import { libcMissingReason } from "../../../base/net/kernel/libc.ts";
import { VirtualClock } from "../../../base/virtual-clock.testing.ts";
import { openHostClock, plainHostClock } from "./host-clock.ts";

test("a plain clock shows the wall and vouches for nothing", () => {
  const clock = new VirtualClock(5000);
  const host = plainHostClock(clock);
  clock.advance(250);
  expect(host.unixMs()).toBe(5250);
  expect(host.kernel()).toBeUndefined();
});

test("the machine's clock agrees with Date.now, and never goes back between two looks", () => {
  const host = openHostClock();
  let beforeMs = 0;
  for (let look = 0; look < 200; look += 1) {
    const earliestMs = Date.now();
    const shownMs = host.unixMs();
    const latestMs = Date.now() + 1;
    expect(shownMs).toBeGreaterThanOrEqual(earliestMs);
    expect(shownMs).toBeLessThanOrEqual(latestMs);
    expect(shownMs).toBeGreaterThanOrEqual(beforeMs);
    beforeMs = shownMs;
  }
});

test.skipIf(libcMissingReason() !== undefined)("TIME-1: the kernel tells its state", () => {
  const host = openHostClock();
  expect(host.precision).toBe(-20);
  const kernel = host.kernel()!;
  expect(["none", "insert", "delete"]).toContain(kernel.leapSecond);
  // The kernel itself stops counting at 16 s, and then calls its clock unsynchronised.
  expect(kernel.maxErrorMs).toBeGreaterThanOrEqual(0);
  expect(kernel.maxErrorMs).toBeLessThanOrEqual(16_000);
  if (kernel.maxErrorMs === 16_000) expect(kernel.synchronised).toBe(false);
});
