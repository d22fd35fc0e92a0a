import type { NodeStatus, PairStatus } from "./pair-status.ts";

/** A node without troubles; whoever serves is not able to take over. */
export function nodeStatus(
  node: string,
  role: NodeStatus["role"],
  changes: Partial<NodeStatus> = {},
): NodeStatus {
  return {
    ...{ node, role, bootId: "1", isInSync: true, filesInStep: true, revision: 51 },
    ...{ isAble: role !== "active", troubles: [] },
    ...changes,
  };
}

/** A healthy pair as the first of the nodes sees it; the active one leads. */
export function pairStatus(
  nodes: PairStatus["nodes"],
  changes: Partial<PairStatus> = {},
): PairStatus {
  return {
    ...{ schema: "provlab/pair-status@1", seenBy: nodes[0].node, epoch: 4, nodes },
    leader: nodes.find(({ role }) => role === "active")?.node,
    ...{ storeAnswers: true, failureInProgress: false, peerLife: "alive" },
    ...{ clockApartMs: 0.4, leaseTimeAheadMs: 0, links: [{ state: "up", roundTripMs: 0.3 }] },
    ...changes,
  };
}
