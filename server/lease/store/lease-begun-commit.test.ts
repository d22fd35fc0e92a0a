import { expect, test } from "vitest";
import { writeRecord } from "../format/lease-file.ts";
import { address, modemText, sampleRecords } from "../lease-samples.testing.ts";
import { LeaseTable } from "../table/lease-table.ts";
import { LeaseFileStore, type LeaseFileStoreOptions } from "./edge/lease-file-store.ts";
import { LateSync, SimulatedDisk, systemError, watchedDisk } from "./lease-disk.testing.ts";
import type { BackgroundSync } from "./lease-disk.ts";

const path = "/var/db/dhcpd.leases";
const [first, second, third] = sampleRecords.slice(1, 4) as [
  (typeof sampleRecords)[number],
  (typeof sampleRecords)[number],
  (typeof sampleRecords)[number],
];

/** A store whose syncs are done when somebody waits for them; `calls` are those of its disk. */
function setUp(options: LeaseFileStoreOptions = {}) {
  const simulated = new SimulatedDisk();
  simulated.install(path, new TextEncoder().encode(modemText));
  const calls: string[] = [];
  const failing = { call: "", code: "" };
  const disk = watchedDisk(simulated, (_, name) => {
    calls.push(name);
    if (name === failing.call) throw systemError(failing.code);
  });
  const backgroundSync = new LateSync(disk);
  const table = new LeaseTable([{ low: address(0), high: address(255), pool: 0 }]);
  const store = LeaseFileStore.open(path, table, {
    ...{ disk, backgroundSyncs: [backgroundSync], ...options },
  });
  calls.length = 0;
  const text = (): string => Buffer.from(simulated.contents(path)!).toString("latin1");
  return { store, calls, failing, text, backgroundSync };
}

test("a commit is written when it begins and durable when it ends", () => {
  const { store, calls, text } = setUp();
  store.append(first);
  expect(store.beginCommit()).toBe(false);
  expect(calls).toEqual(["state", "write"]);
  expect(store.endCommit(0)).toBe(false);
  expect(store.endCommit(1)).toBe(true);
  expect(calls).toEqual(["state", "write", "sync"]);
  expect(text()).toBe(modemText + writeRecord(first));
});

test("the file is left alone between the two", () => {
  const { store, calls, text } = setUp();
  store.append(first);
  store.beginCommit();
  calls.length = 0;
  store.append(second);
  expect(() => store.commit()).toThrow("another is under way");
  expect(() => store.beginCommit()).toThrow("another is under way");
  expect(calls).toEqual([]);
  store.endCommit(1);
  store.commit();
  expect(text()).toBe(modemText + writeRecord(first) + writeRecord(second));
});

test("a sync that fails cuts its own batch off; the next one takes its place", () => {
  const { store, failing, text } = setUp();
  store.append(first);
  store.append(second);
  store.beginCommit();
  store.append(third);
  Object.assign(failing, { call: "sync", code: "EIO" });
  expect(() => store.endCommit(1)).toThrow(/2 records .*EIO/);
  expect(text()).toBe(modemText);
  failing.call = "";
  store.beginCommit();
  expect(store.endCommit(1)).toBe(true);
  expect(text()).toBe(modemText + writeRecord(third));
});

test("a sync that fails is followed by a rewrite from memory", () => {
  const { store, failing } = setUp();
  expect(store.maintain(1)).toBe(false);
  store.append(first);
  store.beginCommit();
  Object.assign(failing, { call: "sync", code: "EIO" });
  expect(() => store.endCommit(1)).toThrow("EIO");
  failing.call = "";
  expect(store.maintain(1)).toBe(true);
});

test("a failure that an append had to wait for is told at the end, and once", () => {
  const { store, failing, text } = setUp();
  store.append(first);
  store.beginCommit();
  Object.assign(failing, { call: "sync", code: "EIO" });
  const many = Math.ceil((1 << 20) / writeRecord(second).length) + 10;
  for (let count = 0; count < many; count += 1) store.append(second);
  failing.call = "";
  expect(() => store.endCommit(0)).toThrow(/1 record .*EIO/);
  expect(store.endCommit(0)).toBe(true);
  store.commit();
  expect(text()).toBe(modemText + writeRecord(second).repeat(many));
});

test("a write that fails is told when the commit begins, and nothing is under way", () => {
  const { store, failing, text } = setUp();
  store.append(first);
  Object.assign(failing, { call: "write", code: "ENOSPC" });
  expect(() => store.beginCommit()).toThrow("ENOSPC");
  failing.call = "";
  expect(store.endCommit(0)).toBe(true);
  expect(text()).toBe(modemText);
});

test("a rewrite takes over what was begun before it, on the new file", () => {
  const { store, text, backgroundSync } = setUp({ rewriteBytesMin: 1, leasesPerSlice: 1 });
  const many = 20;
  for (let count = 0; count < many; count += 1) {
    store.append(count % 2 === 0 ? first : second);
    store.beginCommit();
    store.endCommit(1);
  }
  let slices = 1;
  while (store.maintain(1)) slices += 1;
  expect(slices).toBeGreaterThan(1);
  store.append(third);
  store.beginCommit();
  store.endCommit(1);
  expect(backgroundSync.begun).toBe(many + 1);
  expect(text()).toContain(writeRecord(third));
  store.close();
});

test("closing waits for what is under way, and drops the rest", () => {
  const { store, text } = setUp();
  store.append(first);
  store.beginCommit();
  store.append(second);
  store.close();
  expect(text()).toBe(modemText + writeRecord(first));
});

const absentSync: BackgroundSync = {
  begin: () => false,
  beginInstall: () => false,
  beginDirectory: () => false,
  end: () => expect.fail("nothing was begun"),
};

test.each<[string, LeaseFileStoreOptions]>([
  ["durability os", { durability: "os" }],
  ["no thread", { backgroundSyncs: [] }],
  ["a thread that is not there yet", { backgroundSyncs: [absentSync] }],
])("%s: what is begun is over at once", (_name, options) => {
  const { store, text } = setUp(options);
  store.append(first);
  expect(store.beginCommit()).toBe(true);
  expect(text()).toBe(modemText + writeRecord(first));
  expect(store.endCommit(0)).toBe(true);
});
