import type { Heartbeat, NodeRole } from "../../protocol/heartbeat/packet.ts";
import type { Holder, LeaderRecord } from "../mandate/leadership.ts";
import type { PeerLife } from "./peer-detector.ts";

export interface NodeHealth {
  /** HA-11: the loop that answers DHCP turns. */
  readonly dataPlaneTurns: boolean;
  /** HA-11: the store of the leases accepts commits. */
  readonly storeWrites: boolean;
  /** HA-12. True when no gateway is watched. */
  readonly gatewayAnswers: boolean;
  /** HA-34. True when no disk is watched. */
  readonly diskWorks: boolean;
}

/** The peer's latest report. */
export type PeerReport = Pick<Heartbeat, "bootId" | "role" | "epoch" | "flags">;

/** Everything that one node knows at a moment. */
export interface NodeView {
  /** Monotonic. */
  readonly nowMs: number;
  readonly self: Holder;
  /** The first of the two in the configuration. It starts to serve when nothing prevents it (HA-22). */
  readonly isFirst: boolean;
  readonly health: NodeHealth;
  /** More packets than a few of the last minute could not be decided. */
  readonly areManyUndecidable: boolean;
  readonly isInSync: boolean;
  /** Undefined until the store has answered once. */
  readonly leader: LeaderRecord | undefined;
  readonly peerName: string;
  readonly peerLife: PeerLife;
  /** Undefined before the first heartbeat of the peer. */
  readonly peerReport: PeerReport | undefined;
  /** HA-11: the peer has said for the time that a commit may take that the store accepts its commits. */
  readonly hasPeerLongWritten: boolean;
  /** HA-33: false unless the operator asks for it. */
  readonly detectsDiskFailures: boolean;
}

/** The peer could serve at once, as its heartbeats say. */
export function isPeerAble({ peerLife, peerReport }: NodeView): boolean {
  return peerLife === "alive" && peerReport?.flags.isAble === true;
}

/** The peer serves or is about to. */
export function isPeerComing({ peerLife, peerReport }: NodeView): boolean {
  const isOnItsWay = peerReport?.role === "starting" || peerReport?.role === "claiming";
  return peerLife === "alive" && (isOnItsWay || peerReport?.role === "active");
}

/** The value of `isAble` in our heartbeats: in standby, and no known obstacle to serving. */
export function isAble(
  role: NodeRole,
  { health, isInSync }: Pick<NodeView, "health" | "isInSync">,
): boolean {
  const { dataPlaneTurns, storeWrites, diskWorks } = health;
  return role === "standby" && isInSync && dataPlaneTurns && storeWrites && diskWorks;
}

/**
 * Whether a standby node leaves a vacant leadership to the peer; it must not report that it is able then.
 * A leadership that it gave up itself counts as vacant, even before the store shows it.
 */
export function isYielding(yieldsUntilMs: number, { nowMs, leader, self }: NodeView): boolean {
  const isOurs = leader?.holder?.node === self.node && leader.holder.bootId === self.bootId;
  return nowMs < yieldsUntilMs && (leader?.hold === "released" || isOurs);
}
