import type { LeaderRecord } from "../mandate/leadership.ts";
import { isAble, isPeerAble, type NodeView } from "./node-view.ts";

/** Why a node does not serve until an operator has looked at it (`Failed actions:` of OPS-8). */
export type FailureReason =
  | "data-plane-stalled"
  | "packets-undecidable"
  | "store-failed"
  | "gateway-lost"
  | "disk-failed"
  | "shutdown";

export interface StepDownCondition {
  readonly requirement: string;
  readonly reason: FailureReason;
  readonly text: string;
  /**
   * It compares this node with the other one, which may notice the same trouble a little later. So it has
   * to hold for two keepalives: one for the other's own check and one for its heartbeat.
   */
  readonly isComparison: boolean;
  readonly holds: (view: NodeView) => boolean;
}

/**
 * When an active node gives up, most important first. Each counts only while the peer could serve: a node
 * that is alone goes on as well as it can.
 */
export const stepDownConditions: readonly StepDownCondition[] = [
  {
    requirement: "HA-11",
    reason: "data-plane-stalled",
    text: "the loop that answers DHCP stands still",
    isComparison: false,
    holds: ({ health }) => !health.dataPlaneTurns,
  },
  {
    // Once: the node that takes over raises the flag, and meets the same packets.
    requirement: "HA-11",
    reason: "packets-undecidable",
    text: "more than a few packets cannot be decided here",
    isComparison: false,
    holds: ({ areManyUndecidable, leader }) =>
      areManyUndecidable && leader?.failureInProgress !== true,
  },
  {
    requirement: "HA-11",
    reason: "store-failed",
    text: "leases cannot be committed here, and can there",
    isComparison: true,
    // After an outage of both, the peer may notice first that the store answers again: a commit of ours that began in
    // the outage takes all the time that it has.
    holds: ({ health, hasPeerLongWritten }) => !health.storeWrites && hasPeerLongWritten,
  },
  {
    requirement: "HA-12",
    reason: "gateway-lost",
    text: "the gateway does not answer here, and does there",
    isComparison: true,
    holds: ({ health, peerReport }) => !health.gatewayAnswers && peerReport!.flags.gatewayAnswers,
  },
  {
    requirement: "HA-34",
    reason: "disk-failed",
    text: "the disk fails",
    isComparison: false,
    holds: ({ health, detectsDiskFailures }) => detectsDiskFailures && !health.diskWorks,
  },
];

/** The first condition that makes the active node of this view step down. */
export function stepDownConditionOf(view: NodeView): StepDownCondition | undefined {
  if (!isPeerAble(view)) return undefined;
  return stepDownConditions.find(({ holds }) => holds(view));
}

export interface TakeOverCondition {
  readonly requirement: string;
  readonly text: string;
  /**
   * HA-13, step 1: it counts as a failure, and the service does not move back until an operator has
   * looked at it.
   */
  readonly raisesFailureFlag: boolean;
  readonly holds: (view: NodeView, leader: LeaderRecord) => boolean;
}

const isHeldByPeer = ({ peerName }: NodeView, { hold, holder }: LeaderRecord): boolean =>
  hold === "held" && holder?.node === peerName;

/** The peer has stopped serving, but the store does not know yet, or never will. */
function isLetGo(view: NodeView, leader: LeaderRecord): boolean {
  const { peerLife, peerReport } = view;
  if (!isHeldByPeer(view, leader) || peerLife !== "alive") return false;
  // A report from before the peer's own claim does not count.
  const isCurrent = peerReport!.epoch >= leader.epoch;
  return isCurrent && (peerReport!.role === "standby" || peerReport!.role === "failed");
}

const isFailed = ({ peerReport }: NodeView): boolean =>
  peerReport?.role === "failed" && !peerReport.flags.isLeaving;

/**
 * A holder's presence also ends while the store answers nobody; it returns with the store. A holder that
 * cannot reach the store steps down by itself (HA-11).
 */
const saysThatItServes = ({ peerLife, peerReport }: NodeView, leader: LeaderRecord): boolean =>
  peerLife === "alive" &&
  peerReport!.role === "active" &&
  peerReport!.bootId === leader.holder?.bootId &&
  peerReport!.epoch >= leader.epoch;

/** When a node in standby claims the leadership. */
export const takeOverConditions: readonly TakeOverCondition[] = [
  {
    requirement: "HA-10",
    text: "no heartbeat of the active node on any link",
    raisesFailureFlag: true,
    // While the flag is up, silence is not enough: after a cut of all links the former active node hears
    // nothing either, and would take back the service that was just taken over (HA-13, step 1).
    holds: (view, leader) =>
      isHeldByPeer(view, leader) && view.peerLife === "dead" && !leader.failureInProgress,
  },
  {
    requirement: "HA-10",
    text: "the active node has started again",
    raisesFailureFlag: true,
    holds: (view, leader) =>
      isHeldByPeer(view, leader) &&
      view.peerLife === "alive" &&
      view.peerReport!.bootId !== leader.holder!.bootId,
  },
  {
    requirement: "HA-10",
    text: "the active node has failed and could not say so to the store",
    raisesFailureFlag: true,
    holds: (view, leader) => isLetGo(view, leader) && isFailed(view),
  },
  {
    requirement: "HA-7",
    text: "the active node has let go",
    raisesFailureFlag: false,
    holds: (view, leader) => isLetGo(view, leader) && !isFailed(view),
  },
  {
    requirement: "HA-10",
    text: "the active node has vanished from the store",
    raisesFailureFlag: true,
    holds: (view, leader) =>
      leader.hold === "expired" && !saysThatItServes(view, leader) && isOurTurn(view, leader),
  },
  {
    requirement: "HA-7",
    text: "nobody holds the leadership",
    raisesFailureFlag: false,
    holds: (view, leader) => leader.hold === "released" && isOurTurn(view, leader),
  },
  {
    requirement: "HA-7",
    text: "this node held the leadership, and the other one cannot take it",
    raisesFailureFlag: false,
    holds: (view, { hold, holder }) =>
      hold === "held" && holder?.node === view.self.node && !isPeerAble(view),
  },
];

/**
 * When both could serve, one goes first, so that a start is not a race; the other goes when that one
 * cannot.
 */
function isOurTurn(view: NodeView, { failureInProgress, holder }: LeaderRecord): boolean {
  if (!isPeerAble(view)) return view.peerLife !== "unknown";
  const { gatewayAnswers } = view.health;
  if (!isAble("standby", view)) return false;
  if (gatewayAnswers !== view.peerReport!.flags.gatewayAnswers) return gatewayAnswers;
  return failureInProgress ? holder?.node === view.self.node : view.isFirst;
}

/** The first condition that makes the standby node of this view claim. */
export function takeOverConditionOf(
  view: NodeView,
  leader: LeaderRecord,
): TakeOverCondition | undefined {
  if (!view.isInSync || !view.health.dataPlaneTurns) return undefined;
  return takeOverConditions.find(({ holds }) => holds(view, leader));
}
