import { describe, expect, test } from "vitest";
import type { LeaderRecord } from "../mandate/leadership.ts";
import { haProfiles } from "./heartbeat-times.ts";
import { type NodeInput, type NodeState, stepNode } from "./node-machine.ts";
import type { NodeView, PeerReport } from "./node-view.ts";

const times = haProfiles.guide;
const self = { node: "prov01", bootId: "00000000000000a2" };
const peerName = "prov02";
const peerBoot = "00000000000000b1";

const report: PeerReport = {
  bootId: peerBoot,
  role: "standby",
  epoch: 3,
  flags: {
    failureInProgress: false,
    isInSync: true,
    isAble: true,
    gatewayAnswers: true,
    dataPlaneTurns: true,
    storeWrites: true,
    isLeaving: false,
    diskWorks: true,
    filesInStep: true,
  },
};
const notAble = { ...report, flags: { ...report.flags, isAble: false } };
const heldBy = (node: string, bootId: string): LeaderRecord => ({
  epoch: 3,
  holder: { node, bootId },
  hold: "held",
  failureInProgress: false,
});
const healthy = { dataPlaneTurns: true, storeWrites: true, gatewayAnswers: true, diskWorks: true };
const view: NodeView = {
  nowMs: 1_000_000,
  self,
  isFirst: true,
  health: healthy,
  areManyUndecidable: false,
  isInSync: true,
  leader: heldBy(self.node, self.bootId),
  peerName,
  peerLife: "alive",
  peerReport: report,
  hasPeerLongWritten: true,
  detectsDiskFailures: false,
};
const quiet: NodeInput = { stalledMs: 0, isAnswering: false };
const standby = (doneEpoch = 0): NodeState => ({ role: "standby", yieldsUntilMs: 0, doneEpoch });
const active: NodeState = { role: "active", epoch: 3, doubt: undefined };

function step(state: NodeState, change: Partial<NodeView>, input: Partial<NodeInput> = {}) {
  const result = stepNode(state, { ...view, ...change }, { ...quiet, ...input }, times);
  const effects = result.effects.filter(({ kind }) => kind !== "log");
  return { state: result.state, effects };
}

describe("standby", () => {
  test("a claim whose answer was lost makes it active", () => {
    expect(step(standby(2), {}).state).toEqual(active);
  });

  test("an epoch that it has given up does not, though the store still has it", () => {
    expect(step(standby(3), {}).state.role).toBe("standby");
  });

  test("HA-16 (4): what it has handed over it leaves to the peer, before the store has told so", () => {
    const claiming: PeerReport = { ...notAble, role: "claiming" };
    const yielding: NodeState = { role: "standby", yieldsUntilMs: 1_000_001, doneEpoch: 3 };
    expect(step(yielding, { peerReport: claiming }).effects).toEqual([]);
    const late = step(yielding, { peerReport: claiming, nowMs: 1_000_001 });
    expect(late.effects).toEqual([{ kind: "claim", seenEpoch: 3, raisesFailureFlag: false }]);
  });

  const peers = heldBy(peerName, peerBoot);
  const serving: PeerReport = { ...notAble, role: "active" };
  const failed: PeerReport = { ...notAble, role: "failed" };
  const leaving = { ...failed, flags: { ...failed.flags, isLeaving: true } };
  const expired: LeaderRecord = { ...peers, hold: "expired" };
  const mine = heldBy(self.node, "00000000000000a1");

  test.each<readonly [string, Partial<NodeView>, boolean | undefined]>([
    ["the peer serves", { leader: peers, peerReport: serving }, undefined],
    ["HA-10: it is silent", { leader: peers, peerReport: serving, peerLife: "dead" }, true],
    [
      "HA-10: another boot of it",
      { leader: peers, peerReport: { ...serving, bootId: "b2" } },
      true,
    ],
    ["HA-10: it has failed", { leader: peers, peerReport: failed }, true],
    ["HA-7: it shuts down", { leader: peers, peerReport: leaving }, false],
    ["HA-7: it has let go", { leader: peers }, false],
    [
      "it does not know of its claim yet",
      { leader: peers, peerReport: { ...report, epoch: 2 } },
      undefined,
    ],
    ["HA-10: it has vanished from the store", { leader: expired, peerLife: "dead" }, true],
    [
      "the store has lost it, and it says that it serves",
      { leader: expired, peerReport: serving },
      undefined,
    ],
    [
      "HA-10: the store has lost it, and it serves an older epoch",
      { leader: expired, peerReport: { ...serving, epoch: 2 } },
      true,
    ],
    [
      "HA-13: silence while a failure is in progress",
      { leader: { ...peers, failureInProgress: true }, peerLife: "dead" },
      undefined,
    ],
    ["an earlier boot of ours, and nobody else", { leader: mine, peerLife: "dead" }, false],
    ["an earlier boot of ours, and the peer can", { leader: mine }, undefined],
    ["not in sync", { leader: peers, peerLife: "dead", isInSync: false }, undefined],
    [
      "HA-11: our own loop stands still",
      { leader: peers, peerLife: "dead", health: { ...healthy, dataPlaneTurns: false } },
      undefined,
    ],
  ])("%s", (_, change, raisesFailureFlag) => {
    const { effects } = step(standby(), { ...change, isInSync: change.isInSync ?? true });
    const claim = { kind: "claim", seenEpoch: 3, raisesFailureFlag };
    expect(effects).toEqual(raisesFailureFlag === undefined ? [] : [claim]);
  });
});

describe("claiming", () => {
  const request = { seenEpoch: 2, raisesFailureFlag: true };
  const claiming: NodeState = { role: "claiming", request, retryAtMs: undefined };
  const leader: LeaderRecord = { ...heldBy(peerName, peerBoot), epoch: 2 };

  test("a store that does not answer is asked again, after a keepalive, for the same", () => {
    const claim = { kind: "unavailable", seenEpoch: 2 } as const;
    const waiting = step(claiming, { leader }, { claim }).state;
    expect(step(waiting, { leader }).effects).toEqual([]);
    const later = step(waiting, { leader, nowMs: view.nowMs + times.keepaliveMs });
    expect(later).toEqual({ state: claiming, effects: [{ kind: "claim", ...request }] });
  });

  test("an answer to an earlier claim is none to this one", () => {
    const claim = { kind: "won", seenEpoch: 1, epoch: 2 } as const;
    expect(step(claiming, { leader }, { claim }).state).toEqual(claiming);
  });

  test("won too late: somebody has a newer epoch", () => {
    const claim = { kind: "won", seenEpoch: 2, epoch: 3 } as const;
    const newer = { ...leader, epoch: 4 };
    expect(step(claiming, { leader: newer }, { claim }).state.role).toBe("standby");
  });
});

describe("active", () => {
  const input = { isAnswering: true };

  test("having stood still for deadtime, it stops answering and asks the store", () => {
    expect(step(active, {}, { ...input, stalledMs: times.deadMs - 1 }).state).toEqual(active);
    const { state, effects } = step(active, {}, { ...input, stalledMs: times.deadMs });
    expect(state.role).toBe("claiming");
    expect(effects).toEqual([
      { kind: "stop-answering" },
      { kind: "withdraw-address" },
      { kind: "claim", seenEpoch: 3, raisesFailureFlag: false },
    ]);
  });

  test("the floating address is kept until it has stopped answering, but not when another one leads", () => {
    const kindsOf = ({ effects }: ReturnType<typeof step>) => effects.map(({ kind }) => kind);
    const stopping = step(active, {}, { ...input, order: "shutdown" });
    expect(kindsOf(stopping)).toEqual(["stop-answering"]);
    expect(kindsOf(step(stopping.state, {}))).toEqual(["withdraw-address", "release"]);
    const fenced = step(active, { leader: { ...heldBy(peerName, peerBoot), epoch: 4 } }, input);
    expect(kindsOf(fenced)).toEqual(["stop-answering", "withdraw-address"]);
  });

  test("HA-33, HA-34: a failing disk counts only when asked for", () => {
    const health = { ...healthy, diskWorks: false };
    expect(step(active, { health }, input).state.role).toBe("active");
    expect(step(active, { health, detectsDiskFailures: true }, input).state.role).toBe("demoting");
  });

  test("HA-11: packets that it cannot decide count once, until the failure is over", () => {
    const failing = { ...heldBy(self.node, self.bootId), failureInProgress: true };
    const poisoned = { areManyUndecidable: true };
    expect(step(active, poisoned, input).state.role).toBe("demoting");
    expect(step(active, { ...poisoned, leader: failing }, input).state.role).toBe("active");
    expect(step(active, { ...poisoned, peerReport: notAble }, input).state.role).toBe("active");
  });

  test("HA-13 (2): it gives the leadership back when it has stopped, or after 2 s (HA-8)", () => {
    const health = { ...healthy, dataPlaneTurns: false };
    const { state } = step(active, { health }, input);
    expect(step(state, { nowMs: view.nowMs + 1999 }, input).effects).toEqual([]);
    const release = [
      { kind: "withdraw-address" },
      { kind: "release", epoch: 3, raisesFailureFlag: true },
    ];
    expect(step(state, { nowMs: view.nowMs + 2000 }, input).effects).toEqual(release);
    const stopped = step(state, {});
    expect(stopped.effects).toEqual(release);
    expect(stopped.state).toEqual({ role: "failed", reason: "data-plane-stalled", doneEpoch: 3 });
    expect(
      step(stopped.state, { leader: heldBy(peerName, peerBoot), peerLife: "dead" }).effects,
    ).toEqual([]);
    expect(step(stopped.state, {}, { order: "clean-up" }).state).toEqual(standby(3));
  });
});
