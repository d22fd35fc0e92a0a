import { expect, test } from "vitest";
import { AddressShares } from "./address-shares.ts";

const client = 0x0a00_0001;
const seed = 5;

test("an address takes so many sessions, and has one more when one is over", () => {
  const shares = new AddressShares({ sessionsMax: 2, unackedMax: 1, unackedPerSecond: 1 }, seed);
  const take = (address: number): boolean => shares.takeSession(address);
  expect([take(client), take(client), take(client), take(client + 1)]).toEqual([
    ...[true, true, false, true],
  ]);
  shares.giveSessionBack(client);
  expect([take(client), take(client)]).toEqual([true, false]);
});

test.each([
  { unackedMax: 1, unackedPerSecond: 1 },
  { unackedMax: 64, unackedPerSecond: 16 },
  { unackedMax: 30, unackedPerSecond: 7 },
  { unackedMax: 1000, unackedPerSecond: 3 },
])("$unackedMax packets at once, and $unackedPerSecond a second", (limits) => {
  const shares = new AddressShares({ sessionsMax: 1, ...limits }, seed);
  const taken = (nowMs: number): number => {
    let count = 0;
    while (count < 10_000 && shares.takePacket(client, nowMs)) count += 1;
    return count;
  };
  expect(taken(5000)).toBe(limits.unackedMax);
  expect(taken(5000)).toBe(0);
  expect(taken(6000)).toBe(Math.min(limits.unackedMax, limits.unackedPerSecond));
  expect(taken(1_000_000)).toBe(limits.unackedMax);
});

test("what is acknowledged costs nothing, and saves nothing up", () => {
  const limits = { sessionsMax: 1, unackedMax: 2, unackedPerSecond: 1 };
  const shares = new AddressShares(limits, seed);
  for (let packet = 0; packet < 100; packet += 1) {
    expect(shares.takePacket(client, 1000)).toBe(true);
    shares.givePacketBack(client);
  }
  for (let packet = 0; packet < 100; packet += 1) shares.givePacketBack(client);
  const taken = [1, 2, 3].map(() => shares.takePacket(client, 1000));
  expect(taken).toEqual([true, true, false]);
});

test("80,000 addresses at once: none meets the limit of another (PERF-1)", () => {
  const limits = { sessionsMax: 256, unackedMax: 256, unackedPerSecond: 16 };
  const shares = new AddressShares(limits, seed);
  let refused = 0;
  for (let device = 0; device < 80_000; device += 1) {
    // A request with three repetitions, and a second session after a restart.
    for (let packet = 0; packet < 4; packet += 1) {
      if (!shares.takePacket(client + device, 0)) refused += 1;
    }
    for (let session = 0; session < 2; session += 1) {
      if (!shares.takeSession(client + device)) refused += 1;
    }
  }
  expect(refused).toBe(0);
});
