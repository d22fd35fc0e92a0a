import { Patience } from "../../base/patience.ts";
import { catchUpText } from "./catch-up.ts";
import type { OrderEnd, OrderLine } from "./control-messages.ts";
import type { NodeStatus, PairStatus } from "./pair-status.ts";

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
  /**
   * Evaluated on the node that gives the service away. `followsAnew`: since it stopped, that node was seen
   * without a complete table.
   */
  readonly isDone: (status: PairStatus, followsAnew: boolean) => boolean;
  /** From this step on the peer is to serve; if this node does, the fail-back has failed. */
  readonly servesElsewhere?: true;
  /** The node that has to catch up; undefined: nothing bulky is waited for. */
  readonly waitsFor?: (status: PairStatus) => NodeStatus;
}

export type FailBackPlan =
  | { readonly kind: "refused"; readonly reasons: readonly string[] }
  | { readonly kind: "steps"; readonly steps: readonly FailBackStep[]; readonly byHand: string };

const ownOf = ({ nodes: [own] }: PairStatus): NodeStatus => own;
const peerOf = ({ nodes: [, peer] }: PairStatus): NodeStatus => peer;

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
    },
    {
      name: "resynchronise",
      requirement: "HA-16 (2)",
      text: `wait until ${peer.node} has revision ${revision}`,
      act: undefined,
      isDone: ({ nodes: [, now] }) => now.isAble && now.revision >= revision,
      waitsFor: peerOf,
    },
    {
      name: "stop-here",
      requirement: "HA-16 (3)",
      text: `stop serving on ${own.node}`,
      act: "hand-over",
      isDone: ({ nodes: [now] }) => now.role === "standby",
    },
    {
      name: "start-there",
      requirement: "HA-16 (4)",
      text: `start serving on ${peer.node}`,
      act: undefined,
      isDone: ({ leader, nodes: [, now] }) => leader === peer.node && now.role === "active",
      servesElsewhere: true,
    },
    {
      name: "resume-monitoring",
      requirement: "HA-16 (5)",
      text: `${own.node} stands by and is in sync`,
      act: undefined,
      // A node that has led follows with a new table: the old one missed everything since the peer's
      // claim. A new one has everything up to that claim; with a slow etcd, it may always be behind what the
      // peer's heartbeats say.
      isDone: ({ nodes: [now, other] }, followsAnew) =>
        now.isAble && (followsAnew || now.revision >= other.revision),
      waitsFor: ownOf,
      servesElsewhere: true,
    },
  ];
  return {
    kind: "steps",
    steps,
    byHand: "switch the connection of the upper application (HA-16 (6))",
  };
}

/** A step is given up when nothing of it has moved for this long. */
const quietMsMax = 60_000;
/** The order tells at least this often that it is still under way. */
const progressMs = 2000;
/** The store may not have answered the first request to lower the flag. */
const lowerAgainMs = 1000;

/** What the caller must do after a turn. */
export interface FailBackTurn {
  readonly lines: readonly OrderLine[];
  readonly act?: FailBackStep["act"];
  /** Undefined while it goes on. */
  readonly end?: OrderEnd;
}

/** A fail-back under way. It waits as long as the node that it waits for gets further. */
export class FailBack {
  readonly #plan: Extract<FailBackPlan, { kind: "steps" }>;
  readonly #startMs: number;
  #at = -1;
  /** What the node that is waited for has to reach: what follows beyond it is no progress of the step. */
  #aim = 0;
  #patience!: Patience;
  #toldAtMs = 0;
  #lowerAtMs = 0;
  #stoppedAtMs = 0;
  #gapMs = 0;
  #followsAnew = false;

  constructor(plan: Extract<FailBackPlan, { kind: "steps" }>, nowMs: number) {
    this.#plan = plan;
    this.#startMs = nowMs;
  }

  /** Call it often, until it returns the end. */
  turn(nowMs: number, status: PairStatus): FailBackTurn {
    const step = this.#plan.steps[this.#at];
    if (step === undefined) return this.#begin(0, nowMs, status);
    this.#followsAnew ||= step.servesElsewhere === true && !ownOf(status).isInSync;
    if (step.isDone(status, this.#followsAnew)) {
      if (step.name === "start-there") this.#gapMs = nowMs - this.#stoppedAtMs;
      if (this.#at + 1 < this.#plan.steps.length) return this.#begin(this.#at + 1, nowMs, status);
      return { lines: [], end: { kind: "done", gapMs: this.#gapMs, byHand: this.#plan.byHand } };
    }
    const own = ownOf(status);
    if (step.servesElsewhere && own.role === "active") {
      return this.#stuck(
        step,
        nowMs,
        `${own.node} serves again, because ${peerOf(status).node} did not`,
      );
    }
    if (!this.#patience.goesOn(marksOf(step, status, this.#aim), nowMs)) {
      return this.#stuck(step, nowMs, whereText(step, status));
    }
    const lines: OrderLine[] = [];
    if (nowMs - this.#toldAtMs >= progressMs) {
      this.#toldAtMs = nowMs;
      const elapsedMs = nowMs - this.#startMs;
      lines.push({ kind: "progress", elapsedMs, text: whereText(step, status) });
    }
    const isLowering = step.act === "lower-failure-flag" && nowMs >= this.#lowerAtMs;
    if (!isLowering) return { lines };
    this.#lowerAtMs = nowMs + lowerAgainMs;
    return { lines, act: step.act };
  }

  #begin(at: number, nowMs: number, status: PairStatus): FailBackTurn {
    const { requirement, text, act } = this.#plan.steps[at]!;
    this.#at = at;
    this.#aim = Math.max(...status.nodes.map(({ revision }) => revision));
    this.#patience = new Patience(quietMsMax, nowMs);
    this.#toldAtMs = nowMs;
    this.#lowerAtMs = nowMs + lowerAgainMs;
    if (act === "hand-over") this.#stoppedAtMs = nowMs;
    const elapsedMs = nowMs - this.#startMs;
    return { lines: [{ kind: "step", elapsedMs, requirement, text }], act };
  }

  #stuck({ requirement, text }: FailBackStep, nowMs: number, why: string): FailBackTurn {
    const msMax = this.#patience.quietMs(nowMs);
    return { lines: [], end: { kind: "stuck", step: `${requirement}: ${text}`, msMax, why } };
  }
}

/** How far a step is, for Patience. */
function marksOf({ waitsFor }: FailBackStep, status: PairStatus, aim: number): readonly number[] {
  if (waitsFor === undefined) return [];
  const { role, isInSync, isAble, revision, catchUp } = waitsFor(status);
  const states = [role === "standby", isInSync, isAble].map(Number);
  const { leasesRead = 0, filesFetched = 0 } = catchUp ?? {};
  return [...states, Math.min(revision, aim), leasesRead, filesFetched];
}

/** Where a step stands, for the operator. */
function whereText({ waitsFor }: FailBackStep, status: PairStatus): string {
  const nodes = waitsFor === undefined ? status.nodes : [waitsFor(status)];
  return nodes.map(nodeText).join("; ");
}

function nodeText({ node, role, isInSync, revision, catchUp, troubles }: NodeStatus): string {
  const sync = isInSync ? `in sync at revision ${revision}` : "not in sync";
  const parts = [`${node} is ${role}, ${sync}`];
  if (catchUp !== undefined) parts.push(`has ${catchUpText(catchUp)}`);
  return [...parts, ...troubles].join(", ");
}
