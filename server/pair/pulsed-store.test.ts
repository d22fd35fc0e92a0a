import { expect, test } from "vitest";
import { DataPlanePulse } from "../ha/watchdog.ts";
import { type LeaseStore, LeaseStoreError } from "../lease/store/lease-store.ts";
import { PulsedStore } from "./pulsed-store.ts";

function setUp(pulse = new DataPlanePulse()) {
  const took: number[] = [];
  const etcd = { nowMs: 0, isDone: false, parts: 0, error: undefined as Error | undefined };
  const store: LeaseStore = {
    durability: "replicated",
    append: () => undefined,
    appendLease: () => undefined,
    commit: () => undefined,
    beginCommit: () => false,
    endCommit: () => {
      if (etcd.error !== undefined) throw etcd.error;
      return etcd.isDone;
    },
    maintain: () => false,
    close: () => undefined,
  };
  const timer = { nowMs: () => etcd.nowMs, took: (ms: number) => void took.push(ms) };
  const pulsed = new PulsedStore(store, pulse, timer, () => etcd.parts);
  return { pulsed, pulse, took, etcd };
}

test("HA-11: a commit that is under way is begun and not written, and then it is", () => {
  const { pulsed, pulse, took, etcd } = setUp();
  expect(pulsed.beginCommit()).toBe(false);
  expect(pulsed.endCommit(0)).toBe(false);
  expect(pulse.read()).toMatchObject({ commitsBegun: 1, commitsWritten: 0 });
  etcd.nowMs = 7;
  etcd.isDone = true;
  expect(pulsed.endCommit(0)).toBe(true);
  expect(pulse.read()).toMatchObject({ commitsBegun: 1, commitsWritten: 1 });
  // With nothing under way its end is nothing new.
  expect(pulsed.endCommit(0)).toBe(true);
  expect(took).toEqual([7]);
});

test("HA-11: a data plane that starts anew does not inherit a commit that its predecessor could not write", () => {
  const { pulsed, pulse, etcd } = setUp();
  etcd.error = new LeaseStoreError("ENOSPC", "No space.", "Free some.");
  pulsed.beginCommit();
  expect(() => pulsed.endCommit(0)).toThrow(LeaseStoreError);
  expect(pulse.read()).toMatchObject({ commitsBegun: 1, commitsWritten: 0 });
  setUp(pulse);
  expect(pulse.read()).toMatchObject({ commitsBegun: 1, commitsWritten: 1 });
});

test("HA-11: one that failed stays unwritten until another one is written", () => {
  const { pulsed, pulse, etcd } = setUp();
  etcd.error = new LeaseStoreError("UNAVAILABLE", "No etcd.", "Wait.");
  pulsed.beginCommit();
  expect(() => pulsed.endCommit(0)).toThrow(LeaseStoreError);
  expect(pulse.read()).toMatchObject({ commitsBegun: 1, commitsWritten: 0 });
  pulsed.commit();
  expect(pulse.read()).toMatchObject({ commitsBegun: 2, commitsWritten: 2 });
});

test("HA-11: parts of a commit that etcd has done show that it works, but not when it has failed before", () => {
  const { pulsed, pulse, etcd } = setUp();
  const look = () => {
    pulsed.endCommit(0);
    return pulse.read().commitMoves;
  };
  pulsed.beginCommit();
  expect(look()).toBe(0);
  etcd.parts = 3;
  expect([look(), look()]).toEqual([1, 1]);
  etcd.parts = 4;
  expect(look()).toBe(2);
  etcd.error = new LeaseStoreError("UNAVAILABLE", "No etcd.", "Wait.");
  expect(look).toThrow(LeaseStoreError);
  // A member without a majority takes the same commit again.
  etcd.error = undefined;
  pulsed.beginCommit();
  etcd.parts = 8;
  expect(look()).toBe(2);
  etcd.isDone = true;
  look();
  etcd.isDone = false;
  pulsed.beginCommit();
  etcd.parts = 9;
  expect(look()).toBe(3);
});
