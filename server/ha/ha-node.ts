import type { CatchUp, Heartbeat, HeartbeatFlags } from "../../protocol/heartbeat/packet.ts";
import type { ClaimOutcome, Holder, LeaderRecord } from "../mandate/leadership.ts";
import { type HeardRefusal, HeartbeatSession } from "./heartbeat-session.ts";
import type { HeartbeatTimes } from "./heartbeat-times.ts";
import {
  log,
  type NodeEffect,
  type NodeOrder,
  type NodeState,
  nodeStart,
  stepNode,
} from "./node-machine.ts";
import { isAble, isYielding, type NodeHealth, type NodeView } from "./node-view.ts";
import {
  type DetectorEvent,
  type LinkState,
  PeerDetector,
  type PeerLife,
} from "./peer-detector.ts";

export interface HaNodeOptions {
  readonly self: Holder;
  readonly peerName: string;
  readonly isFirst: boolean;
  readonly times: HeartbeatTimes;
  /** 1 or 2. */
  readonly linkCount: number;
  /** HA-33: false unless the operator asks for it. */
  readonly detectsDiskFailures: boolean;
  /** A commit that takes longer has failed. */
  readonly commitMsMax: number;
}

/** What happened before a turn of the loop. */
export interface NodeFacts {
  readonly leader: LeaderRecord | undefined;
  readonly isInSync: boolean;
  readonly revision: number;
  readonly health: NodeHealth;
  readonly isAnswering: boolean;
  /** See NodeView. */
  readonly areManyUndecidable: boolean;
  /** See HeartbeatFlags. */
  readonly filesInStep: boolean;
  /** Undefined while nothing bulky is under way. */
  readonly catchUp?: CatchUp | undefined;
  /** The result of a claim, and an order: each is given at the first turn after it arrived. */
  readonly claim?: ClaimOutcome | undefined;
  readonly order?: NodeOrder | undefined;
  /** The clock values to send to the peer; see LeaseTime. */
  readonly times: Pick<Heartbeat, "wallMs" | "leaseMs">;
}

/** What the caller must do: the effects in their order, then send the heartbeats. */
export interface NodeTurn {
  readonly effects: readonly NodeEffect[];
  /** At most one a link. */
  readonly heartbeats: readonly Heartbeat[];
}

export interface LinkReport {
  readonly state: LinkState;
  readonly roundTripMs: number | undefined;
}

/**
 * One node of the pair: which heartbeats it believes, whether the peer lives, and what to do about it. It
 * owns neither socket nor clock: the caller passes in what has arrived and then calls `turn`, at least
 * twice in a keepalive.
 */
export class HaNode {
  readonly #options: HaNodeOptions;
  readonly #session: HeartbeatSession;
  readonly #detector: PeerDetector;
  #state: NodeState = nodeStart;
  #peer: Heartbeat | undefined;
  /** Since when each report of the peer says that the store accepts its commits. */
  #peerWritesSinceMs = Number.POSITIVE_INFINITY;
  #nextBeatAtMs: number;
  #flagsSent: HeartbeatFlags | undefined;

  constructor(options: HaNodeOptions, nowMs: number) {
    const { self, peerName, linkCount, times } = options;
    this.#options = options;
    this.#nextBeatAtMs = nowMs;
    const proofsMax = Math.ceil(times.deadMs / times.keepaliveMs) + 1;
    this.#session = new HeartbeatSession({ bootId: self.bootId, peerName, linkCount, proofsMax });
    this.#detector = new PeerDetector(times, linkCount, nowMs);
  }

  get state(): NodeState {
    return this.#state;
  }

  /** The latest believed heartbeat. */
  get peer(): Heartbeat | undefined {
    return this.#peer;
  }

  get peerLife(): PeerLife {
    return this.#detector.life;
  }

  get links(): readonly LinkReport[] {
    const roundTripsMs = this.#session.roundTripsMs;
    return this.#detector.linkStates.map((state, link) => ({
      state,
      roundTripMs: roundTripsMs[link],
    }));
  }

  /** Round trip of a heartbeat that is read now; undefined when it answers none of ours. */
  roundTripOf(heartbeat: Heartbeat, nowMs: number): number | undefined {
    return this.#session.roundTripOf(heartbeat, nowMs);
  }

  /**
   * Takes an authentic heartbeat that came by `link`. Returns why it is refused; undefined when it is
   * believed.
   */
  hear(heartbeat: Heartbeat, link: number, nowMs: number): HeardRefusal | undefined {
    const refusal = this.#session.hear(heartbeat, link, nowMs);
    if (refusal !== undefined) return refusal;
    this.#detector.heard(link);
    // The slower link repeats what the faster one has brought already.
    const isOlder =
      this.#peer?.bootId === heartbeat.bootId && heartbeat.sentAtMs < this.#peer.sentAtMs;
    if (isOlder) return undefined;
    this.#peer = heartbeat;
    const { storeWrites } = heartbeat.flags;
    this.#peerWritesSinceMs = storeWrites
      ? Math.min(this.#peerWritesSinceMs, nowMs)
      : Number.POSITIVE_INFINITY;
    return undefined;
  }

  turn(nowMs: number, facts: NodeFacts): NodeTurn {
    const { times } = this.#options;
    const events = this.#detector.pass(nowMs);
    const stalledMs = events.find((event) => event.kind === "stalled")?.stalledMs ?? 0;
    const view = this.#view(nowMs, facts);
    const { claim, order, isAnswering } = facts;
    const before = this.#state;
    const step = stepNode(before, view, { claim, order, stalledMs, isAnswering }, times);
    this.#state = step.state;
    const logged = events.map((event) => this.#logOf(event));
    const effects = logged.length === 0 ? step.effects : [...logged, ...step.effects];
    const flags = this.#flags(view, facts);
    // A change is sent at once: the peer may be waiting for it.
    const isNews = before.role !== step.state.role || !isSame(flags, this.#flagsSent);
    if (!isNews && nowMs < this.#nextBeatAtMs) return { effects, heartbeats: [] };
    this.#flagsSent = flags;
    return { effects, heartbeats: this.#beats(nowMs, view, facts, flags) };
  }

  #view(nowMs: number, facts: NodeFacts): NodeView {
    const { health, areManyUndecidable, isInSync, leader } = facts;
    const { self, isFirst, peerName, detectsDiskFailures, commitMsMax } = this.#options;
    return {
      nowMs,
      self,
      isFirst,
      health,
      areManyUndecidable,
      isInSync,
      leader,
      peerName,
      peerLife: this.#detector.life,
      peerReport: this.#peer,
      hasPeerLongWritten: nowMs - this.#peerWritesSinceMs >= commitMsMax,
      detectsDiskFailures,
    };
  }

  #beats(
    nowMs: number,
    view: NodeView,
    facts: Pick<NodeFacts, "revision" | "times" | "catchUp">,
    flags: HeartbeatFlags,
  ): readonly Heartbeat[] {
    const { self, times, linkCount } = this.#options;
    this.#nextBeatAtMs = nowMs + times.keepaliveMs;
    const { role } = this.#state;
    const epoch = view.leader?.epoch ?? 0;
    const { revision, catchUp } = facts;
    const news = { role, epoch, revision, flags, catchUp };
    const common = { ...self, ...news, sentAtMs: nowMs, ...facts.times };
    return Array.from({ length: linkCount }, (_, link) => ({
      ...common,
      link,
      ...this.#session.next(link, nowMs),
    }));
  }

  #flags(view: NodeView, { filesInStep }: Pick<NodeFacts, "filesInStep">): HeartbeatFlags {
    const { health, isInSync, leader } = view;
    const state = this.#state;
    const yields = state.role === "standby" && isYielding(state.yieldsUntilMs, view);
    return {
      failureInProgress: leader?.failureInProgress ?? false,
      isInSync,
      isAble: isAble(state.role, view) && !yields,
      gatewayAnswers: health.gatewayAnswers,
      dataPlaneTurns: health.dataPlaneTurns,
      storeWrites: health.storeWrites,
      diskWorks: health.diskWorks,
      filesInStep: state.role === "active" || filesInStep,
      isLeaving: state.role === "failed" && state.reason === "shutdown",
    };
  }

  #logOf(event: DetectorEvent): NodeEffect {
    const { peerName } = this.#options;
    switch (event.kind) {
      case "link": {
        const level = event.state === "up" ? "info" : "warn";
        return log(level, `link ${event.link} to ${peerName} is ${event.state}`);
      }
      case "peer":
        return log(event.life === "alive" ? "info" : "error", `${peerName} is ${event.life}`);
      case "stalled":
        return log("warn", `stood still for ${Math.round(event.stalledMs)} ms`);
    }
  }
}

function isSame(one: HeartbeatFlags, other: HeartbeatFlags | undefined): boolean {
  const names = Object.keys(one) as (keyof HeartbeatFlags)[];
  return other !== undefined && names.every((name) => one[name] === other[name]);
}
