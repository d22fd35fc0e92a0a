import { expect, test } from "vitest";
import { Prng } from "../../../base/prng.ts";
import { address, sampleRecords } from "../lease-samples.testing.ts";
import { LeaseTable } from "../table/lease-table.ts";
import { LeaseFileStore, type LeaseFileStoreOptions } from "./edge/lease-file-store.ts";
import {
  LateSync,
  PromptSync,
  SimulatedDisk,
  systemError,
  watchedDisk,
} from "./lease-disk.testing.ts";

// The lease file of a node of a pair: its commits wait for etcd and not for this disk, which follows.

const path = "/var/db/dhcpd.leases";
const records = sampleRecords.slice(1, 4);

function setUp(Sync: typeof LateSync, options: LeaseFileStoreOptions = {}) {
  const simulated = new SimulatedDisk();
  simulated.install(path, new Uint8Array(0));
  const failing = { call: "" };
  const disk = watchedDisk(simulated, (_, name) => {
    if (name === failing.call) throw systemError("EIO");
  });
  const sync = new Sync(disk);
  const table = new LeaseTable([{ low: address(0), high: address(255), pool: 0 }]);
  const store = LeaseFileStore.open(path, table, {
    ...{ disk, durability: "behind", backgroundSyncs: [sync], ...options },
  });
  const commit = (record: (typeof records)[number]): void => {
    table.load(record);
    store.append(record);
    store.commit();
  };
  /** How many leases are sure to be there after a power cut: the fewest of many. */
  const surviving = (): number => {
    const counts = Array.from({ length: 50 }, (_, seed) => {
      const found = new LeaseTable([{ low: address(0), high: address(255), pool: 0 }]);
      const after = simulated.afterPowerCut(new Prng(seed, 0));
      LeaseFileStore.open(path, found, { disk: after }).close();
      return records.filter((record) => !found.isNeverUsed(found.indexOf(record.address))).length;
    });
    return Math.min(...counts);
  };
  return { simulated, failing, sync, store, commit, surviving };
}

test("a commit does not wait for the disk, and a second later the disk has it", () => {
  const { store, commit, surviving, sync } = setUp(PromptSync);
  expect(store.durability).toBe("os");
  commit(records[0]);
  expect(surviving()).toBe(0);
  store.maintain(1);
  store.maintain(2);
  expect(surviving()).toBe(1);
  commit(records[1]);
  commit(records[2]);
  expect(surviving()).toBe(1);
  store.maintain(3);
  store.maintain(4);
  expect([surviving(), sync.begun]).toEqual([3, 2]);
  // Without a commit there is nothing to sync.
  store.maintain(5);
  expect(sync.begun).toBe(2);
});

test("a disk that is at work gets one sync at a time, and commits go on meanwhile", () => {
  const { store, commit, sync, simulated } = setUp(LateSync);
  commit(records[0]);
  store.maintain(1);
  for (const seconds of [2, 3, 4]) {
    commit(records[1]);
    store.maintain(seconds);
  }
  expect(sync.begun).toBe(1);
  expect(simulated.contents(path)!.length).toBeGreaterThan(0);
});

test("the end of the store leaves nothing behind", () => {
  const { store, commit, surviving, simulated } = setUp(PromptSync);
  commit(records[0]);
  store.maintain(1);
  commit(records[1]);
  store.close();
  expect(surviving()).toBe(2);
  expect(simulated.openFiles).toBe(0);
});

test("a sync that fails is told, and the file is written anew", () => {
  const { store, commit, surviving, failing, simulated } = setUp(PromptSync);
  commit(records[0]);
  store.maintain(1);
  failing.call = "sync";
  expect(() => store.maintain(2)).toThrow(expect.objectContaining({ code: "EIO" }));
  failing.call = "";
  for (let seconds = 3; seconds < 8; seconds += 1) store.maintain(seconds);
  expect(simulated.paths).toContain(`${path}~`);
  expect(surviving()).toBe(1);
});

test("a rewrite waits for the sync that runs, and what it wrote is synced", () => {
  const { store, commit, sync, surviving } = setUp(PromptSync, { rewriteBytesMin: 1 });
  for (let seconds = 1; seconds < 20; seconds += 1) {
    commit(records[seconds % records.length]);
    store.maintain(seconds);
  }
  while (store.maintain(20) || store.isRewriting);
  store.maintain(21);
  store.maintain(22);
  expect(surviving()).toBe(3);
  expect(sync.begun).toBeLessThan(20);
});
