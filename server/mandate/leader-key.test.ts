import { describe, expect, test } from "vitest";
import { pairKeys } from "../etcd/pair-keys.ts";
import {
  claimTransaction,
  encodeFlag,
  encodeLeader,
  isFlagRaised,
  judgeClaim,
  type LeaderClaim,
  leaderRecordOf,
  lowerFlagTransaction,
  noLeader,
  releaseTransaction,
  sightOf,
} from "./leader-key.ts";

const keys = pairKeys("/p/");
const claimOf = (epoch: number, node: string, bootId: string): LeaderClaim => ({
  ...{ epoch, holder: { node, bootId }, hold: "held" },
});
const seen = { modRevision: 12, record: claimOf(4, "a", "x") };
const mine = claimOf(5, "b", "y");
const text = (value: Uint8Array): string => new TextDecoder().decode(value);

describe("a claim", () => {
  test("compares the revision that was seen and this boot's presence, and begins the chain anew", () => {
    const { guards, puts } = claimTransaction(keys, seen, mine, false);
    expect(guards).toEqual([
      { key: "/p/leader", modRevision: 12 },
      { key: "/p/presence/b", value: new TextEncoder().encode("y") },
    ]);
    expect(puts.map(({ key }) => key)).toEqual([keys.leader, keys.chain]);
    expect(sightOf({ ...puts[0], modRevision: 13 })).toEqual({ modRevision: 13, record: mine });
    expect(text(puts[1].value)).toBe("0");
  });

  test("raises the failure flag or leaves it as it is, and never lowers it", () => {
    const flag = { key: "/p/failure", value: encodeFlag(true) };
    expect(claimTransaction(keys, seen, mine, true).puts).toContainEqual(flag);
    const { puts } = claimTransaction(keys, seen, mine, false);
    expect(puts.map(({ key }) => key)).not.toContain(keys.failure);
    expect(releaseTransaction(keys, 13, mine, true).puts).toContainEqual(flag);
  });

  const leaderKey = (record: LeaderClaim, modRevision: number) => ({
    ...{ succeeded: false, revision: 20 },
    found: [{ key: keys.leader, value: encodeLeader(record), modRevision }],
  });

  test("has the revision of its put as the term, also when the answer was lost the first time", () => {
    const won = { succeeded: true, revision: 13, found: [] };
    expect(judgeClaim(keys, seen, mine, won)).toEqual({ kind: "won", term: 13 });
    const again = judgeClaim(keys, seen, mine, leaderKey(mine, 13));
    expect(again).toEqual({ kind: "won", term: 13 });
  });

  test.each([
    ["of another boot of the same node", claimOf(5, "b", "z")],
    ["of the other node with the same epoch", claimOf(5, "a", "x")],
    ["of this boot that is over", { ...mine, hold: "released" } as const],
    ["of this boot with another epoch", claimOf(6, "b", "y")],
  ])("is lost to a claim %s", (_, record) => {
    const leader = { modRevision: 13, record };
    const answer = leaderKey(record, 13);
    expect(judgeClaim(keys, seen, mine, answer)).toEqual({ kind: "lost", leader });
  });

  test("is lost where the key has vanished meanwhile", () => {
    const nothing = { succeeded: false, revision: 20, found: [] };
    expect(judgeClaim(keys, seen, mine, nothing)).toEqual({ kind: "lost", leader: noLeader });
  });

  test("of a node without presence may be repeated: nobody else was faster", () => {
    const first = claimOf(1, "b", "y");
    const nothing = { succeeded: false, revision: 20, found: [] };
    expect(judgeClaim(keys, noLeader, first, nothing).kind).toBe("absent");
    expect(judgeClaim(keys, seen, mine, leaderKey(seen.record, 12)).kind).toBe("absent");
  });
});

test("a release keeps epoch and holder, and is guarded by the term", () => {
  const { guards, puts } = releaseTransaction(keys, 13, mine, false);
  expect(guards).toEqual([{ key: keys.leader, modRevision: 13 }]);
  expect(puts.map(({ key }) => key)).toEqual([keys.leader]);
  expect(sightOf({ ...puts[0], modRevision: 14 }).record).toEqual({ ...mine, hold: "released" });
});

test("the flag is lowered by the leader of the term alone, and that ends no term", () => {
  const { guards, puts } = lowerFlagTransaction(keys, 13);
  expect(guards).toEqual([{ key: keys.leader, modRevision: 13 }]);
  expect(puts.map(({ key, value }) => [key, isFlagRaised(value)])).toEqual([[keys.failure, false]]);
});

test("a holder that has vanished from the store has expired; who gave up has not", () => {
  const { holder } = mine;
  expect(leaderRecordOf(mine, true, true)).toEqual({ ...mine, failureInProgress: true });
  expect(leaderRecordOf(mine, false, false)).toEqual({
    ...{ epoch: 5, holder, hold: "expired", failureInProgress: false },
  });
  expect(leaderRecordOf({ ...mine, hold: "released" }, false, false).hold).toBe("released");
  expect(leaderRecordOf(undefined, false, false)).toEqual({
    ...{ epoch: 0, holder: undefined, hold: "released", failureInProgress: false },
  });
});

test.each([
  ...["", "{", "null", "[]", "\xff", '{"epoch":"5","node":"a","bootId":"x","hold":"held"}'],
  ...['{"epoch":5}', '{"epoch":5,"node":"a","hold":"held"}'],
  ...['{"epoch":5,"node":"a","bootId":"x"}', '{"epoch":0,"node":"a","bootId":"x","hold":"held"}'],
])("%j is no leader, and may be replaced", (written) => {
  const value = new TextEncoder().encode(written);
  expect(sightOf({ key: keys.leader, value, modRevision: 3 })).toEqual({
    modRevision: 3,
    record: undefined,
  });
});
