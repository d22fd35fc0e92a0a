import { describe, expect, test } from "vitest";
import { planFailBack } from "./fail-back.ts";
import { pairComplaints } from "./pair-complaints.ts";
import { nodeStatus, pairStatus } from "./pair-status.testing.ts";
import type { NodeStatus, PairStatus } from "./pair-status.ts";
import { pairStatusText } from "./status-text.ts";

const active = nodeStatus("prov02.ossbn.co.jp", "active", {
  bootId: "00000000000000b2",
  revision: 5100,
});
const standby = nodeStatus("prov01.ossbn.co.jp", "standby", {
  bootId: "00000000000000a1",
  revision: 5098,
});
const repaired = pairStatus([active, standby], {
  failureInProgress: true,
  clockApartMs: 400,
  links: [
    { state: "up", roundTripMs: 0.25 },
    { state: "dead", roundTripMs: undefined },
  ],
});
const withPeer = (change: Partial<NodeStatus>): PairStatus => ({
  ...repaired,
  nodes: [active, { ...standby, ...change }],
});

describe("HA-14, HA-16: the fail-back", () => {
  test("its steps are those of the guide, in its order (EXT-3)", () => {
    const plan = planFailBack(repaired);
    if (plan.kind !== "steps") throw new Error("refused");
    expect(plan.steps.map(({ requirement, act }) => [requirement, act])).toEqual([
      ["HA-16 (1)", "lower-failure-flag"],
      ["HA-16 (2)", undefined],
      ["HA-16 (3)", "hand-over"],
      ["HA-16 (4)", undefined],
      ["HA-16 (5)", undefined],
    ]);
    expect(plan.byHand).toMatch(/upper application/);
  });

  test("each step is done when the status says so, and not before", () => {
    const plan = planFailBack(repaired);
    if (plan.kind !== "steps") throw new Error("refused");
    const lowered = { ...repaired, failureInProgress: false };
    const caughtUp: PairStatus = { ...lowered, nodes: [active, { ...standby, revision: 5100 }] };
    const stopped: PairStatus = {
      ...caughtUp,
      leader: undefined,
      nodes: [{ ...active, role: "standby" }, caughtUp.nodes[1]],
    };
    const started: PairStatus = {
      ...stopped,
      leader: standby.node,
      nodes: [stopped.nodes[0], { ...caughtUp.nodes[1], role: "active", isAble: false }],
    };
    const over: PairStatus = {
      ...started,
      nodes: [{ ...started.nodes[0], isAble: true }, started.nodes[1]],
    };
    const course = [repaired, lowered, caughtUp, stopped, started, over];
    for (const [index, { isDone }] of plan.steps.entries()) {
      expect(
        [isDone(course[index], false), isDone(course[index + 1], false)],
        `step ${index}`,
      ).toEqual([false, true]);
    }
    // The old table has not seen what was written since: it cannot serve.
    const behind: PairStatus = {
      ...over,
      nodes: [{ ...over.nodes[0], revision: 5099 }, over.nodes[1]],
    };
    expect(plan.steps.at(-1)?.isDone(behind, false)).toBe(false);
    // A new one has, and etcd's news may always come later than the peer's heartbeats.
    expect(plan.steps.at(-1)?.isDone(behind, true)).toBe(true);
  });

  test.each<readonly [string, PairStatus, RegExp]>([
    ["the other side is not in sync", withPeer({ isInSync: false, isAble: false }), /not in sync/],
    [
      "the other side has failed actions",
      withPeer({ role: "failed", isAble: false, troubles: ["failed"] }),
      /failed actions: failed \(OPS-13\)/,
    ],
    [
      "the other side's files are behind: it would become their master",
      withPeer({ filesInStep: false }),
      /not all files of this node yet.*TFTP-2/,
    ],
    ["the other side is starting", withPeer({ role: "starting", isAble: false }), /still starting/],
    ["the other side is dead", { ...withPeer({ isInSync: false }), peerLife: "dead" }, /not heard/],
    ["this side is not active", { ...repaired, nodes: [standby, active] }, /run it on the active/],
    ["the store is away", { ...repaired, storeAnswers: false }, /store does not answer/],
  ])("is refused when %s", (_, status, reason) => {
    const plan = planFailBack(status);
    if (plan.kind !== "refused") throw new Error("accepted");
    expect(plan.reasons).toEqual([expect.stringMatching(reason)]);
  });
});

describe("OPS-8, OPS-11: what prov status prints", () => {
  test("the former active node is back, the flag is up", () => {
    expect(pairStatusText(repaired)).toBe(`Seen by:  prov02.ossbn.co.jp
Leader:   prov02.ossbn.co.jp, epoch 4
Failure:  IN PROGRESS; there is no way back before \`prov failback\`

Node                           Role      Sync            Revision  Can serve
prov02.ossbn.co.jp             active    UpToDate            5100  serves
prov01.ossbn.co.jp             standby   UpToDate            5098  yes

Link 0:   up, round trip 0.3 ms
Link 1:   dead
`);
  });

  test("a standby node without all files of TFTP is named", () => {
    const status = withPeer({ filesInStep: false });
    expect(pairStatusText(status)).toContain(
      "\nFiles:    prov01.ossbn.co.jp has not all of them yet\n",
    );
    expect(pairComplaints(status)).toEqual(["prov01.ossbn.co.jp has not all files yet."]);
    expect(pairComplaints(repaired)).toEqual([]);
  });

  test("failed actions stand below, and nothing is wider than 80 columns", () => {
    const node = "n".repeat(64);
    const troubles = ["failed: gateway-lost", "the gateway does not answer (HA-12)"];
    const status = withPeer({ node, role: "failed", isAble: false, troubles });
    const text = pairStatusText({ ...status, failureInProgress: false });
    expect(text).toContain("Failure:  none in progress");
    expect(text).toContain("\nFailed actions:\n");
    expect(text.split("\n").every((line) => line.length <= 80)).toBe(true);
    expect(text.replace(/\s+/g, " ")).toContain(`${node}: the gateway does not answer (HA-12)`);
    expect(pairStatusText(repaired)).not.toContain("Failed actions");
  });

  test("nobody leads, and the store is away", () => {
    expect(pairStatusText({ ...repaired, leader: undefined })).toContain("nobody, epoch 4");
    const away = pairStatusText({ ...repaired, storeAnswers: false, leader: undefined });
    expect(away).toContain("Leader:   unknown: the store does not answer\n");
  });
});
