import { unreachable } from "../../base/assert.ts";
import type { ClaimOutcome, ClaimRequest, LeaderRecord } from "../mandate/leadership.ts";
import { type HeartbeatTimes, stopMsMax } from "./heartbeat-times.ts";
import { isPeerAble, isPeerComing, isYielding, type NodeView } from "./node-view.ts";
import {
  type FailureReason,
  stepDownConditionOf,
  type TakeOverCondition,
  takeOverConditionOf,
} from "./take-over-conditions.ts";

/** An order of an operator or a signal. */
export type NodeOrder =
  /** End in good order. */
  | "shutdown"
  /** HA-16, steps 3 and 4: let the peer serve. */
  | "hand-over"
  /** OPS-13: the failure has been repaired. */
  | "clean-up";

type AfterStop =
  | { readonly kind: "standby"; readonly yields: boolean }
  | { readonly kind: "failed"; readonly reason: FailureReason };

/** `lost`: there is no leadership to give back. */
type Release = "lost" | "orderly" | "failure";

export type NodeState =
  | { readonly role: "starting" }
  | {
      readonly role: "standby";
      /** Until then it leaves a vacant leadership to the peer, if that one can serve or soon will. */
      readonly yieldsUntilMs: number;
      /** It has given up this epoch and earlier ones, whatever the store still says; 0: none. */
      readonly doneEpoch: number;
    }
  | {
      readonly role: "claiming";
      readonly request: ClaimRequest;
      /** Undefined while the store works on the claim. */
      readonly retryAtMs: number | undefined;
    }
  | {
      readonly role: "active";
      readonly epoch: number;
      /** A reason to step down that has to persist for a while. */
      readonly doubt: { readonly reason: FailureReason; readonly sinceMs: number } | undefined;
    }
  | {
      readonly role: "demoting";
      readonly epoch: number;
      readonly sinceMs: number;
      readonly release: Release;
      readonly next: AfterStop;
    }
  | { readonly role: "failed"; readonly reason: FailureReason; readonly doneEpoch: number };

export type NodeEffect =
  | ({ readonly kind: "claim" } & ClaimRequest)
  | { readonly kind: "release"; readonly epoch: number; readonly raisesFailureFlag: boolean }
  | { readonly kind: "start-answering"; readonly epoch: number }
  | { readonly kind: "stop-answering" }
  | { readonly kind: "announce-address" }
  | { readonly kind: "withdraw-address" }
  | { readonly kind: "log"; readonly level: "info" | "warn" | "error"; readonly message: string };

/** What happened since the last step. */
export interface NodeInput {
  readonly claim?: ClaimOutcome | undefined;
  readonly order?: NodeOrder | undefined;
  /** How long our own program stood still; 0 when it did not. */
  readonly stalledMs: number;
  /** The data plane still answers. */
  readonly isAnswering: boolean;
}

export interface NodeStep {
  readonly state: NodeState;
  readonly effects: readonly NodeEffect[];
}

export const nodeStart: NodeState = { role: "starting" };

type StandbyState = Extract<NodeState, { role: "standby" }>;
type ActiveState = Extract<NodeState, { role: "active" }>;
type DemotingState = Extract<NodeState, { role: "demoting" }>;

const stay = (state: NodeState): NodeStep => ({ state, effects: [] });
const withdrawal: NodeEffect = { kind: "withdraw-address" };
const stopped: readonly NodeEffect[] = [{ kind: "stop-answering" }, withdrawal];

export function log(level: "info" | "warn" | "error", message: string): NodeEffect {
  return { kind: "log", level, message };
}

/**
 * One step of a node, from its view and what happened; call it at every turn of the loop. A step leaves
 * at most one state, so that the next step sees the results of its effects.
 */
export function stepNode(
  state: NodeState,
  view: NodeView,
  input: NodeInput,
  times: HeartbeatTimes,
): NodeStep {
  switch (state.role) {
    case "starting":
      if (input.order === "shutdown") return failed("shutdown", 0);
      return stepStarting(view, times);
    case "standby":
      if (input.order === "shutdown") return failed("shutdown", state.doneEpoch);
      return stepStandby(state, view, input);
    case "claiming":
      return stepClaiming(state, view, input, times);
    case "active":
      return stepActive(state, view, input, times);
    case "demoting":
      return stepDemoting(state, view, input, times);
    case "failed":
      if (input.order !== "clean-up" || state.reason === "shutdown") return stay(state);
      return standby(state.doneEpoch, [
        log("info", `clean-up: ${state.reason} is forgotten (OPS-13)`),
      ]);
    default:
      return unreachable(state);
  }
}

/** HA-22, HA-28 (initdead): a node claims only after it knows the leader, the leases and the peer. */
function stepStarting(view: NodeView, times: HeartbeatTimes): NodeStep {
  const { leader, isInSync, isFirst, nowMs, peerLife, peerName } = view;
  if (leader === undefined || !isInSync || peerLife === "unknown") return stay(nodeStart);
  const message = `standby: ${peerName} is ${peerLife}, epoch ${leader.epoch}`;
  return standby(0, [log("info", message)], isFirst ? 0 : nowMs + 2 * times.deadMs);
}

function stepStandby(state: StandbyState, view: NodeView, input: NodeInput): NodeStep {
  const { leader, self } = view;
  if (leader === undefined) return stay(state);
  if (input.order === "hand-over") {
    return { state, effects: [log("warn", "hand-over refused: this node is not active")] };
  }
  // The answer to our claim was lost.
  if (isHeldBy(leader, self) && leader.epoch > state.doneEpoch) return becomeActive(leader.epoch);
  if (isYielding(state.yieldsUntilMs, view) && (isPeerAble(view) || isPeerComing(view)))
    return stay(state);
  const condition = takeOverConditionOf(view, leader);
  // Once the peer has taken the leadership left to it, a later vacancy is a new case.
  const isTaken = leader.hold === "held" && leader.epoch > state.doneEpoch;
  if (condition === undefined) return stay(isTaken ? { ...state, yieldsUntilMs: 0 } : state);
  const { text, requirement } = condition;
  return claim(requestOf(condition, leader, view), [
    log("warn", `claiming epoch ${leader.epoch + 1}: ${text} (${requirement})`),
  ]);
}

function requestOf(
  { raisesFailureFlag }: TakeOverCondition,
  { epoch, holder }: LeaderRecord,
  { self }: NodeView,
): ClaimRequest {
  const isFailOver = raisesFailureFlag && holder?.node !== self.node;
  return { seenEpoch: epoch, raisesFailureFlag: isFailOver };
}

function stepClaiming(
  state: Extract<NodeState, { role: "claiming" }>,
  view: NodeView,
  input: NodeInput,
  times: HeartbeatTimes,
): NodeStep {
  const { leader, self, nowMs } = view;
  const { request } = state;
  const outcome = input.claim?.seenEpoch === request.seenEpoch ? input.claim : undefined;
  const seenEpoch = leader?.epoch ?? 0;
  if (outcome?.kind === "won" && outcome.epoch >= seenEpoch) return becomeActive(outcome.epoch);
  if (leader !== undefined && leader.epoch > request.seenEpoch) {
    if (isHeldBy(leader, self)) return becomeActive(leader.epoch);
    return standby(leader.epoch, [
      log("info", `epoch ${leader.epoch} is ${leader.holder?.node}'s`),
    ]);
  }
  if (outcome?.kind === "lost" || outcome?.kind === "won") {
    return standby(request.seenEpoch, [
      log("info", `the claim of epoch ${request.seenEpoch + 1} was refused`),
    ]);
  }
  if (input.order === "shutdown") return failed("shutdown", request.seenEpoch);
  if (outcome?.kind === "unavailable") {
    return stay({ ...state, retryAtMs: nowMs + times.keepaliveMs });
  }
  // While the store is away, the same claim is repeated; it can succeed only once.
  if (state.retryAtMs !== undefined && nowMs >= state.retryAtMs) return claim(request);
  return stay(state);
}

function stepActive(
  state: ActiveState,
  view: NodeView,
  input: NodeInput,
  times: HeartbeatTimes,
): NodeStep {
  const { leader, self, nowMs, peerName } = view;
  const { epoch } = state;
  const demotion = (release: Release, next: AfterStop): DemotingState => {
    return { role: "demoting", epoch, sinceMs: nowMs, release, next };
  };
  if (leader !== undefined && leader.epoch >= epoch && !isHeldBy(leader, self)) {
    const message = `fenced: epoch ${leader.epoch} is ${leader.hold} by ${leader.holder?.node}`;
    return demote(demotion("lost", toStandby(false)), log("error", message));
  }
  if (input.stalledMs >= times.deadMs) {
    // The peer may have taken over meanwhile: answer nothing until the store has been asked.
    const message = `stood still for ${Math.round(input.stalledMs)} ms: claiming again`;
    return claim({ seenEpoch: epoch, raisesFailureFlag: false }, [
      ...stopped,
      log("warn", message),
    ]);
  }
  if (input.order === "shutdown") {
    const next: AfterStop = { kind: "failed", reason: "shutdown" };
    return demote(demotion("orderly", next), log("info", "shutdown: handing over"));
  }
  if (input.order === "hand-over") {
    const obstacle = handOverObstacleOf(view);
    if (obstacle === undefined) {
      return demote(demotion("orderly", toStandby(true)), log("info", `hand-over to ${peerName}`));
    }
    const refusal = log("warn", `hand-over refused: ${obstacle}`);
    return { state, effects: [refusal] };
  }
  const condition = stepDownConditionOf(view);
  if (condition === undefined) return stay({ ...state, doubt: undefined });
  const { requirement, reason, text, isComparison } = condition;
  const sinceMs = state.doubt?.reason === reason ? state.doubt.sinceMs : nowMs;
  if (isComparison && nowMs - sinceMs < 2 * times.keepaliveMs) {
    return stay({ ...state, doubt: { reason, sinceMs } });
  }
  const message = `handing over to ${peerName}: ${text} (${requirement})`;
  return demote(demotion("failure", { kind: "failed", reason }), log("error", message));
}

function handOverObstacleOf(view: NodeView): string | undefined {
  if (view.leader?.failureInProgress === true) return "a failure is in progress (HA-13, step 1)";
  return isPeerAble(view) ? undefined : `${view.peerName} cannot serve`;
}

/** HA-13, step 2: the other node starts when this one has stopped, or had ample time to. */
function stepDemoting(
  state: DemotingState,
  { nowMs }: NodeView,
  { isAnswering, order }: NodeInput,
  times: HeartbeatTimes,
): NodeStep {
  const { epoch, sinceMs, release } = state;
  const next: AfterStop =
    order === "shutdown" ? { kind: "failed", reason: "shutdown" } : state.next;
  if (isAnswering && nowMs - sinceMs < stopMsMax) return stay({ ...state, next });
  const raisesFailureFlag = release === "failure";
  // Everything promised in time has been sent by now, from the address that the client asked.
  const effects: readonly NodeEffect[] =
    release === "lost" ? [] : [withdrawal, { kind: "release", epoch, raisesFailureFlag }];
  if (next.kind === "failed") return failed(next.reason, epoch, effects);
  return standby(epoch, effects, next.yields ? nowMs + 2 * times.deadMs : 0);
}

function isHeldBy({ hold, holder }: LeaderRecord, self: NodeView["self"]): boolean {
  return hold === "held" && holder?.node === self.node && holder.bootId === self.bootId;
}

const toStandby = (yields: boolean): AfterStop => ({ kind: "standby", yields });

function standby(doneEpoch: number, effects: readonly NodeEffect[], yieldsUntilMs = 0): NodeStep {
  return { state: { role: "standby", yieldsUntilMs, doneEpoch }, effects };
}

function failed(
  reason: FailureReason,
  doneEpoch: number,
  effects: readonly NodeEffect[] = [],
): NodeStep {
  return { state: { role: "failed", reason, doneEpoch }, effects };
}

function claim(request: ClaimRequest, before: readonly NodeEffect[] = []): NodeStep {
  const state: NodeState = { role: "claiming", request, retryAtMs: undefined };
  return { state, effects: [...before, { kind: "claim", ...request }] };
}

function becomeActive(epoch: number): NodeStep {
  const effects: readonly NodeEffect[] = [
    { kind: "start-answering", epoch },
    { kind: "announce-address" },
    log("info", `active, epoch ${epoch}`),
  ];
  return { state: { role: "active", epoch, doubt: undefined }, effects };
}

/** If this node was replaced, the floating address belongs to the other node already. */
function demote(state: DemotingState, message: NodeEffect): NodeStep {
  const stop: readonly NodeEffect[] =
    state.release === "lost" ? stopped : [{ kind: "stop-answering" }];
  return { state, effects: [...stop, message] };
}
