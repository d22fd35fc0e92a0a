import { expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { LeaseFileStore } from "../../server/lease/store/edge/lease-file-store.ts";
import { nodeDisk } from "../../server/lease/store/edge/node-disk.ts";
import { watchedDisk } from "../../server/lease/store/lease-disk.testing.ts";
import type { LeaseTable } from "../../server/lease/table/lease-table.ts";
import { etcdMissingReason } from "./etcd-cluster.testing.ts";
import {
  commit,
  lead,
  leaseOf,
  newTable,
  PairOfTests,
  textOf,
  waitFor,
} from "./etcd-node.testing.ts";

// What the guide has DRBD for (section 2.2.1, table 2.2.1), of the store that stands in its place.

describeUnless(etcdMissingReason(), "what DRBD does in the guide", () => {
  const pair = new PairOfTests();

  function expectAlike(table: LeaseTable, other: LeaseTable, leases: number): void {
    expect(other.counts()).toEqual(table.counts());
    for (let last = 0; last < leases; last += 1) {
      expect(textOf(other, last)).toBe(textOf(table, last));
    }
  }

  test("HA-9, LEASE-7, HA-21 synchronised folder: a standby node has every lease, in table and file, before it claims", async () => {
    const a = await lead(pair.start("a"));
    const table = newTable();
    const b = pair.start("b", table);
    for (let last = 0; last < 2000; last += 100) {
      commit(a, ...Array.from({ length: 100 }, (_, more) => leaseOf(last + more, 1000)));
    }
    waitFor(b, () => b.revision === a.revision);
    const before = Array.from({ length: 2000 }, (_, last) => textOf(table, last));
    await pair.close(a);
    // Nothing is left to be brought over: what it serves with is what it had.
    await lead(b);
    expect(Array.from({ length: 2000 }, (_, last) => textOf(table, last))).toEqual(before);
    expect(table.counts().active).toBe(2000);
    const inFile = newTable();
    LeaseFileStore.check(pair.leaseFileOf("b"), inFile);
    expectAlike(table, inFile, 2000);
  });

  test("HA-18, HA-21 operating mode: leases go from the active to the standby node, and none the other way", async () => {
    const file = LeaseFileStore.open(pair.leaseFileOf("b"), newTable(), { create: true });
    file.append(leaseOf(7, 500));
    file.commit();
    file.close();
    const table = newTable();
    const a = await lead(pair.start("a", table));
    pair.start("b");
    commit(a, leaseOf(1, 1000));
    const found = newTable();
    const reader = pair.start("reader", found);
    waitFor(reader, () => reader.revision === a.revision);
    expect([1, 7].map((last) => found.isActive(last))).toEqual([true, false]);
    expect(table.isNeverUsed(7)).toBe(true);
  });

  test("HA-19, HA-21 split-brain repair: the former active node gets what changed meanwhile, and leads again", async () => {
    const a = await lead(pair.start("a"));
    commit(a, leaseOf(1, 1000), leaseOf(2, 1000));
    const b = pair.start("b");
    await pair.close(a);
    await lead(b);
    commit(b, leaseOf(2, 2000), leaseOf(3, 2000));
    const table = newTable();
    const again = pair.start("a", table);
    expect([1, 2, 3].map((last) => table.startsAt(last))).toEqual([1000, 2000, 2000]);
    await lead(again);
    commit(again, leaseOf(1, 3000));
    waitFor(b, () => b.role === "fenced");
    b.store.append(leaseOf(1, 4000));
    expect(() => b.store.commit()).toThrow(expect.objectContaining({ code: "FENCED" }));
    const found = pair.found();
    expect([1, 2, 3].map((last) => found.startsAt(last))).toEqual([3000, 2000, 2000]);
  });

  test("HA-20: without its standby node the active one goes on, and that one catches up", async () => {
    const a = await lead(pair.start("a"));
    const b = pair.start("b");
    commit(a, leaseOf(1, 1000), leaseOf(2, 1000));
    waitFor(b, () => b.revision === a.revision);
    await pair.close(b);
    for (let last = 2; last < 300; last += 1) commit(a, leaseOf(last, 2000));
    const table = newTable();
    const again = pair.start("b", table);
    waitFor(again, () => again.revision === a.revision);
    expect(table.counts().active).toBe(299);
    expect([1, 2, 299].map((last) => table.startsAt(last))).toEqual([1000, 2000, 2000]);
  });

  test("HA-21 replication mode, protocol C: what is acknowledged outlives the loss of any one machine", async () => {
    const a = await lead(pair.start("a"));
    for (const member of [0, 1, 2]) {
      commit(a, leaseOf(member, 1000));
      pair.cluster.signal(member, "SIGKILL");
      const found = newTable();
      const reader = pair.start(`reader-${member}`, found);
      expect(found.isActive(member)).toBe(true);
      await pair.close(reader);
      pair.cluster.startMember(member);
      await pair.cluster.healthy();
    }
  });

  test("HA-21 replication mode, protocol C: a lease that one machine alone has is not acknowledged", async () => {
    const a = await lead(pair.start("a"));
    const stopped = [0, 1];
    for (const member of stopped) pair.cluster.signal(member, "SIGSTOP");
    a.store.append(leaseOf(1, 1000));
    expect(() => a.store.commit()).toThrow(expect.objectContaining({ code: "UNAVAILABLE" }));
    for (const member of stopped) pair.cluster.signal(member, "SIGCONT");
    await pair.cluster.healthy();
  });

  test("HA-21 disk-error policy: a lease file that cannot be written acknowledges nothing", async () => {
    let isFull = false;
    const disk = watchedDisk(nodeDisk, (_, name) => {
      if (isFull && name === "write") throw Object.assign(new Error("ENOSPC"), { code: "ENOSPC" });
    });
    const a = await lead(pair.start("a", newTable(), { file: { create: true, disk } }));
    isFull = true;
    a.store.append(leaseOf(1, 1000));
    expect(() => a.store.commit()).toThrow(/ENOSPC/);
    isFull = false;
    commit(a, leaseOf(2, 1000));
    const found = pair.found();
    expect([1, 2].map((last) => found.isActive(last))).toEqual([false, true]);
  });

  test("OPS-10, OPS-12: a standby node that is cut off catches up by itself, with no order", async () => {
    const a = await lead(pair.start("a"));
    const table = newTable();
    const b = pair.start("b", table, { endpoints: [pair.cluster.endpoints[2]] });
    pair.cluster.signal(2, "SIGSTOP");
    // Until it says so: a member of etcd may be late with an answer to the active node as well.
    waitFor(b, () => b.trouble !== "");
    for (let last = 0; last < 50; last += 1) {
      a.store.append(leaseOf(last, 1000));
      try {
        a.store.commit();
      } catch (error) {
        expect(error).toMatchObject({ code: "UNAVAILABLE" });
        last -= 1;
      }
    }
    expect(table.counts().active).toBe(0);
    pair.cluster.signal(2, "SIGCONT");
    waitFor(b, () => table.counts().active === 50);
    await pair.cluster.healthy();
  });
});
