import { beforeEach, describe, expect, test } from "vitest";
import { PersonaRoll } from "../../scenarios/population/personas.ts";
import { Population } from "../../scenarios/population/population.ts";
import type { AnomalyKind, SurrenderReason } from "../device/exchange.ts";
import { SafetyChecker, SafetyLog, twinOf, VIOLATIONS_KEPT_MAX } from "./safety-checker.ts";

const population = new Population({
  cableModems: 500,
  mtas: 0,
  cpes: 0,
  smartMeters: 0,
  cmtsCount: 1,
});
const A = population.cmts(0).pools[0].low;
const B = A + 1;

let log: SafetyLog;
let checker: SafetyChecker;

beforeEach(() => {
  log = new SafetyLog();
  checker = new SafetyChecker(population);
});

function acknowledge(device: number, address: number, atMs: number, leaseSeconds = 10, to = log) {
  to.acknowledged({ device, address, leaseSeconds, leaseStartMs: atMs, receivedAtMs: atMs });
}

function settle(untilMs?: number): void {
  checker.add(log.take());
  checker.settle(untilMs);
}

describe("double allocation", () => {
  test("one address, two devices, both leases running", () => {
    acknowledge(1, A, 0);
    acknowledge(2, A, 9999);
    settle();
    expect(checker.counters.doubleAllocations).toBe(1);
    expect(checker.summary().violations).toEqual([
      { kind: "doubleAllocations", atMs: 9999, device: 2, address: A, holder: 1 },
    ]);
    expect(checker.isClean).toBe(false);
  });

  for (const [what, between] of [
    ["after the lease has ended", (): void => {}],
    ["after a release", (): void => log.surrendered(1, A, "released", 5000)],
    ["after a decline", (): void => log.surrendered(1, A, "declined", 5000)],
    ["after a NAK", (): void => log.surrendered(1, A, "nak", 5000)],
    ["after the device got another address", (): void => acknowledge(1, B, 5000)],
  ] as const) {
    test(`an address may be given again ${what}`, () => {
      acknowledge(1, A, 0);
      between();
      acknowledge(2, A, what.includes("ended") ? 10_000 : 6000);
      settle();
      expect(checker.isClean).toBe(true);
    });
  }

  for (const reason of ["restarted", "expired"] as const satisfies readonly SurrenderReason[]) {
    test(`a device that ${reason} has told the server nothing: its lease still counts`, () => {
      acknowledge(1, A, 0);
      log.surrendered(1, A, reason, 5000);
      acknowledge(2, A, 6000);
      settle();
      expect(checker.counters.doubleAllocations).toBe(1);
    });
  }

  test("renewals prolong, and an endless lease never ends", () => {
    acknowledge(1, A, 0);
    acknowledge(1, A, 9000);
    acknowledge(2, B, 0, 0xffff_ffff);
    acknowledge(3, A, 18_000);
    acknowledge(4, B, 1e12);
    settle();
    expect(checker.counters.doubleAllocations).toBe(2);
  });

  test("what another device gives back is not its own to free", () => {
    acknowledge(1, A, 0);
    log.surrendered(2, A, "released", 1000);
    acknowledge(2, A, 2000);
    settle();
    expect(checker.counters.doubleAllocations).toBe(1);
  });

  test("an address outside all networks is not followed", () => {
    acknowledge(1, 0, 0);
    acknowledge(2, 0, 1);
    acknowledge(1, 0xffff_ffff, 2);
    settle();
    expect(checker.isClean).toBe(true);
  });
});

describe("order over workers", () => {
  test("events are judged by time, not by the batch that they came in", () => {
    const other = new SafetyLog();
    acknowledge(1, A, 0);
    acknowledge(2, A, 6000, 10, other);
    checker.add(log.take());
    checker.add(other.take());
    checker.settle(4000);
    log.surrendered(1, A, "released", 5000);
    checker.add(log.take());
    checker.settle();
    expect(checker.isClean).toBe(true);
    expect(checker.summary().acknowledged).toBe(2);
  });

  test("at one instant a worker's own order stands", () => {
    acknowledge(1, A, 5000);
    log.surrendered(1, A, "released", 5000);
    acknowledge(2, A, 5000);
    settle();
    expect(checker.isClean).toBe(true);
  });

  test("events later than asked for wait", () => {
    acknowledge(1, A, 0);
    acknowledge(2, A, 1000);
    settle(999);
    expect(checker.isClean).toBe(true);
    checker.settle(1000);
    expect(checker.counters.doubleAllocations).toBe(1);
  });
});

describe("anomalies that devices saw", () => {
  for (const [kind, counter] of [
    ["nak-unexpected", "acknowledgedLeasesLost"],
    ["address-changed", "addressesChangedOnRenewal"],
    ["never-offered", "neverOffered"],
    ["address-outside-network", "addressesOutsideNetwork"],
    ["option-missing", "malformedReplies"],
    ["relay-information-not-echoed", "malformedReplies"],
  ] as const satisfies readonly (readonly [AnomalyKind, string])[]) {
    test(`${kind} counts as ${counter}`, () => {
      log.anomaly(kind, 3, A, 17);
      settle();
      expect(checker.counters[counter]).toBe(1);
      expect(Object.values(checker.counters).reduce((sum, count) => sum + count)).toBe(1);
      expect(checker.summary().violations).toEqual([
        { kind: counter, atMs: 17, device: 3, address: A },
      ]);
    });
  }
});

describe("bounds", () => {
  test("evidence is limited, the count is not, and the log grows as needed", () => {
    for (let at = 0; at < 5000; at += 1) log.anomaly("never-offered", 1, A, at);
    expect(log.count).toBe(5000);
    settle();
    expect(log.count).toBe(0);
    expect(checker.counters.neverOffered).toBe(5000);
    expect(checker.summary().violations).toHaveLength(VIOLATIONS_KEPT_MAX);
  });
});

test("forEachLease visits what is held and not over", () => {
  acknowledge(5, A, 0);
  acknowledge(6, B, 0, 100);
  acknowledge(7, A + 2, 0, 100);
  log.surrendered(7, A + 2, "released", 50);
  settle();
  const held: number[][] = [];
  checker.forEachLease(50_000, (device, address, untilMs) => held.push([device, address, untilMs]));
  expect(held).toEqual([[6, B, 100_000]]);
});

describe("devices with a persona", () => {
  const everyOther = [{ kind: "duplicate-mac", percent: 50 } as const];
  const roll = new PersonaRoll(everyOther, population, 3);
  const twinned = [...Array(500).keys()].find((device) => roll.shareOf(device) >= 0)!;
  const plain = [...Array(500).keys()].find((device) => roll.shareOf(device) < 0)!;

  beforeEach(() => {
    checker = new SafetyChecker(population, roll);
  });

  test("a lease that moved with its MAC is expected of those devices, and of no other", () => {
    log.anomaly("nak-unexpected", twinned, A, 1);
    log.anomaly("nak-unexpected", plain, B, 2);
    settle();
    expect(checker.summary().expected.acknowledgedLeasesLost).toBe(1);
    expect(checker.counters.acknowledgedLeasesLost).toBe(1);
    expect(checker.summary().violations).toMatchObject([{ device: plain }]);
  });

  test("every other check applies to them", () => {
    log.anomaly("address-changed", twinned, A, 1);
    acknowledge(plain, B, 2);
    acknowledge(twinned, B, 3);
    settle();
    expect(checker.counters).toMatchObject({ addressesChangedOnRenewal: 1, doubleAllocations: 1 });
  });

  test("device and twin each hold their own lease, and nobody else may get either", () => {
    acknowledge(twinned, A, 0);
    acknowledge(twinOf(population, twinned), B, 0);
    settle();
    expect(checker.isClean).toBe(true);
    const leases: [number, number][] = [];
    checker.forEachLease(1, (device, address) => leases.push([device, address]));
    expect(leases).toEqual([
      [twinned, A],
      [twinned, B],
    ]);
    acknowledge(plain, B, 1000);
    settle();
    expect(checker.summary().violations).toMatchObject([
      { kind: "doubleAllocations", device: plain, holder: twinned },
    ]);
  });
});

describe("LEASE-7, HA-5: another address while the last lease runs", () => {
  test("is counted, whether or not the device restarted in between", () => {
    acknowledge(1, A, 0);
    log.surrendered(1, A, "restarted", 2000);
    acknowledge(1, B, 3000);
    settle();
    expect(checker.addressesMoved).toBe(1);
  });

  for (const [what, between] of [
    ["it gave the first one back", (): void => log.surrendered(1, A, "released", 2000)],
    ["the server took it back", (): void => log.surrendered(1, A, "nak", 2000)],
    ["it gets the same one", (): void => acknowledge(1, B, 2000)],
  ] as const) {
    test(`is nothing to complain of when ${what}`, () => {
      acknowledge(1, what.includes("same") ? B : A, 0);
      between();
      acknowledge(1, B, 3000);
      settle();
      expect(checker.addressesMoved).toBe(0);
    });
  }

  test("nor when that lease has ended", () => {
    acknowledge(1, A, 0);
    acknowledge(1, B, 10_000);
    settle();
    expect(checker.addressesMoved).toBe(0);
  });
});
