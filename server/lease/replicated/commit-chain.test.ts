import { describe, expect, test } from "vitest";
import type { KeyValue, Transaction } from "../../etcd/etcd-messages.ts";
import { pairKeys } from "../../etcd/pair-keys.ts";
import { encodeLink } from "../../mandate/leader-key.ts";
import { CommitChain } from "./commit-chain.ts";

const keys = pairKeys("/p/");
const term = 7;
const linkOf = (number: number, writer = "w"): Uint8Array => encodeLink(number, writer);

function records(count: number, bytes = 10): Map<number, Uint8Array> {
  return new Map(Array.from({ length: count }, (_, at) => [at, new Uint8Array(bytes)]));
}

const done = { succeeded: true, revision: 9, found: [] };

/** What a transaction reads whose guards do not hold. */
function refused(leaderRevision: number, number: number, writer = "w") {
  const found: KeyValue[] = [
    { key: keys.leader, value: new Uint8Array(0), modRevision: leaderRevision },
    { key: keys.chain, value: linkOf(number, writer), modRevision: 9 },
  ];
  return { succeeded: false, revision: 9, found };
}

function chainWith(count: number, bytes?: number): CommitChain {
  const chain = new CommitChain(keys, term, "w");
  chain.begin(records(count, bytes));
  return chain;
}

const leasesOf = (transaction: Transaction | undefined): number =>
  transaction === undefined ? 0 : transaction.puts.length - 1;

describe("the chain of a term's transactions", () => {
  test("one batch is one transaction, guarded by the term and the number before it", () => {
    const chain = chainWith(256);
    const transaction = chain.next()!;
    expect(transaction.guards).toEqual([
      { key: keys.leader, modRevision: term },
      { key: keys.chain, value: linkOf(0) },
    ]);
    expect(leasesOf(transaction)).toBe(256);
    expect(transaction.puts.at(-1)).toEqual({ key: keys.chain, value: linkOf(1) });
    expect(transaction.puts[1].key).toBe("/p/lease/0.0.0.1");
    expect(chain.answered(done)).toBe("durable");
    expect(chain.next()).toBeUndefined();
  });

  test("many leases, and large ones, are several transactions; the last one makes them durable", () => {
    for (const [count, bytes] of [
      [2500, 10],
      [30, 100_000],
    ] as const) {
      const chain = chainWith(count, bytes);
      const sizes: number[] = [];
      for (let state = "more"; state !== "durable"; state = chain.answered(done)) {
        const transaction = chain.next()!;
        sizes.push(leasesOf(transaction));
        const sum = transaction.puts.reduce((total, put) => total + put.value.length, 0);
        expect(sum).toBeLessThan(1.2 * (1 << 20));
        expect(transaction.guards[1]).toEqual({
          key: keys.chain,
          value: linkOf(sizes.length - 1),
        });
      }
      expect(sizes.length).toBe(3);
      expect(sizes.reduce((total, size) => total + size)).toBe(count);
    }
  });

  test("one whose answer was lost stays the next, with the same content, before what is new", () => {
    const chain = chainWith(1500);
    const first = chain.next()!;
    chain.abandon();
    chain.begin(records(3));
    expect(chain.next()).toEqual(first);
    // It had happened: its number is in the chain key already.
    expect(chain.answered(refused(term, 1))).toBe("more");
    expect(leasesOf(chain.next())).toBe(3);
    expect(chain.next()!.guards[1]).toEqual({ key: keys.chain, value: linkOf(1) });
    expect(chain.answered(done)).toBe("durable");
  });

  test("what was never sent is dropped when time is up: the rest does not grow", () => {
    const chain = chainWith(5000);
    for (let round = 0; round < 10; round += 1) {
      chain.abandon();
      chain.begin(records(5000));
    }
    let count = 0;
    for (let state = "more"; state !== "durable"; state = chain.answered(done)) {
      count += leasesOf(chain.next());
    }
    expect(count).toBe(1000 + 5000);
  });

  test.each([
    ["another leader", refused(8, 0)],
    ["another leader, and the number it would have left", refused(8, 1)],
    ["a number that nobody of this term wrote", refused(term, 5)],
    ["the number before it, which its guard compared", refused(term, 0)],
    ["the number of another chain of the term", refused(term, 1, "other")],
    ["no keys at all", { succeeded: false, revision: 9, found: [] }],
  ])("%s: fenced for ever", (_, answer) => {
    const chain = chainWith(3);
    expect(chain.answered(answer)).toBe("fenced");
    expect(chain.isFenced).toBe(true);
    expect(chain.next()).toBeUndefined();
  });

  test("a member that takes fewer puts gets fewer, from then on", () => {
    const chain = chainWith(1000);
    expect(chain.refusedAsTooLarge()).toBe(true);
    expect(leasesOf(chain.next())).toBe(127);
    expect(chain.refusedAsTooLarge()).toBe(true);
    expect(leasesOf(chain.next())).toBe(64);
    let count = 0;
    for (let state = "more"; state !== "durable"; state = chain.answered(done)) {
      count += leasesOf(chain.next());
    }
    expect(count).toBe(1000);
    chain.begin(records(100));
    expect(leasesOf(chain.next())).toBe(64);
  });

  test("one record cannot be cut", () => {
    expect(chainWith(1).refusedAsTooLarge()).toBe(false);
  });
});
