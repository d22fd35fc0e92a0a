import { Prng } from "../../base/prng.ts";
import type { Heartbeat } from "../../protocol/heartbeat/packet.ts";
import { LeaderRegister } from "../mandate/leader-register.testing.ts";
import type { ClaimOutcome, Holder, LeaderRecord } from "../mandate/leadership.ts";
import { HaNode, type NodeFacts } from "./ha-node.ts";
import type { HeartbeatTimes } from "./heartbeat-times.ts";
import type { NodeEffect, NodeOrder } from "./node-machine.ts";
import { type PairStatus, pairStatusOf } from "./pair-status.ts";

export type Side = 0 | 1;

/** A fault from `atMs` on for `forMs`; an order is given once. */
export type PairFault = { readonly atMs: number; readonly side: Side; readonly forMs: number } & (
  | {
      readonly kind:
        | "kill"
        | "pause"
        | "cut-store"
        | "lose-gateway"
        | "stall-data-plane"
        | "poison";
    }
  /** What `side` sends by it does not arrive. */
  | { readonly kind: "cut-link"; readonly link: number }
  | { readonly kind: "order"; readonly order: NodeOrder | "lower-flag" }
);

export interface PairModelOptions {
  readonly seed: number;
  readonly times: HeartbeatTimes;
  readonly faults: readonly PairFault[];
  /** How long the store keeps a holder that does not show itself. */
  readonly holdMs?: number;
  /** How many of 80,000 leases a node has that has read the store for so long; by default all after 100 ms. */
  readonly leasesReadAt?: (elapsedMs: number) => number;
}

const leasesInAll = 80_000;

export interface Commit {
  readonly atMs: number;
  readonly side: Side;
  readonly epoch: number;
}

const stepMs = 5;
const linkCount = 2;
const watchMs = 15;
const latencyMsMax = 15;
const claimMsMax = 150;
const overlapMsMax = 100;
/** etcd cannot make it shorter than about 2 s. */
const holdMsMin = 2000;
const storeSilentMsMax = 500;
const lossPercent = 3;

interface Machine {
  readonly name: string;
  self: Holder;
  ha: HaNode;
  isAnswering: boolean;
  /** 0: it goes on answering. */
  stopsAtMs: number;
  epoch: number;
  leader: LeaderRecord | undefined;
  claim: ClaimOutcome | undefined;
  /** The claim that has no answer yet, by its `seenEpoch`. */
  pendingClaim: number | undefined;
  order: NodeOrder | undefined;
  storeSeenAtMs: number;
  /** When its table began to follow: at the start, and anew when another node has led since it led itself. */
  followsFromMs: number;
  facts: NodeFacts | undefined;
}

/**
 * Two nodes, two links each way, and a store, in virtual time: every message is delayed and may be
 * lost, a claim's answer too. The nodes are the ones that serve; the rest is a model of what is around
 * them. `problems` has whatever must never happen.
 */
export class PairModel {
  readonly register: LeaderRegister;
  readonly commits: Commit[] = [];
  readonly claims: { readonly atMs: number; readonly side: Side }[] = [];
  readonly logs: string[] = [];
  readonly problems: string[] = [];
  readonly #options: PairModelOptions;
  readonly #random: Prng;
  readonly #machines: readonly [Machine, Machine];
  #events: { atMs: number; run: () => void }[] = [];
  #boots = 0;
  #trustedSinceMs = 0;
  #bothAnswerSinceMs: number | undefined;
  nowMs = 0;

  constructor(options: PairModelOptions) {
    this.#options = options;
    this.register = new LeaderRegister(options.holdMs ?? holdMsMin);
    this.#random = new Prng(options.seed, 0);
    this.#machines = [this.#boot(0), this.#boot(1)];
  }

  machine(side: Side): Machine {
    return this.#machines[side];
  }

  role(side: Side): string {
    return this.#has("kill", side) ? "down" : this.machine(side).ha.state.role;
  }

  /** The pair as a node sees it; undefined before its first turn. */
  status(side: Side): PairStatus | undefined {
    const { ha, self, facts } = this.machine(side);
    if (facts === undefined) return undefined;
    const peerName = this.machine(side === 0 ? 1 : 0).name;
    const rest = { storeTrouble: "", clockApartMs: 0, leaseTimeAheadMs: 0 };
    return pairStatusOf({ node: ha, self, peerName, ...facts, ...rest });
  }

  /** An order for a node at this moment. */
  order(side: Side, order: NodeOrder | "lower-flag"): void {
    this.#order(this.machine(side), order);
  }

  /** Lets time go on. */
  run(untilMs: number): void {
    while (this.nowMs < untilMs) {
      this.nowMs += stepMs;
      const due = this.#events.filter(({ atMs }) => atMs <= this.nowMs);
      this.#events = this.#events.filter(({ atMs }) => atMs > this.nowMs);
      for (const { run } of due) run();
      this.register.pass(this.nowMs);
      this.#applyFaults();
      for (const side of [0, 1] as const) this.#turn(side);
      this.#check();
    }
  }

  #boot(side: Side): Machine {
    this.#boots += 1;
    const name = side === 0 ? "prov01" : "prov02";
    const self = { node: name, bootId: (this.#boots + 0x100).toString(16).padStart(16, "0") };
    const { times } = this.#options;
    const peerName = side === 0 ? "prov02" : "prov01";
    const options = { self, peerName, isFirst: side === 0, times, linkCount };
    return {
      ...{ name, self, isAnswering: false, stopsAtMs: 0, epoch: 0, leader: undefined },
      ...{ claim: undefined, pendingClaim: undefined, order: undefined },
      ...{ storeSeenAtMs: this.nowMs, followsFromMs: this.nowMs, facts: undefined },
      ha: new HaNode(
        { ...options, detectsDiskFailures: false, commitMsMax: storeSilentMsMax },
        this.nowMs,
      ),
    };
  }

  #has(kind: PairFault["kind"], side: Side, link?: number): boolean {
    return this.#options.faults.some(
      (fault) =>
        fault.kind === kind &&
        fault.side === side &&
        this.nowMs >= fault.atMs &&
        this.nowMs < fault.atMs + fault.forMs &&
        (fault.kind !== "cut-link" || fault.link === link),
    );
  }

  #applyFaults(): void {
    for (const fault of this.#options.faults) {
      const begins = fault.atMs > this.nowMs - stepMs && fault.atMs <= this.nowMs;
      const endsAtMs = fault.atMs + fault.forMs;
      const ends = endsAtMs > this.nowMs - stepMs && endsAtMs <= this.nowMs;
      if (begins && fault.kind === "order") this.#order(this.machine(fault.side), fault.order);
      const isOver = fault.kind === "kill" && ends && !this.#has("kill", fault.side);
      if (isOver) Object.assign(this.machine(fault.side), this.#boot(fault.side));
    }
  }

  #order(machine: Machine, order: NodeOrder | "lower-flag"): void {
    if (order === "lower-flag") this.register.lowerFailureFlag(machine.self, machine.epoch);
    else machine.order = order;
  }

  /** Runs on the same boot only: what is on its way to a dead program is lost. */
  #later(side: Side, run: (machine: Machine) => void): void {
    const machine = this.machine(side);
    const { bootId } = machine.self;
    const deliver = (): void => {
      if (machine.self.bootId !== bootId || this.#has("kill", side)) return;
      if (!this.#has("pause", side)) run(machine);
      else this.#events.push({ atMs: this.nowMs + stepMs, run: deliver });
    };
    this.#events.push({ atMs: this.#arrivalMs(), run: deliver });
  }

  #arrivalMs(): number {
    return this.nowMs + 1 + this.#random.nextBelow(latencyMsMax);
  }

  #turn(side: Side): void {
    if (this.#has("kill", side) || this.#has("pause", side)) return;
    const machine = this.machine(side);
    if (!this.#has("cut-store", side)) this.#watchStore(side, machine);
    if (machine.stopsAtMs > 0 && this.nowMs >= machine.stopsAtMs) machine.isAnswering = false;
    const { claim, order, leader, isAnswering } = machine;
    machine.claim = undefined;
    machine.order = undefined;
    const leasesRead = this.#leasesRead(machine);
    const isInSync = leader !== undefined && leasesRead === leasesInAll;
    machine.facts = {
      ...{ claim, order, leader, isAnswering, isInSync, revision: 0, filesInStep: true },
      areManyUndecidable: this.#has("poison", side),
      times: { wallMs: this.nowMs, leaseMs: this.nowMs },
      catchUp: isInSync ? undefined : { leasesRead, leasesInAll, filesFetched: 0, filesInAll: 0 },
      health: {
        dataPlaneTurns: !this.#has("stall-data-plane", side),
        storeWrites: this.nowMs - machine.storeSeenAtMs < storeSilentMsMax,
        gatewayAnswers: !this.#has("lose-gateway", side),
        diskWorks: true,
      },
    };
    const { effects, heartbeats } = machine.ha.turn(this.nowMs, machine.facts);
    for (const effect of effects) this.#apply(side, machine, effect);
    for (const heartbeat of heartbeats) this.#send(side, heartbeat);
    if (machine.isAnswering && !this.#has("stall-data-plane", side)) this.#commit(side, machine);
  }

  #leasesRead({ followsFromMs }: Machine): number {
    const elapsedMs = this.nowMs - followsFromMs;
    const { leasesReadAt = (ms: number) => (ms > 100 ? leasesInAll : 0) } = this.#options;
    return Math.min(leasesInAll, Math.floor(leasesReadAt(elapsedMs)));
  }

  #watchStore(side: Side, machine: Machine): void {
    this.register.keepAlive(machine.self, this.nowMs);
    if (this.nowMs % watchMs !== 0) return;
    const { record } = this.register;
    this.#later(side, (receiver) => {
      receiver.storeSeenAtMs = this.nowMs;
      // A watch never goes back.
      if (receiver.leader === undefined || record.epoch >= receiver.leader.epoch) {
        receiver.leader = record;
      }
      // A table that has led missed everything since the other node's claim.
      const isReplaced = receiver.epoch > 0 && record.epoch > receiver.epoch;
      if (!isReplaced || record.holder?.node === receiver.name) return;
      Object.assign(receiver, { epoch: 0, followsFromMs: this.nowMs });
    });
  }

  #send(side: Side, heartbeat: Heartbeat): void {
    const { link } = heartbeat;
    if (this.#has("cut-link", side, link) || this.#random.nextBelow(100) < lossPercent) return;
    this.#later(side === 0 ? 1 : 0, ({ ha }) => void ha.hear(heartbeat, link, this.nowMs));
  }

  #apply(side: Side, machine: Machine, effect: NodeEffect): void {
    switch (effect.kind) {
      case "claim":
        this.#claim(side, machine, effect);
        break;
      case "release":
        this.#release(side, machine, effect.epoch, effect.raisesFailureFlag);
        break;
      case "start-answering":
        Object.assign(machine, { isAnswering: true, stopsAtMs: 0, epoch: effect.epoch });
        break;
      case "stop-answering":
        machine.stopsAtMs = this.#arrivalMs();
        break;
      case "log":
        this.logs.push(`${this.nowMs} ${machine.name}: ${effect.message}`);
        break;
      default:
    }
  }

  #claim(side: Side, { self }: Machine, effect: Extract<NodeEffect, { kind: "claim" }>): void {
    const { seenEpoch } = effect;
    this.machine(side).pendingClaim = seenEpoch;
    const answer = (outcome: ClaimOutcome): void =>
      this.#later(side, (machine) => {
        if (machine.pendingClaim !== seenEpoch) return;
        machine.pendingClaim = undefined;
        machine.claim = outcome;
      });
    const isLost = this.#has("cut-store", side);
    const unanswered = (): void => answer({ kind: "unavailable", seenEpoch });
    this.#events.push({ atMs: this.nowMs + claimMsMax, run: unanswered });
    if (isLost) return;
    const arrive = (): void => {
      const before = this.register.record.epoch;
      const epoch = this.register.claim(self, effect, this.nowMs);
      if (this.register.record.epoch > before) this.claims.push({ atMs: this.nowMs, side });
      if (this.#random.nextBelow(100) < lossPercent) return;
      answer(epoch === undefined ? { kind: "lost", seenEpoch } : { kind: "won", seenEpoch, epoch });
    };
    this.#events.push({ atMs: this.#arrivalMs(), run: arrive });
  }

  #release(side: Side, { self }: Machine, epoch: number, raisesFailureFlag: boolean): void {
    if (this.#has("cut-store", side)) return;
    const run = (): void => this.register.release(self, epoch, raisesFailureFlag);
    this.#events.push({ atMs: this.#arrivalMs(), run });
  }

  #commit(side: Side, { self, epoch }: Machine): void {
    if (this.#has("cut-store", side)) return;
    const run = (): void => {
      if (this.register.isHeldBy(self, epoch)) {
        this.commits.push({ atMs: this.nowMs, side, epoch });
      }
    };
    this.#events.push({ atMs: this.#arrivalMs(), run });
  }

  /** Both may answer for as long as it takes to hear of the other one's claim, and to stop. */
  #checkOverlap(): void {
    const isBlind = ([0, 1] as const).some(
      (side) => this.#has("cut-store", side) || this.#has("pause", side) || this.#has("kill", side),
    );
    if (isBlind) this.#trustedSinceMs = this.nowMs;
    const isOverlap = this.#machines.every(({ isAnswering }) => isAnswering);
    if (!isOverlap || isBlind) this.#bothAnswerSinceMs = undefined;
    else this.#bothAnswerSinceMs ??= this.nowMs;
    const sinceMs = Math.max(this.#bothAnswerSinceMs ?? this.nowMs, this.#trustedSinceMs);
    if (this.nowMs - sinceMs > overlapMsMax) this.problems.push(`${this.nowMs}: both answer`);
  }

  #check(): void {
    this.#checkOverlap();
    for (const side of [0, 1] as const) {
      const { ha, leader, isAnswering, name, self } = this.machine(side);
      if (this.#has("kill", side) || this.#has("pause", side)) continue;
      const { state } = ha;
      const isTold = leader !== undefined && state.role === "active";
      const isOther =
        isTold && leader.holder?.bootId !== self.bootId && leader.epoch >= state.epoch;
      if (isOther) this.problems.push(`${this.nowMs}: ${name} is active and knows better`);
      const isServing = state.role === "active" || state.role === "demoting";
      if (isAnswering && !isServing && this.machine(side).stopsAtMs === 0) {
        this.problems.push(`${this.nowMs}: ${name} answers while it is ${state.role}`);
      }
    }
  }
}
