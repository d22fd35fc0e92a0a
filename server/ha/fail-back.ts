import type { PairStatus } from "./pair-status.ts";

/** One step of HA-16, in its order. */
export type FailBackStepName =
  | "lower-failure-flag"
  | "resynchronise"
  | "stop-here"
  | "start-there"
  | "resume-monitoring";

export interface FailBackStep {
  readonly name: FailBackStepName;
  readonly requirement: string;
  readonly text: string;
  /** What the runner must do before it waits; undefined: only wait. */
  readonly act: "lower-failure-flag" | "hand-over" | undefined;
  /** Evaluated on the node that gives the service away. */
  readonly isDone: (status: PairStatus) => boolean;
  /** If the step takes longer, the fail-back stops where it is. */
  readonly msMax: number;
}

export type FailBackPlan =
  | { readonly kind: "refused"; readonly reasons: readonly string[] }
  | { readonly kind: "steps"; readonly steps: readonly FailBackStep[]; readonly byHand: string };

/** Conditions before anything is changed, and the message when one does not hold. */
const preconditions: readonly {
  readonly holds: (status: PairStatus) => boolean;
  readonly reason: (status: PairStatus) => string;
}[] = [
  {
    holds: ({ storeAnswers }) => storeAnswers,
    reason: () => "the store does not answer",
  },
  {
    holds: ({ nodes: [own], leader }) => own.role === "active" && leader === own.node,
    reason: ({ nodes: [own] }) => `${own.node} is ${own.role}: run it on the active node`,
  },
  {
    holds: ({ peerLife }) => peerLife === "alive",
    reason: ({ nodes: [, peer] }) => `${peer.node} is not heard on any link (OPS-9)`,
  },
  {
    holds: ({ peerLife, nodes: [, peer] }) => peerLife !== "alive" || peer.isInSync,
    reason: ({ nodes: [, peer] }) => `${peer.node} is not in sync (OPS-10)`,
  },
  {
    holds: ({ peerLife, nodes: [, peer] }) => peerLife !== "alive" || peer.troubles.length === 0,
    reason: ({ nodes: [, peer] }) =>
      `${peer.node} has failed actions: ${peer.troubles.join(", ")} (OPS-13)`,
  },
  {
    // The serving node is the master of the files, so a peer with older files would replace newer ones
    // here.
    holds: ({ peerLife, nodes: [, peer] }) => peerLife !== "alive" || peer.filesInStep,
    reason: ({ nodes: [, peer] }) =>
      `${peer.node} has not all files of this node yet: see its log (TFTP-2)`,
  },
  {
    holds: ({ nodes: [, peer] }) => peer.role !== "starting",
    reason: ({ nodes: [, peer] }) => `${peer.node} is still starting`,
  },
];

/**
 * The fail-back as one run (HA-14, HA-16), from the active node to its peer. It is refused, with all
 * reasons at once, unless the peer could serve at this moment.
 */
export function planFailBack(status: PairStatus): FailBackPlan {
  const broken = preconditions.filter(({ holds }) => !holds(status));
  if (broken.length > 0) {
    return { kind: "refused", reasons: broken.map(({ reason }) => reason(status)) };
  }
  const [own, peer] = status.nodes;
  // Everything written before the fail-back began; later writes follow while it runs.
  const { revision } = own;
  const steps: readonly FailBackStep[] = [
    {
      name: "lower-failure-flag",
      requirement: "HA-16 (1)",
      text: "lower the failure-in-progress flag",
      act: status.failureInProgress ? "lower-failure-flag" : undefined,
      isDone: ({ failureInProgress }) => !failureInProgress,
      msMax: 5000,
    },
    {
      name: "resynchronise",
      requirement: "HA-16 (2)",
      text: `wait until ${peer.node} has revision ${revision}`,
      act: undefined,
      isDone: ({ nodes: [, now] }) => now.isAble && now.revision >= revision,
      msMax: 60_000,
    },
    {
      name: "stop-here",
      requirement: "HA-16 (3)",
      text: `stop serving on ${own.node}`,
      act: "hand-over",
      isDone: ({ nodes: [now] }) => now.role === "standby",
      msMax: 5000,
    },
    {
      name: "start-there",
      requirement: "HA-16 (4)",
      text: `start serving on ${peer.node}`,
      act: undefined,
      isDone: ({ leader, nodes: [, now] }) => leader === peer.node && now.role === "active",
      msMax: 10_000,
    },
    {
      name: "resume-monitoring",
      requirement: "HA-16 (5)",
      text: `${own.node} stands by and is in sync`,
      act: undefined,
      // A node that has led follows with a new table: the old one missed everything since the peer's
      // claim.
      isDone: ({ nodes: [now, other] }) => now.isAble && now.revision >= other.revision,
      msMax: 10_000,
    },
  ];
  return {
    kind: "steps",
    steps,
    byHand: "switch the connection of the upper application (HA-16 (6))",
  };
}
