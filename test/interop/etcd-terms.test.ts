import { expect, test } from "vitest";
import { describeUnless } from "../../base/net/describe-unless.testing.ts";
import { etcdMissingReason } from "./etcd-cluster.testing.ts";
import { commit, lead, leaseOf, newTable, PairOfTests, waitFor } from "./etcd-node.testing.ts";

const patiently = { timeout: 20_000, interval: 20 };
const withCode = (code: string) => expect.objectContaining({ code, name: "LeaseStoreError" });

describeUnless(etcdMissingReason(), "terms of a pair", () => {
  const pair = new PairOfTests(1);

  test("of two nodes that claim what they saw at once, one leads", async () => {
    const both = [pair.start("a"), pair.start("b")];
    for (const { leadership } of both) {
      await expect.poll(() => leadership.current()?.epoch, patiently).toBe(0);
    }
    await Promise.all(
      both.map((node) =>
        expect
          .poll(async () => {
            const outcome = await node.leadership.claim({ seenEpoch: 0, raisesFailureFlag: false });
            return outcome.kind;
          }, patiently)
          .not.toBe("unavailable"),
      ),
    );
    const won = both.filter(({ leadership }) => leadership.termOf(1) !== undefined);
    expect(won.length).toBe(1);
    for (const node of both)
      waitFor(node, () => node.leader.record?.holder.bootId === won[0].self.bootId);
  });

  test("a release makes room at once; the node may lead again with its table, before anybody else", async () => {
    const table = newTable(256);
    const a = await lead(pair.start("a", table));
    commit(a, leaseOf(1, 1000));
    const b = pair.start("b");
    await a.leadership.release(1, false);
    waitFor(b, () => b.leader.record?.hold === "released");
    waitFor(a, () => a.role === "paused");
    a.store.append(leaseOf(1, 2000));
    expect(() => a.store.commit()).toThrow(withCode("FENCED"));
    await lead(a);
    expect(a.leader.record).toMatchObject({ epoch: 2, holder: a.self });
    commit(a, leaseOf(2, 1000));
    await a.leadership.release(2, false);
    await lead(b);
    expect(b.leader.record).toMatchObject({ epoch: 3, holder: b.self });
    waitFor(a, () => a.role === "fenced");
    expect(pair.found().counts().active).toBe(2);
  });

  test("a leader that claims again, as after a stall, commits no more in the old term and goes on in the new", async () => {
    const table = newTable(256);
    const a = await lead(pair.start("a", table));
    const standby = newTable(256);
    const b = pair.start("b", standby);
    for (const epoch of [2, 3, 4]) {
      commit(a, leaseOf(epoch, 1000));
      expect(await a.claim()).toBe(epoch);
      a.store.append(leaseOf(100 + epoch, 1000));
      expect(() => a.store.commit()).toThrow(withCode("FENCED"));
      expect(a.role).toBe("paused");
      a.adopt({ epoch, term: a.leadership.termOf(epoch)! });
      waitFor(a, () => a.role === "active");
      commit(a, leaseOf(200 + epoch, 1000));
    }
    waitFor(b, () => standby.isActive(204));
    expect(b.role).toBe("following");
    const active = Array.from({ length: 256 }, (_, last) => last).filter((last) =>
      standby.isActive(last),
    );
    expect(active).toEqual([2, 3, 4, 202, 203, 204]);
  });

  test("a part that commits and starts anew, in the same program, leads the next term with what etcd has", async () => {
    const a = await lead(pair.start("a"));
    commit(a, leaseOf(1, 1000));
    const b = await lead(pair.start("b"));
    waitFor(a, () => a.role === "fenced");
    commit(b, leaseOf(1, 2000), leaseOf(2, 2000));
    const epoch = await a.claim();
    const mandate = { epoch, term: a.leadership.termOf(epoch)! };
    // The old part has missed what the other one did, whatever it is told.
    a.adopt(mandate);
    expect(a.role).toBe("fenced");
    a.store.append(leaseOf(3, 3000));
    expect(() => a.store.commit()).toThrow(withCode("FENCED"));
    a.store.close();
    const table = newTable(256);
    const { bootId } = a.self;
    const renewed = pair.start("a", table, { bootId });
    renewed.adopt(mandate);
    waitFor(renewed, () => renewed.role === "active");
    expect([table.startsAt(1), table.startsAt(2)]).toEqual([2000, 2000]);
    // What only its own file has may have been given: it is nobody else's, and not durable.
    expect([table.isActive(3), table.isDurable(3)]).toEqual([true, false]);
    commit(renewed, leaseOf(4, 4000));
  });
});
