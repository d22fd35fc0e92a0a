import { expect, test } from "vitest";
import {
  claimTransaction,
  encodeLeader,
  judgeClaim,
  nextLeader,
  noLeader,
  releaseTransaction,
  sightOf,
} from "./leadership.ts";
import { pairKeys } from "./pair-keys.ts";

const keys = pairKeys("p");
const seen = { modRevision: 12, record: { epoch: 4, node: "a", claim: "x" } };
const mine = nextLeader(seen, "b", "y");

test("the epoch grows by one with each claim, from one", () => {
  expect(nextLeader(noLeader, "a", "x")).toEqual({ epoch: 1, node: "a", claim: "x" });
  expect(mine).toEqual({ epoch: 5, node: "b", claim: "y" });
});

test("a claim compares the revision that was seen, and begins the chain anew", () => {
  const { guards, puts } = claimTransaction(keys, seen, mine);
  expect(guards).toEqual([{ key: keys.leader, modRevision: 12 }]);
  expect(puts.map(({ key }) => key)).toEqual([keys.leader, keys.chain]);
  expect(sightOf({ ...puts[0]!, modRevision: 13 })).toEqual({ modRevision: 13, record: mine });
});

const leaderKey = (record: typeof mine, modRevision: number) => ({
  succeeded: false,
  revision: 20,
  found: [{ key: keys.leader, value: encodeLeader(record), modRevision }],
});

test("the revision of the winning put is the term, also when the answer was lost the first time", () => {
  const won = { succeeded: true, revision: 13, found: [] };
  expect(judgeClaim(keys, mine, won)).toEqual({ kind: "won", term: 13 });
  expect(judgeClaim(keys, mine, leaderKey(mine, 13))).toEqual({ kind: "won", term: 13 });
});

test("another claim of the same epoch, even of the same node, is a loss", () => {
  const other = { ...mine, claim: "z" };
  const leader = { modRevision: 13, record: other };
  expect(judgeClaim(keys, mine, leaderKey(other, 13))).toEqual({ kind: "lost", leader });
  const nothing = { succeeded: false, revision: 20, found: [] };
  expect(judgeClaim(keys, mine, nothing)).toEqual({ kind: "lost", leader: noLeader });
});

test("a release keeps the epoch, names nobody, and is guarded by the term", () => {
  const { guards, puts } = releaseTransaction(keys, 13, mine);
  expect(guards).toEqual([{ key: keys.leader, modRevision: 13 }]);
  const released = sightOf({ ...puts[0]!, modRevision: 14 });
  expect(released.record).toEqual({ epoch: 5, node: undefined, claim: "y" });
  expect(nextLeader(released, "a", "w").epoch).toBe(6);
});

test.each(["", "{", "null", "[]", '{"epoch":"5","claim":"y"}', '{"epoch":5}', "\xff"])(
  "%j is no leader, and may be replaced",
  (text) => {
    const value = new TextEncoder().encode(text);
    expect(sightOf({ key: keys.leader, value, modRevision: 3 })).toEqual({
      modRevision: 3,
      record: undefined,
    });
  },
);
