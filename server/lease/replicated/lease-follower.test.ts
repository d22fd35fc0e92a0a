import { beforeEach, describe, expect, test } from "vitest";
import { writeRecord } from "../format/lease-file.ts";
import type { LeaseRecord } from "../lease.ts";
import { address, sampleRecords } from "../lease-samples.testing.ts";
import { MemoryLeaseStore } from "../store/memory-lease-store.testing.ts";
import { LeaseTable } from "../table/lease-table.ts";
import { packRecords } from "./lease-batch.ts";
import { type FollowerNotice, LeaseFollower } from "./lease-follower.ts";

const newTable = (): LeaseTable =>
  new LeaseTable([{ low: address(0), high: address(255), pool: 0 }]);

const leaseOf = (last: number, startsAt: number): LeaseRecord => ({
  address: address(last),
  bindingState: "active",
  startsAt,
  endsAt: startsAt + 3600,
  nextBindingState: "free",
  rewindBindingState: "free",
  hardware: { type: 1, address: Uint8Array.of(2, 0, 0, 0, 0, last) },
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const leases = (...records: LeaseRecord[]): FollowerNotice => ({
  kind: "leases",
  records: packRecords(records.map((record) => [record.address, bytes(writeRecord(record))])),
});

/** Any value under the key of an address. */
const value = (last: number, text: string): FollowerNotice => ({
  kind: "leases",
  records: packRecords([[address(last), bytes(text)]]),
});

describe("a follower", () => {
  let table: LeaseTable;
  let file: MemoryLeaseStore;
  let follower: LeaseFollower;

  beforeEach(() => {
    file = new MemoryLeaseStore();
    restart();
  });

  /** As after a crash: a new table, from the lease file. */
  function restart(): void {
    table = newTable();
    file.loadInto(table);
    follower = new LeaseFollower(table, file);
  }

  function load(revision: number, ...records: LeaseRecord[]): void {
    follower.take({ kind: "loading", leasesInAll: 0 });
    if (records.length > 0) follower.take(leases(...records));
    follower.take({ kind: "complete", revision });
  }

  test("is complete when everything of one revision has come", () => {
    expect(follower.isComplete).toBe(false);
    load(7, ...sampleRecords);
    expect([follower.isComplete, follower.revision]).toEqual([true, 7]);
    for (const record of sampleRecords) {
      const index = table.indexOf(record.address);
      expect(writeRecord(table.recordOf(index))).toBe(writeRecord(record));
      expect(table.isDurable(index)).toBe(true);
    }
    follower.take({ kind: "loading", leasesInAll: 0 });
    expect(follower.isComplete).toBe(false);
  });

  test("the last record of an address counts; the lease file has what the table has", () => {
    load(7, leaseOf(1, 1000));
    follower.take(leases(leaseOf(1, 3000), leaseOf(1, 2000)));
    follower.take({ kind: "complete", revision: 9 });
    expect(table.startsAt(1)).toBe(2000);
    restart();
    expect(table.startsAt(1)).toBe(2000);
  });

  test("what only the lease file has stays, and is not durable: it may have been given", () => {
    load(7, leaseOf(1, 1000), leaseOf(2, 1000));
    restart();
    expect(table.isDurable(1)).toBe(true);
    expect(follower.hasDoubtful).toBe(false);
    load(3, leaseOf(2, 1000));
    expect([follower.localOnly(), follower.hasDoubtful]).toEqual([[1], true]);
    expect([table.isActive(1), table.isDurable(1)]).toEqual([true, false]);
    expect(table.isDurable(2)).toBe(true);
    // etcd got it after all.
    follower.take(leases(leaseOf(1, 1000)));
    expect(follower.localOnly()).toEqual([]);
    expect(table.isDurable(1)).toBe(true);
  });

  test("what the lease file has already is not written again", () => {
    load(7, leaseOf(1, 1000));
    restart();
    file.failNextCommit("EIO");
    load(8, leaseOf(1, 1000));
    expect(follower.fileTrouble).toBeUndefined();
  });

  test("a lease file that cannot be written keeps nobody from following, and is brought up later", () => {
    load(7, leaseOf(1, 1000));
    file.failNextCommit("ENOSPC");
    follower.take(leases(leaseOf(1, 2000), leaseOf(2, 2000)));
    expect(follower.fileTrouble).toMatchObject({ code: "ENOSPC" });
    expect(table.startsAt(1)).toBe(2000);
    follower.take(leases(leaseOf(3, 3000)));
    expect(follower.fileTrouble).toBeUndefined();
    restart();
    expect([1, 2, 3].map((index) => table.startsAt(index))).toEqual([2000, 2000, 3000]);
  });

  test("a lease of an address in no range is kept in the lease file", () => {
    const foreign = { ...leaseOf(1, 1000), address: address(0) + 0x0100_0000 };
    expect(follower.take(leases(foreign))).toEqual([]);
    const wide = new LeaseTable([{ low: foreign.address, high: foreign.address, pool: 0 }]);
    file.loadInto(wide);
    expect(wide.isActive(0)).toBe(true);
  });

  describe.each([
    ["a lease that is cut off", "lease 10.9.0.1 {"],
    ["no lease", "nonsense"],
    ["nothing", ""],
    ["bytes after its end", `${writeRecord(leaseOf(1, 1000))}\0`],
    ["two leases", writeRecord(leaseOf(1, 1000)).repeat(2)],
    ["a lease and a host", `${writeRecord(leaseOf(1, 1000))}host a { dynamic; }\n`],
    ["the lease of another address", writeRecord(leaseOf(2, 1000))],
    ["a mistake in a time", "lease 10.9.0.1 { starts 9 today; }"],
  ])("a value that is %s", (_name, text) => {
    test("is told by its address and passed over, and the others are followed", () => {
      follower.take({ kind: "loading", leasesInAll: 3 });
      expect(follower.take(leases(leaseOf(5, 1000)))).toEqual([]);
      expect(follower.take(value(1, text))).toEqual([
        { address: address(1), why: expect.stringMatching(/./) },
      ]);
      expect(follower.reading).toEqual({ leasesRead: 2, leasesInAll: 3 });
      expect(follower.take(leases(leaseOf(3, 1000)))).toEqual([]);
      follower.take({ kind: "complete", revision: 7 });
      expect([follower.isComplete, follower.revision]).toEqual([true, 7]);
      expect([1, 2, 3, 5].map((index) => table.isActive(index))).toEqual([
        ...[false, false, true, true],
      ]);
    });

    test("leaves its address to nobody, whatever the lease file knew, until etcd has a lease there", () => {
      load(7, leaseOf(1, 1000));
      restart();
      follower.take({ kind: "loading", leasesInAll: 1 });
      follower.take(value(1, text));
      follower.take({ kind: "complete", revision: 8 });
      expect(table.isAbandoned(1)).toBe(true);
      expect(table.byHardware(1, Uint8Array.of(2, 0, 0, 0, 0, 1))).toEqual([]);
      // Nothing of it is put over the value.
      expect(follower.localOnly()).toEqual([]);
      table.expireDue(0xffff_fff0, () => expect.fail("it never ends"));
      for (let given = 0; given < 255; given += 1) {
        const index = table.takeFree(0, 2000);
        expect(index).not.toBe(1);
        table.bind(index, leaseOf(index, 2000), 2000, 9000);
      }
      expect([table.takeFree(0, 2000), table.takeAbandoned(0)]).toEqual([-1, -1]);
      follower.take(leases(leaseOf(1, 3000)));
      expect(writeRecord(table.recordOf(1))).toBe(writeRecord(leaseOf(1, 3000)));
    });
  });
});
