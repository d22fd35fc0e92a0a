import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeRecord } from "../format/lease-file.ts";
import type { LeaseRecord } from "../lease.ts";
import { sampleRecords } from "../lease-samples.testing.ts";
import { LeaseTable } from "../table/lease-table.ts";
import { type LeaseStore, LeaseStoreError } from "./lease-store.ts";

export interface LeaseStoreSubject {
  /** Opens the store and loads what it has into the table; the one before was closed. */
  open(table: LeaseTable): LeaseStore;
  /** The next commit that has something to write fails with this code. */
  failNextCommit(code: string): void;
  remove(): void;
}

const low = 0x0a09_0000;
const newTable = (): LeaseTable => new LeaseTable([{ low, high: low + 16_383, pool: 0 }]);

function leaseOf(last: number, startsAt: number): LeaseRecord {
  return {
    address: low + last,
    bindingState: "active",
    startsAt,
    endsAt: startsAt + 3600,
    cltt: startsAt,
    nextBindingState: "free",
    rewindBindingState: "free",
    hardware: { type: 1, address: Uint8Array.of(2, 0, 0, 0, last >>> 8, last & 0xff) },
    clientId: Uint8Array.of(1, 2, 0, 0, 0, last >>> 8, last & 0xff),
    vendorClass: new TextEncoder().encode("docsis3.0:".repeat(20)),
  };
}

/** What every lease store promises, whatever it keeps its leases in. */
export function describeLeaseStore(name: string, create: () => LeaseStoreSubject): void {
  describe(`${name} keeps the promises of a lease store`, () => {
    let subject: LeaseStoreSubject;
    let store: LeaseStore;

    beforeEach(() => {
      subject = create();
      store = subject.open(newTable());
    });

    afterEach(() => {
      store.close();
      subject.remove();
    });

    function reopened(): LeaseTable {
      store.close();
      const table = newTable();
      store = subject.open(table);
      return table;
    }

    function textOf(table: LeaseTable, address: number): string {
      return writeRecord(table.recordOf(table.indexOf(address)));
    }

    test("what was committed is there again, whatever it was", () => {
      for (const record of sampleRecords) store.append(record);
      store.commit();
      const table = reopened();
      for (const record of sampleRecords) {
        expect(textOf(table, record.address)).toBe(writeRecord(record));
        expect(table.isDurable(table.indexOf(record.address))).toBe(true);
      }
    });

    test("the last record of an address counts, within a batch and between batches", () => {
      for (const startsAt of [1000, 3000, 2000]) store.append(leaseOf(1, startsAt));
      store.append(leaseOf(2, 1000));
      store.commit();
      store.append(leaseOf(2, 900));
      store.commit();
      const table = reopened();
      expect(textOf(table, low + 1)).toBe(writeRecord(leaseOf(1, 2000)));
      expect(textOf(table, low + 2)).toBe(writeRecord(leaseOf(2, 900)));
      expect(table.counts().neverUsed).toBe(table.size - 2);
    });

    test("what was not committed is gone", () => {
      store.append(leaseOf(1, 1000));
      store.commit();
      store.append(leaseOf(2, 1000));
      expect(reopened().counts()).toMatchObject({ active: 1 });
    });

    test("append takes the record over: its bytes may change before the commit", () => {
      const record = leaseOf(1, 1000);
      store.append(record);
      record.clientId!.fill(0xff);
      record.hardware!.address.fill(0xff);
      record.vendorClass!.fill(0xff);
      store.commit();
      expect(textOf(reopened(), low + 1)).toBe(writeRecord(leaseOf(1, 1000)));
    });

    test("a lease of the table is appended as it is at that moment", () => {
      const table = reopened();
      for (const record of sampleRecords) {
        table.load(record);
        store.appendLease(table.indexOf(record.address));
      }
      table.load(leaseOf(1, 1000));
      store.appendLease(table.indexOf(low + 1));
      table.load(leaseOf(1, 2000));
      store.commit();
      const found = reopened();
      for (const record of sampleRecords) {
        expect(textOf(found, record.address)).toBe(writeRecord(record));
      }
      expect(textOf(found, low + 1)).toBe(writeRecord(leaseOf(1, 1000)));
    });

    test("a failed commit throws, drops its batch and nothing else", () => {
      store.append(leaseOf(1, 1000));
      store.commit();
      store.append(leaseOf(1, 2000));
      store.append(leaseOf(2, 2000));
      subject.failNextCommit("ENOSPC");
      expect(() => store.commit()).toThrow(LeaseStoreError);
      // Nothing is left of the batch that a later commit could bring back.
      store.commit();
      store.append(leaseOf(3, 3000));
      store.commit();
      const table = reopened();
      expect(textOf(table, low + 1)).toBe(writeRecord(leaseOf(1, 1000)));
      expect(textOf(table, low + 3)).toBe(writeRecord(leaseOf(3, 3000)));
      expect(table.counts()).toMatchObject({ active: 2, neverUsed: table.size - 2 });
    });

    test("a commit that is begun ends like any other; what came meanwhile is the next one's", () => {
      store.append(leaseOf(1, 1000));
      store.beginCommit();
      store.append(leaseOf(2, 2000));
      expect(store.endCommit(Number.POSITIVE_INFINITY)).toBe(true);
      expect(store.endCommit(0)).toBe(true);
      const table = reopened();
      expect(textOf(table, low + 1)).toBe(writeRecord(leaseOf(1, 1000)));
      expect(table.counts().active).toBe(1);
      store.append(leaseOf(2, 2000));
      store.beginCommit();
      store.append(leaseOf(3, 3000));
      store.endCommit(Number.POSITIVE_INFINITY);
      store.commit();
      expect(reopened().counts().active).toBe(3);
    });

    test("a begun commit that fails drops its batch, and not what came meanwhile", () => {
      const fail = (call: () => unknown): void => {
        subject.failNextCommit("EIO");
        expect(call).toThrow(expect.objectContaining({ code: "EIO", name: "LeaseStoreError" }));
      };
      store.append(leaseOf(1, 1000));
      fail(() => {
        store.beginCommit();
        store.append(leaseOf(2, 2000));
        store.endCommit(Number.POSITIVE_INFINITY);
      });
      store.append(leaseOf(3, 3000));
      store.beginCommit();
      expect(store.endCommit(Number.POSITIVE_INFINITY)).toBe(true);
      const table = reopened();
      expect(table.isActive(table.indexOf(low + 1))).toBe(false);
      expect(table.isActive(table.indexOf(low + 3))).toBe(true);
    });

    test("more than any buffer may be appended while a commit is under way", () => {
      store.append(leaseOf(0, 1000));
      store.beginCommit();
      for (let last = 1; last < 6_000; last += 1) store.append(leaseOf(last, 1000));
      expect(store.endCommit(Number.POSITIVE_INFINITY)).toBe(true);
      store.beginCommit();
      store.endCommit(Number.POSITIVE_INFINITY);
      expect(reopened().counts().active).toBe(6_000);
    });

    test("an error says what, where and what to do", () => {
      subject.failNextCommit("EIO");
      // Nothing to write, nothing to fail.
      store.commit();
      store.append(leaseOf(1, 1000));
      let caught: unknown;
      try {
        store.commit();
      } catch (error) {
        caught = error;
      }
      expect(caught).toBeInstanceOf(LeaseStoreError);
      const error = caught as LeaseStoreError;
      expect(error.code).toBe("EIO");
      expect(error.message).toContain("EIO");
      expect(error.message).toMatch(/^Can't \w+ .*to \S+/);
      expect(error.message.length).toBeGreaterThan(40);
    });

    test("a batch may be larger than any buffer", () => {
      for (let last = 0; last < 6_000; last += 1) store.append(leaseOf(last, 1000 + last));
      store.commit();
      const table = reopened();
      expect(table.counts().active).toBe(6_000);
      for (const last of [0, 1, 2_345, 5_999]) {
        expect(textOf(table, low + last)).toBe(writeRecord(leaseOf(last, 1000 + last)));
      }
    });

    test("a large batch that fails leaves nothing", () => {
      store.append(leaseOf(7, 1000));
      store.commit();
      for (let last = 0; last < 6_000; last += 1) store.append(leaseOf(last, 2000));
      subject.failNextCommit("ENOSPC");
      expect(() => store.commit()).toThrow(LeaseStoreError);
      const table = reopened();
      expect(table.counts().active).toBe(1);
      expect(textOf(table, low + 7)).toBe(writeRecord(leaseOf(7, 1000)));
    });

    test("housekeeping comes to an end, and closing twice is harmless", () => {
      store.append(leaseOf(1, 1000));
      store.commit();
      let slices = 0;
      while (store.maintain(2000)) slices += 1;
      expect(slices).toBeLessThan(1_000);
      store.close();
      store.close();
      expect(["fsync", "os", "none", "replicated"]).toContain(store.durability);
    });
  });
}
