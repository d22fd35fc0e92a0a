import { beforeEach, describe, expect, test } from "vitest";
import { writeRecord } from "../format/lease-file.ts";
import type { LeaseRecord } from "../lease.ts";
import { address, sampleRecords } from "../lease-samples.testing.ts";
import { MemoryLeaseStore } from "../store/memory-lease-store.testing.ts";
import { LeaseTable } from "../table/lease-table.ts";
import { LeaseFollower } from "./lease-follower.ts";

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

const textsOf = (...records: LeaseRecord[]): Uint8Array =>
  new TextEncoder().encode(records.map(writeRecord).join(""));

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
    follower.take({ kind: "loading" });
    if (records.length > 0) follower.take({ kind: "leases", texts: textsOf(...records) });
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
    follower.take({ kind: "loading" });
    expect(follower.isComplete).toBe(false);
  });

  test("the last record of an address counts; the lease file has what the table has", () => {
    load(7, leaseOf(1, 1000));
    follower.take({ kind: "leases", texts: textsOf(leaseOf(1, 3000), leaseOf(1, 2000)) });
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
    follower.take({ kind: "leases", texts: textsOf(leaseOf(1, 1000)) });
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
    follower.take({ kind: "leases", texts: textsOf(leaseOf(1, 2000), leaseOf(2, 2000)) });
    expect(follower.fileTrouble).toMatchObject({ code: "ENOSPC" });
    expect(table.startsAt(1)).toBe(2000);
    follower.take({ kind: "leases", texts: textsOf(leaseOf(3, 3000)) });
    expect(follower.fileTrouble).toBeUndefined();
    restart();
    expect([1, 2, 3].map((index) => table.startsAt(index))).toEqual([2000, 2000, 3000]);
  });

  test.each(["lease 10.9.0.1 {", "nonsense", "lease 10.9.0.1 { starts never; ends 7; }\0"])(
    "%j is damage, with a way out",
    (text) => {
      follower.take({ kind: "loading" });
      const texts = new TextEncoder().encode(text);
      const damage = expect.objectContaining({ code: "DAMAGED" });
      expect(() => follower.take({ kind: "leases", texts })).toThrow(damage);
    },
  );
});
