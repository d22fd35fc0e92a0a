import { describe, expect, test } from "vitest";
import { DataPlanePulse } from "../ha/watchdog.ts";
import type { PairRole } from "../lease/replicated/edge/pair-node.ts";
import { LeaseStoreError } from "../lease/store/lease-store.ts";
import { type Mandate, SharedPairState } from "../mandate/shared-pair-state.ts";
import { type GatedNode, PairGate } from "./pair-gate.ts";

const deadMs = 400;
const pauseMs = deadMs / 2 + 1;
const notReachable = new LeaseStoreError("UNAVAILABLE", "No etcd.", "Wait.");

class FakeNode implements GatedNode {
  role: PairRole = "following";
  isComplete = true;
  reading: GatedNode["reading"];
  revision = 1;
  leader: { record: { readonly epoch: number } | undefined } = { record: undefined };
  mustRecover = false;
  trouble = "";
  readonly events: string[] = [];
  unreadable: string[] = [];
  recoverError: Error | undefined;
  unrecovered = 2003;
  /** Adopted mandates become active by themselves, unless a test wants to see the claim. */
  isPrompt = true;

  poll(): void {}

  takeUnreadable(): readonly string[] {
    return this.unreadable.splice(0);
  }

  adopt({ epoch, term }: Mandate): void {
    this.events.push(`adopt ${epoch}/${term}`);
    this.role = this.isPrompt ? "active" : "claiming";
    this.leader = { record: { epoch } };
  }

  recover(leasesMax: number): number {
    if (this.recoverError !== undefined) throw this.recoverError;
    this.events.push("recover");
    const recovered = Math.min(leasesMax, this.unrecovered);
    this.unrecovered -= recovered;
    return recovered;
  }
}

/** A gate in virtual time, and the shared state as the deciding thread has it. */
function setUp({ recovers = false } = {}) {
  const pairState = new SharedPairState();
  const pulse = new DataPlanePulse();
  const node = new FakeNode();
  const told: string[] = [];
  const tell = (message: string): void => void told.push(message);
  const state = { lost: undefined as string | undefined };
  const gate = new PairGate({
    ...{ pairState: new SharedPairState(pairState.shared), pulse, node, deadMs, recovers },
    lost: () => state.lost,
    onTakeOver: () => node.events.push("take over"),
    logger: { error: tell, warn: tell, info: tell },
  });
  let nowMs = 1000;
  /** One turn of the loop, so much later than the one before. */
  const turn = ({ afterMs = 10, isSettled = true } = {}) => {
    nowMs += afterMs;
    return gate.turn(nowMs, isSettled);
  };
  turn();
  return {
    ...{ pairState, pulse, node, told, gate, turn, state },
    now: () => nowMs,
    /** Gives the mandate of this epoch and lets the gate open. */
    open: (epoch = 1) => {
      pairState.mandate = { epoch, term: 100 * epoch };
      expect(turn()).toBe("answer");
    },
  };
}

describe("a mandate", () => {
  test("without one, nothing is answered and nothing adopted", () => {
    const { turn, pairState, node } = setUp();
    expect(turn()).toBe("silent");
    expect(pairState.answeringEpoch).toBe(0);
    expect(node.events).toEqual([]);
  });

  test("is adopted once, and opens when the node has everything before it", () => {
    const { turn, pairState, node } = setUp();
    node.isPrompt = false;
    pairState.mandate = { epoch: 3, term: 70 };
    expect([turn(), turn()]).toEqual(["silent", "silent"]);
    expect(pairState.answeringEpoch).toBe(0);
    node.role = "active";
    expect([turn(), turn()]).toEqual(["answer", "answer"]);
    expect(pairState.answeringEpoch).toBe(3);
    expect(node.events).toEqual(["adopt 3/70", "take over"]);
  });

  test("is not adopted by a node that has not seen everything, nor when others have outlived it", () => {
    const { turn, pairState, node } = setUp();
    node.isComplete = false;
    pairState.mandate = { epoch: 3, term: 70 };
    turn();
    node.isComplete = true;
    node.leader = { record: { epoch: 4 } };
    turn();
    expect(node.events).toEqual([]);
    node.leader = { record: { epoch: 3 } };
    expect(turn()).toBe("answer");
  });

  test("taken back while nothing waits closes at once", () => {
    const { turn, pairState, open } = setUp();
    open();
    pairState.mandate = undefined;
    expect(turn()).toBe("silent");
    expect(pairState.answeringEpoch).toBe(0);
  });

  test("taken back while a commit is under way lets its acknowledgements leave first", () => {
    const { turn, pairState, open, gate, now } = setUp();
    open();
    pairState.mandate = undefined;
    expect(turn({ isSettled: false })).toBe("finish");
    expect(pairState.answeringEpoch).toBe(1);
    expect(gate.mayRelease(now() - 20, now() + 1)).toBe(true);
    expect(turn({ isSettled: true })).toBe("silent");
    expect(pairState.answeringEpoch).toBe(0);
  });

  test("taken back is not waited for longer than half of the deadtime", () => {
    const { turn, pairState, open } = setUp();
    open();
    pairState.mandate = undefined;
    expect(turn({ isSettled: false })).toBe("finish");
    expect(turn({ afterMs: 150, isSettled: false })).toBe("finish");
    expect(turn({ afterMs: 51, isSettled: false })).toBe("silent");
    expect(pairState.answeringEpoch).toBe(0);
  });

  test("and given anew is not adopted before the commit of the old one has ended", () => {
    const { turn, pairState, node, open } = setUp();
    open();
    pairState.mandate = { epoch: 2, term: 200 };
    for (let turns = 0; turns < 5; turns += 1) turn({ afterMs: 190, isSettled: false });
    expect(pairState.answeringEpoch).toBe(0);
    expect(node.events).not.toContain("adopt 2/200");
    expect(turn()).toBe("answer");
    expect(node.events).toContain("adopt 2/200");
  });

  test("the next one is adopted when what was under way has ended, with the engine counting anew", () => {
    const { turn, pairState, node, open } = setUp();
    open(1);
    pairState.mandate = { epoch: 2, term: 200 };
    expect(turn({ isSettled: false })).toBe("finish");
    expect(node.events).toEqual(["adopt 1/100", "take over"]);
    expect(turn()).toBe("silent");
    expect(pairState.answeringEpoch).toBe(0);
    expect(turn()).toBe("answer");
    expect(pairState.answeringEpoch).toBe(2);
    expect(node.events.slice(2)).toEqual(["adopt 2/200", "take over"]);
  });
});

describe("standing still", () => {
  test("while it answers, it answers nothing more until that very suspicion is confirmed", () => {
    const { turn, pairState, open } = setUp();
    open();
    expect(turn({ afterMs: pauseMs })).toBe("silent");
    expect(pairState.isSuspect).toBe(true);
    expect(turn()).toBe("silent");
    const { suspicion } = pairState;
    expect(turn({ afterMs: pauseMs })).toBe("silent");
    pairState.confirm(suspicion);
    expect(turn()).toBe("silent");
    pairState.confirm(pairState.suspicion);
    expect(turn()).toBe("answer");
  });

  test("for no longer than half of the deadtime raises no suspicion", () => {
    const { turn, pairState, open } = setUp();
    open();
    expect(turn({ afterMs: deadMs / 2 })).toBe("answer");
    expect(pairState.isSuspect).toBe(false);
  });

  test("a mandate that comes long after it makes the suspicion void", () => {
    const { turn, pairState, open } = setUp();
    open(1);
    turn({ afterMs: pauseMs });
    pairState.mandate = undefined;
    for (let turns = 0; turns < 3; turns += 1) turn({ afterMs: 150 });
    pairState.mandate = { epoch: 2, term: 200 };
    expect(turn()).toBe("answer");
    expect(pairState.isSuspect).toBe(false);
  });

  test("a mandate that comes right after it may be older than it, and waits to be confirmed", () => {
    const { turn, pairState, node } = setUp();
    turn({ afterMs: 10_000 });
    expect(pairState.isSuspect).toBe(false);
    pairState.mandate = { epoch: 2, term: 200 };
    expect(turn()).toBe("silent");
    expect(node.events).toContain("adopt 2/200");
    pairState.confirm(pairState.suspicion);
    expect(turn()).toBe("answer");
  });

  test("while the mandate is being taken back ends the answers at once", () => {
    const { turn, pairState, open } = setUp();
    open();
    pairState.mandate = undefined;
    turn({ isSettled: false });
    expect(turn({ afterMs: pauseMs, isSettled: false })).toBe("silent");
    expect(pairState.answeringEpoch).toBe(0);
  });
});

describe("an acknowledgement whose commit has ended", () => {
  test("leaves while the loop turns and the commit is young", () => {
    const { open, gate, now, pairState } = setUp();
    open();
    expect(gate.mayRelease(now() - 100, now() + 100)).toBe(true);
    expect(pairState.isSuspect).toBe(false);
  });

  test("does not leave when its commit was begun too long ago", () => {
    const { open, gate, now, pairState, turn } = setUp();
    open();
    expect(gate.mayRelease(now() - 150, now() + 51)).toBe(false);
    expect(pairState.isSuspect).toBe(true);
    expect(turn()).toBe("silent");
  });

  test("does not leave while the node is suspect for another reason", () => {
    const { open, gate, now, pairState } = setUp();
    open();
    pairState.suspect();
    expect(gate.mayRelease(now(), now() + 1)).toBe(false);
  });
});

describe("the node", () => {
  test("fenced is over, whatever the mandate says", () => {
    const { turn, pairState, node, open } = setUp();
    open();
    node.role = "fenced";
    expect(turn()).toBe("over");
    expect(pairState).toMatchObject({ answeringEpoch: 0, isInSync: false });
  });

  test("that cannot commit for the time being answers nothing", () => {
    const { turn, node, open } = setUp();
    open();
    node.role = "claiming";
    expect(turn()).toBe("silent");
    node.role = "active";
    expect(turn()).toBe("answer");
  });

  test("tells how far it has followed, and beats its pulse at every turn", () => {
    const { turn, pairState, node, pulse } = setUp();
    node.revision = 77;
    const { turns } = pulse.read();
    turn();
    expect(pairState).toMatchObject({ isInSync: true, revision: 77 });
    node.isComplete = false;
    turn();
    expect(pairState.isInSync).toBe(false);
    expect(pulse.read().turns).toBe(turns + 2);
  });

  test("tells each key of etcd that it cannot read, and stands by all the same", () => {
    const { turn, pairState, node, told } = setUp();
    node.unreadable = ["/p/lease/10.9.0.1 is none.", "/p/lease/x is none."];
    turn();
    turn();
    expect(pairState.isInSync).toBe(true);
    expect(told).toEqual(["/p/lease/10.9.0.1 is none.", "/p/lease/x is none."]);
  });

  test("says what does not work, once in ten seconds and never twice the same", () => {
    const { turn, node, told } = setUp();
    node.trouble = "no answer from m1";
    turn();
    turn();
    node.trouble = "no answer from m2";
    for (let turns = 0; turns < 99; turns += 1) turn({ afterMs: 100 });
    expect(told).toEqual([expect.stringContaining("m1")]);
    turn({ afterMs: 100 });
    turn({ afterMs: 100 });
    expect(told).toEqual([expect.stringContaining("m1"), expect.stringContaining("m2")]);
  });

  test("whose thread is gone is a broken service", () => {
    const { turn, state } = setUp();
    state.lost = "out of memory";
    expect(turn).toThrow("out of memory");
  });

  test("that would have to recover is not in sync, and says once what to do", () => {
    const { turn, pairState, node, told } = setUp();
    node.mustRecover = true;
    turn();
    turn();
    expect(pairState.isInSync).toBe(false);
    expect(told).toEqual([expect.stringContaining("--recover")]);
    // The other node has recovered: this one follows it.
    node.mustRecover = false;
    turn();
    expect(pairState.isInSync).toBe(true);
  });

  test("that recovers does so before it answers, as often as it takes, and never again", () => {
    const { turn, pairState, node, told } = setUp({ recovers: true });
    node.mustRecover = true;
    turn();
    expect(pairState.isInSync).toBe(true);
    node.recoverError = notReachable;
    pairState.mandate = { epoch: 1, term: 100 };
    expect([turn(), turn()]).toEqual(["silent", "silent"]);
    expect(told).toHaveLength(1);
    node.recoverError = undefined;
    for (let turns = 0; turns < 5; turns += 1) expect(turn({ afterMs: 190 })).toBe("silent");
    // A slice a turn, so that the loop does not seem to hang.
    for (let turns = 0; turns < 2; turns += 1) expect(turn({ afterMs: 190 })).toBe("silent");
    expect(turn({ afterMs: 190 })).toBe("answer");
    pairState.mandate = undefined;
    turn();
    pairState.mandate = { epoch: 2, term: 200 };
    turn();
    expect(node.events.filter((event) => event === "recover")).toHaveLength(3);
    expect(told.at(-1)).toContain("2003 leases");
  });
});

test("how far a long reading of the leases is: told at once, logged every two seconds", () => {
  const { pairState, node, told, turn } = setUp();
  node.isComplete = false;
  node.reading = { leasesRead: 512, leasesInAll: 80_000 };
  turn();
  expect(pairState.catchUp).toMatchObject({ leasesRead: 512, leasesInAll: 80_000 });
  turn({ afterMs: 1000 });
  expect(told).toEqual([]);
  node.reading = { leasesRead: 12_288, leasesInAll: 80_000 };
  turn({ afterMs: 1000 });
  turn({ afterMs: 10 });
  expect(told).toEqual(["Following the leases of the pair: 12,288 of 80,000 leases"]);
  node.reading = undefined;
  node.isComplete = true;
  turn();
  expect(pairState.catchUp).toBeUndefined();
});
