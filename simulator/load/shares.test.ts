import { describe, expect, test } from "vitest";
import { divideDevices, type ShareDemand } from "./shares.ts";

const discover = (arrivals: number): ShareDemand => ({
  needsLease: false,
  arrivals,
  weight: Math.min(arrivals, 1e9),
});
const renew = (arrivals: number): ShareDemand => ({ needsLease: true, arrivals, weight: arrivals });

interface Case {
  readonly name: string;
  readonly bound: number;
  readonly powerCycle: boolean;
  readonly demands: readonly ShareDemand[];
  /** Sizes of the shares. */
  readonly expected: readonly number[];
}

const SIZE = 1000;

// Devices 0 to `bound` - 1 hold a lease.
const cases: readonly Case[] = [
  {
    name: "discover has everybody without a lease, renew everybody with one",
    bound: 300,
    powerCycle: false,
    demands: [discover(10), renew(10)],
    expected: [700, 300],
  },
  {
    name: "two streams of one need divide the devices by weight",
    bound: 0,
    powerCycle: false,
    demands: [discover(100), discover(300)],
    expected: [250, 750],
  },
  {
    name: "nobody to discover without a reset",
    bound: 1000,
    powerCycle: false,
    demands: [discover(10), renew(10)],
    expected: [0, 1000],
  },
  {
    name: "a reset takes as many as there are arrivals",
    bound: 1000,
    powerCycle: true,
    demands: [discover(100), renew(200)],
    expected: [100, 900],
  },
  {
    name: "devices without a lease spare others the reset",
    bound: 960,
    powerCycle: true,
    demands: [discover(100), renew(200)],
    expected: [100, 900],
  },
  {
    name: "a reset takes no more than its part by weight",
    bound: 1000,
    powerCycle: true,
    demands: [discover(3000), renew(6000)],
    expected: [333, 667],
  },
  {
    name: "an endless demand alone takes all",
    bound: 1000,
    powerCycle: true,
    demands: [{ needsLease: false, arrivals: Number.POSITIVE_INFINITY, weight: SIZE }],
    expected: [1000],
  },
  {
    name: "a reset without a discover stream takes nobody",
    bound: 1000,
    powerCycle: true,
    demands: [renew(10)],
    expected: [1000],
  },
];

describe("shares of the devices", () => {
  for (const { name, bound, powerCycle, demands, expected } of cases) {
    test(name, () => {
      const holdsLease = (device: number): boolean => device < bound;
      const shares = divideDevices({ size: SIZE, seed: 3, holdsLease, powerCycle, demands });
      expect(shares.map((share) => share.length)).toEqual(expected);
      const all = shares.flatMap((share) => [...share]);
      expect(new Set(all).size, "no device is in two shares").toBe(all.length);
      demands.forEach((demand, stream) => {
        if (demand.needsLease) expect(shares[stream].every(holdsLease)).toBe(true);
        else if (!powerCycle) expect(shares[stream].some(holdsLease)).toBe(false);
      });
    });
  }

  test("the order is the seed's", () => {
    const input = {
      size: SIZE,
      holdsLease: () => false,
      powerCycle: false,
      demands: [discover(1)],
    };
    const [first] = divideDevices({ ...input, seed: 1 });
    const [again] = divideDevices({ ...input, seed: 1 });
    const [other] = divideDevices({ ...input, seed: 2 });
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect(first).not.toEqual(Uint32Array.from(first!).sort());
  });

  test("devices without a lease have their turn before those that are reset", () => {
    const holdsLease = (device: number): boolean => device % 2 === 0;
    const [share] = divideDevices({
      size: 100,
      seed: 5,
      holdsLease,
      powerCycle: true,
      demands: [discover(80)],
    });
    expect([...share!].slice(0, 50).some(holdsLease)).toBe(false);
    expect([...share!].slice(50).every(holdsLease)).toBe(true);
    expect(share).toHaveLength(80);
  });
});
