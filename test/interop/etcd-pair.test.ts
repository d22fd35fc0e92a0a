import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { libcMissingReason } from "../../base/net/kernel/libc.ts";
import { openUdpSocket, waitReadable } from "../../base/net/udp-socket.ts";
import { pairKeys } from "../../server/etcd/pair-keys.ts";
import { writeRecord } from "../../server/lease/format/lease-file.ts";
import { CommitChain } from "../../server/lease/replicated/commit-chain.ts";
import { LeaseFileStore } from "../../server/lease/store/edge/lease-file-store.ts";
import { etcdMissingReason } from "./etcd-cluster.testing.ts";
import {
  commit,
  lead,
  leaseOf,
  low,
  newPrefix,
  newTable,
  PairOfTests,
  type TestNode,
  textOf,
  waitFor,
} from "./etcd-node.testing.ts";

const withCode = (code: string) => expect.objectContaining({ code, name: "LeaseStoreError" });

describeUnless(etcdMissingReason(), "a pair on three members of etcd", () => {
  const pair = new PairOfTests();

  /** Commits until one is durable; every other way than UNAVAILABLE fails. */
  function commitAtLast(node: TestNode, record: ReturnType<typeof leaseOf>): void {
    const endMs = performance.now() + 30_000;
    for (;;) {
      try {
        commit(node, record);
        return;
      } catch (error) {
        expect(error).toEqual(withCode("UNAVAILABLE"));
        if (performance.now() > endMs) throw error;
      }
    }
  }

  test("the standby has what the leader committed, in its table and in its lease file", async () => {
    const a = await lead(pair.start("a"));
    const table = newTable();
    const b = pair.start("b", table);
    for (let round = 1; round <= 30; round += 1) {
      commit(a, leaseOf(1, 1000 * round), leaseOf(2 + round, 1000));
    }
    waitFor(b, () => !table.isNeverUsed(table.indexOf(low + 32)));
    expect(textOf(table, 1)).toBe(writeRecord(leaseOf(1, 30_000)));
    expect(table.counts().active).toBe(31);
    expect(table.isDurable(table.indexOf(low + 1))).toBe(true);
    expect(b.role).toBe("following");
    expect(b.leader.record).toMatchObject({ epoch: 1, holder: a.self });
    waitFor(b, () => b.revision === a.revision);
    const inFile = newTable();
    LeaseFileStore.check(pair.leaseFileOf("b"), inFile);
    expect(textOf(inFile, 1)).toBe(writeRecord(leaseOf(1, 30_000)));
    expect(inFile.counts().active).toBe(31);
  });

  test.skipIf(libcMissingReason() !== undefined)(
    "the end of a commit, and news for a standby, end a wait for datagrams",
    async () => {
      const a = await lead(pair.start("a"));
      const table = newTable();
      const b = pair.start("b", table);
      const socket = await openUdpSocket({ address: 0x7f00_0001, port: 0, backend: "batch" });
      onTestFinished(() => socket.close());
      const sleep = (node: TestNode) => waitReadable([socket], 1_000_000, () => false, node.wake);
      for (let last = 0; last < 10; last += 1) {
        a.store.append(leaseOf(last, 1000));
        expect(a.store.beginCommit()).toBe(false);
        do await sleep(a);
        while (!a.store.endCommit(0));
        while (!table.isActive(last)) {
          await sleep(b);
          b.poll();
        }
      }
    },
  );

  test("the lease file of a standby is rewritten when it has grown", async () => {
    const a = await lead(pair.start("a"));
    const table = newTable();
    const leaseFile = join(pair.folder, "small");
    const b = pair.start("b", table, { leaseFile, file: { rewriteBytesMin: 4096 } });
    for (let round = 1; round <= 50; round += 1) commit(a, leaseOf(1, round), leaseOf(2, round));
    waitFor(b, () => table.startsAt(1) === 50 && table.startsAt(2) === 50);
    const grownBytes = statSync(leaseFile).size;
    for (let slices = 0; b.store.maintain(2000); slices += 1) expect(slices).toBeLessThan(100);
    expect(statSync(leaseFile).size).toBeLessThan(grownBytes / 10);
    const inFile = newTable();
    LeaseFileStore.check(leaseFile, inFile);
    expect(textOf(inFile, 2)).toBe(writeRecord(leaseOf(2, 50)));
  });

  test("a node that seizes the lead has every lease first, and the former leader commits no more", async () => {
    const a = await lead(pair.start("a"));
    const table = newTable();
    const b = pair.start("b", table);
    for (let round = 0; round < 20; round += 1) commit(a, leaseOf(round, 1000));
    // b did not look meanwhile: what it has not seen comes before its own term.
    await lead(b);
    expect(table.counts().active).toBe(20);
    expect(b.leader.record).toMatchObject({ epoch: 2, holder: b.self });
    a.store.append(leaseOf(50, 1000));
    expect(() => a.store.commit()).toThrow(withCode("FENCED"));
    // The commit cannot tell who leads now, the leader key can.
    expect(["paused", "fenced"]).toContain(a.role);
    waitFor(a, () => a.role === "fenced");
    for (let again = 0; again < 3; again += 1) {
      a.store.append(leaseOf(51, 1000));
      expect(() => a.store.commit()).toThrow(withCode("FENCED"));
    }
    commit(b, leaseOf(50, 2000, 99));
    expect(textOf(pair.found(), 50)).toBe(writeRecord(leaseOf(50, 2000, 99)));
  });

  test("a leader that commits nothing learns from the leader key that it was replaced", async () => {
    const a = await lead(pair.start("a"));
    await lead(pair.start("b"));
    waitFor(a, () => a.role === "fenced");
    a.store.append(leaseOf(1, 1000));
    expect(() => a.store.commit()).toThrow(withCode("FENCED"));
  });

  test("a transaction that was on its way before the claim comes too late after it", async () => {
    const a = await lead(pair.start("a"));
    commit(a, leaseOf(1, 1000));
    const keys = pairKeys(pair.prefix);
    const chain = new CommitChain(keys, a.leader.modRevision, "late");
    chain.begin(new Map([[low + 1, new TextEncoder().encode(writeRecord(leaseOf(1, 9000, 7)))]]));
    // The number 0 was used by the commit above, so this is a late copy within the term as well.
    const client = pair.cluster.client();
    const late = await client.transact(chain.next()!, 5000);
    expect(late.succeeded).toBe(false);
    await lead(pair.start("b"));
    const fenced = await client.transact(chain.next()!, 5000);
    client.close();
    expect(fenced.succeeded).toBe(false);
    expect(chain.answered(fenced)).toBe("fenced");
    expect(textOf(pair.found(), 1)).toBe(writeRecord(leaseOf(1, 1000)));
  });

  test("one member dies: commits go on; two: none is acknowledged, and it comes back by itself", async () => {
    const a = await lead(pair.start("a"));
    const table = newTable();
    const b = pair.start("b", table);
    pair.cluster.signal(0, "SIGKILL");
    for (let last = 0; last < 20; last += 1) commitAtLast(a, leaseOf(last, 1000));
    pair.cluster.signal(1, "SIGKILL");
    for (let round = 0; round < 2; round += 1) {
      a.store.append(leaseOf(100 + round, 1000));
      expect(() => a.store.commit()).toThrow(withCode("UNAVAILABLE"));
    }
    expect(a.trouble).not.toBe("");
    expect(a.role).toBe("active");
    pair.cluster.startMember(0);
    pair.cluster.startMember(1);
    commitAtLast(a, leaseOf(200, 3000));
    waitFor(b, () => !table.isNeverUsed(table.indexOf(low + 200)));
    for (let last = 0; last < 20; last += 1) expect(table.isActive(last)).toBe(true);
    await pair.cluster.healthy();
  });

  test("HA-27 DRBD monitor: a member that hangs is given up for another one, by commits and by a watch", async () => {
    const a = await lead(pair.start("a"));
    const table = newTable();
    const b = pair.start("b", table);
    for (const member of [0, 1, 2]) {
      pair.cluster.signal(member, "SIGSTOP");
      for (let last = 0; last < 5; last += 1) commitAtLast(a, leaseOf(10 * member + last, 1000));
      waitFor(b, () => table.counts().active === 5 * (member + 1));
      pair.cluster.signal(member, "SIGCONT");
    }
    await pair.cluster.healthy();
  });

  test("HA-21 transfer rate: 80,000 leases are loaded by a node that comes new", async () => {
    const a = await lead(pair.start("a", newTable(81_920)));
    for (let first = 0; first < 80_000; first += 4_000) {
      for (let last = first; last < first + 4_000; last += 1) a.store.append(leaseOf(last, 1000));
      a.store.commit();
    }
    const table = newTable(81_920);
    const startMs = performance.now();
    pair.start("b", table);
    process.stdout.write(`80,000 leases loaded in ${Math.round(performance.now() - startMs)} ms\n`);
    expect(table.counts().active).toBe(80_000);
    expect(textOf(table, 79_999)).toBe(writeRecord(leaseOf(79_999, 1000)));
  });

  test("what etcd lost comes back from a lease file, when somebody says which", async () => {
    const before = await lead(pair.start("a"));
    for (let last = 0; last < 300; last += 1) before.store.append(leaseOf(last, 1000));
    before.store.commit();
    await pair.close(before);
    pair.prefix = newPrefix();
    const table = newTable();
    const a = pair.start("a", table);
    expect(table.counts().active).toBe(300);
    // Possibly given: not handed to others, and not acknowledged without a commit.
    expect(table.isDurable(0)).toBe(false);
    expect(a.mustRecover).toBe(true);
    await lead(a);
    expect(a.recover()).toBe(300);
    expect(a.mustRecover).toBe(false);
    const recovered = pair.found();
    expect(recovered.counts().active).toBe(300);
    expect(textOf(recovered, 299)).toBe(writeRecord(leaseOf(299, 1000)));
  });

  test("a value in etcd that is no lease is told by its key, and its address is nobody's until there is one", async () => {
    const a = await lead(pair.start("a"));
    commit(a, leaseOf(1, 1000), leaseOf(2, 1000));
    const { leases } = pairKeys(pair.prefix);
    pair.cluster.ctl("put", `${leases}10.9.0.1`, "lease 10.9.0.1 { nonsense");
    pair.cluster.ctl("put", `${leases}10.9.0.3`, "");
    pair.cluster.ctl("put", `${leases}witness`, "1");
    const table = newTable();
    const b = pair.start("b", table);
    expect([...b.takeUnreadable()].sort()).toEqual([
      expect.stringMatching(/10\.9\.0\.1 in etcd.*nobody/),
      expect.stringMatching(/10\.9\.0\.3 in etcd.*nobody/),
      expect.stringMatching(/witness in etcd names no address/),
    ]);
    expect([1, 2, 3].map((index) => table.isAbandoned(index))).toEqual([true, false, true]);
    expect(table.isActive(2)).toBe(true);
    // The node that leads goes on, and what it commits mends the value.
    commit(a, leaseOf(1, 2000));
    waitFor(b, () => table.isActive(1));
    pair.cluster.ctl("put", `${leases}10.9.0.2`, "garbage");
    waitFor(b, () => table.isAbandoned(2));
    expect(b.takeUnreadable()).toEqual([expect.stringContaining("10.9.0.2 in etcd")]);
    // A lease that is deleted stays as it was.
    pair.cluster.ctl("del", `${leases}10.9.0.1`);
    commit(a, leaseOf(4, 2000));
    waitFor(b, () => table.isActive(4));
    expect(table.isActive(1)).toBe(true);
  });
});
