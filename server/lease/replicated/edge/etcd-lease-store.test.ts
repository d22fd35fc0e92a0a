import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { writeRecord } from "../../format/lease-file.ts";
import { parseLeaseFile } from "../../format/parse-lease-file.testing.ts";
import { address, modemLease } from "../../lease-samples.testing.ts";
import { LeaseFileStore } from "../../store/edge/lease-file-store.ts";
import { LeaseRow } from "../../table/lease-row.ts";
import { LeaseTable } from "../../table/lease-table.ts";
import { LeaseBatch, readBatch } from "../lease-batch.ts";
import type { CommitEnd } from "../pair-messages.ts";
import { EtcdLeaseStore } from "./etcd-lease-store.ts";

const withCode = (code: string) => expect.objectContaining({ code, name: "LeaseStoreError" });
const newTable = (): LeaseTable =>
  new LeaseTable([{ low: address(0), high: address(255), pool: 0 }]);
const leaseOf = (last: number) => ({ ...modemLease, address: address(last) });

/** In the place of the thread: ends commits as the test says, or not yet. */
class Ends {
  readonly options = {
    ...{ endpoints: ["http://127.0.0.1:1"], prefix: "/p/" },
    ...{ commitMsMax: 1, attemptMsMin: 1, probeMs: 1 },
  };
  isOver = false;
  next: CommitEnd | undefined = "durable";
  begun: number[][] = [];

  beginCommit({ shared, lengthBytes }: LeaseBatch): void {
    this.begun.push([...readBatch(shared, lengthBytes).keys()].map((key) => key - address(0)));
  }

  endCommit(): CommitEnd | undefined {
    return this.next;
  }
}

describe("the store of a leader", () => {
  let ends: Ends;
  let store: EtcdLeaseStore;
  let path: string;

  beforeEach(() => {
    const folder = mkdtempSync(join(tmpdir(), "provlab-etcd-store-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    path = join(folder, "leases");
    ends = new Ends();
    const table = newTable();
    const file = LeaseFileStore.open(path, table, { create: true, durability: "os" });
    const trouble = () => "no answer in 1 ms";
    store = new EtcdLeaseStore({ thread: ends, file, table, trouble, onClose: () => file.close() });
    onTestFinished(() => store.close());
    store.lead(7);
  });

  function inFile(): number[] {
    const table = newTable();
    LeaseFileStore.check(path, table);
    return Array.from({ length: 256 }, (_, index) => index).filter((index) =>
      table.isActive(index),
    );
  }

  test("the lease file has the records before etcd is asked", () => {
    store.append(leaseOf(1));
    ends.next = undefined;
    expect(store.beginCommit()).toBe(false);
    expect(inFile()).toEqual([1]);
    expect(store.endCommit(0)).toBe(false);
    store.append(leaseOf(2));
    expect(inFile()).toEqual([1]);
    ends.next = "durable";
    expect(store.endCommit(0)).toBe(true);
    store.commit();
    expect(ends.begun).toEqual([[1], [2]]);
  });

  test("without an answer nothing is durable, with words for what to do, and the next commit is tried", () => {
    ends.next = "unavailable";
    store.append(leaseOf(1));
    expect(() => store.commit()).toThrow(withCode("UNAVAILABLE"));
    store.append(leaseOf(2));
    expect(() => store.commit()).toThrow(
      /no answer in 1 ms.*http:|http:.*no answer in 1 ms.*Check/,
    );
    ends.next = "durable";
    store.append(leaseOf(3));
    store.commit();
    expect(ends.begun).toEqual([[1], [2], [3]]);
    expect(store.isFenced).toBe(false);
  });

  test("a commit of nothing settles one that was not answered, and only that", () => {
    expect(store.beginCommit()).toBe(true);
    ends.next = "unavailable";
    store.append(leaseOf(1));
    expect(() => store.commit()).toThrow(withCode("UNAVAILABLE"));
    expect(() => store.commit()).toThrow(withCode("UNAVAILABLE"));
    ends.next = "durable";
    store.commit();
    expect(store.beginCommit()).toBe(true);
    expect(ends.begun).toEqual([[1], [], []]);
  });

  test("fenced is until the next term: etcd is not even asked again", () => {
    ends.next = "fenced";
    store.append(leaseOf(1));
    expect(() => store.commit()).toThrow(withCode("FENCED"));
    ends.next = "durable";
    for (const last of [2, 3]) {
      store.append(leaseOf(last));
      expect(() => store.beginCommit()).toThrow(withCode("FENCED"));
    }
    expect(ends.begun).toEqual([[1]]);
    expect(store.isFenced).toBe(true);
    store.lead(8);
    store.append(leaseOf(4));
    store.commit();
    expect(ends.begun).toEqual([[1], [4]]);
  });

  test("what was under way when a new term began does not end it", () => {
    ends.next = undefined;
    store.append(leaseOf(1));
    expect(store.beginCommit()).toBe(false);
    store.fence();
    store.lead(8);
    ends.next = "fenced";
    expect(() => store.endCommit(0)).toThrow(withCode("FENCED"));
    expect(store.isFenced).toBe(false);
    ends.next = "durable";
    store.append(leaseOf(2));
    store.commit();
    expect(ends.begun).toEqual([[1], [2]]);
  });

  test("a thread that is gone commits nothing", () => {
    ends.isOver = true;
    store.append(leaseOf(1));
    expect(() => store.commit()).toThrow(withCode("UNAVAILABLE"));
    expect(ends.begun).toEqual([]);
  });
});

test("a batch of any size comes out as it went in, the last record of an address", () => {
  const batch = new LeaseBatch();
  const row = new LeaseRow();
  for (let last = 0; last < 3000; last += 1) {
    row.setRecord(leaseOf(last));
    batch.append(row);
  }
  row.setRecord({ ...leaseOf(7), startsAt: 5 });
  batch.append(row);
  const records = readBatch(batch.shared, batch.lengthBytes);
  expect(records.size).toBe(3000);
  const text = new TextDecoder().decode(records.get(address(7)));
  expect(text).toBe(writeRecord({ ...leaseOf(7), startsAt: 5 }));
  expect(parseLeaseFile(records.get(address(2999))!).records[0].address).toBe(address(2999));
  batch.clear();
  expect(readBatch(batch.shared, batch.lengthBytes).size).toBe(0);
});
