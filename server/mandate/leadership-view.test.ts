import { beforeEach, describe, expect, test } from "vitest";
import { pairKeys } from "../etcd/pair-keys.ts";
import { encodeFlag, encodeLeader, type LeaderClaim } from "./leader-key.ts";
import { LeadershipView } from "./leadership-view.ts";

const keys = pairKeys("/p/");
const self = { node: "a", bootId: "x" };
const peer = { node: "b", bootId: "y" };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const leader = (
  modRevision: number,
  epoch: number,
  holder: typeof self,
  hold: LeaderClaim["hold"] = "held",
) => ({ key: keys.leader, value: encodeLeader({ epoch, holder, hold }), modRevision });
const failure = (modRevision: number, isRaised: boolean) => ({
  ...{ key: keys.failure, value: encodeFlag(isRaised), modRevision },
});
const presence = (modRevision: number, node: string, bootId: string) => ({
  ...{ key: keys.presence + node, value: bytes(bootId), modRevision },
});
const deleted = (key: string, modRevision: number) => ({ key, value: bytes(""), modRevision });

describe("what a node knows of who leads", () => {
  let view: LeadershipView;

  beforeEach(() => {
    view = new LeadershipView(keys, self);
  });

  function readLeader(revision: number, ...found: ReturnType<typeof leader>[]): void {
    const query = { key: keys.failure, end: `${keys.leader}\0` };
    view.read(query, { revision, found });
  }

  test("is nothing before the leader key was read; in an empty store nobody leads", () => {
    view.show(presence(3, "b", "y"));
    expect([view.current(), view.leader]).toEqual([undefined, undefined]);
    readLeader(5);
    expect(view.current()).toEqual({
      ...{ epoch: 0, holder: undefined, hold: "released", failureInProgress: false },
    });
    expect(view.leader).toEqual({ modRevision: 0, record: undefined });
  });

  test("a holder whose presence is gone, or another boot's, has expired", () => {
    readLeader(9, leader(7, 2, peer));
    expect(view.current()).toMatchObject({ epoch: 2, holder: peer, hold: "expired" });
    view.show(presence(10, "b", "y"));
    expect(view.current()?.hold).toBe("held");
    view.show(presence(11, "b", "z"));
    expect(view.current()?.hold).toBe("expired");
    view.show(presence(12, "b", "y"));
    view.show(deleted(`${keys.presence}b`, 13));
    expect(view.current()?.hold).toBe("expired");
    view.show(leader(14, 2, peer, "released"));
    expect(view.current()?.hold).toBe("released");
  });

  test("a presence that was not found when it was looked for is gone", () => {
    readLeader(9, leader(7, 2, peer));
    view.show(presence(10, "b", "y"));
    const query = { key: keys.presence, end: "/p/presence0" };
    view.read(query, { revision: 12, found: [] });
    expect(view.current()?.hold).toBe("expired");
    expect(view.leader?.modRevision).toBe(7);
  });

  test("this boot knows that it is there", () => {
    readLeader(9, leader(7, 2, self));
    expect(view.isSelfPresent).toBe(false);
    expect(view.current()?.hold).toBe("held");
    readLeader(20, leader(17, 3, { node: "a", bootId: "before" }));
    expect(view.current()?.hold).toBe("expired");
  });

  test("the newest counts, in whatever order it comes", () => {
    readLeader(9, leader(7, 2, peer), failure(7, true));
    view.show(leader(15, 3, self));
    view.show(failure(16, false));
    for (const old of [leader(12, 2, peer, "released"), failure(12, true)]) view.show(old);
    readLeader(14, leader(12, 2, peer, "released"));
    expect(view.current()).toMatchObject({ epoch: 3, holder: self, failureInProgress: false });
    expect(view.mandate).toEqual({ epoch: 3, term: 15 });
  });

  test("a mandate is of the revision since which this boot holds the epoch", () => {
    readLeader(9, leader(7, 2, peer));
    expect(view.mandate).toBeUndefined();
    view.show(leader(10, 3, self));
    expect(view.mandate).toEqual({ epoch: 3, term: 10 });
    view.show(leader(11, 3, self, "released"));
    view.show(leader(12, 4, peer));
    expect(view.mandate).toEqual({ epoch: 3, term: 10 });
    view.show(leader(13, 5, { node: "a", bootId: "before" }));
    expect(view.mandate).toEqual({ epoch: 3, term: 10 });
  });

  test.each([
    ["deleted", deleted(keys.leader, 12), 0],
    ["overwritten", { key: keys.leader, value: bytes("nonsense"), modRevision: 12 }, 12],
    ["put back to what it was long ago", leader(12, 3, peer), 12],
  ])("a leader key that was %s is nobody's, and epochs go on", (_, event, guard) => {
    readLeader(9, leader(7, 6, peer));
    view.show(presence(8, "b", "y"));
    view.show(event);
    expect(view.current()).toMatchObject({ epoch: 6, holder: peer, hold: "released" });
    expect(view.leader?.modRevision).toBe(guard);
  });
});
