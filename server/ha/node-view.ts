import type { HeartbeatFlags, NodeRole } from "../../protocol/heartbeat/packet.ts";
import type { Holder, LeaderRecord } from "../mandate/leadership.ts";
import type { PeerLife } from "./peer-detector.ts";

export interface NodeHealth {
  /** HA-11: the loop that answers DHCP goes round. */
  readonly dataPlaneTurns: boolean;
  /** HA-11: what the leases are committed to takes them. */
  readonly storeWrites: boolean;
  /** HA-12. True where no gateway is watched. */
  readonly gatewayAnswers: boolean;
  /** HA-34. True where no disk is watched. */
  readonly diskWorks: boolean;
}

/** What the peer said last. */
export interface PeerReport {
  readonly bootId: string;
  readonly role: NodeRole;
  readonly epoch: number;
  readonly flags: HeartbeatFlags;
}

/** Everything that one node knows at a moment. */
export interface NodeView {
  /** Monotonic. */
  readonly nowMs: number;
  readonly self: Holder;
  /** The first of the two in the configuration: it starts when nothing speaks against it (HA-22). */
  readonly isFirst: boolean;
  readonly health: NodeHealth;
  readonly isInSync: boolean;
  /** Undefined until the store has answered once. */
  readonly leader: LeaderRecord | undefined;
  readonly peerName: string;
  readonly peerLife: PeerLife;
  /** Undefined before the first heartbeat of the peer. */
  readonly peerReport: PeerReport | undefined;
  /** HA-33: false unless the operator asks for it. */
  readonly detectsDiskFailures: boolean;
}

/** The peer could serve at once, and says so now. */
export function isPeerAble({ peerLife, peerReport }: NodeView): boolean {
  return peerLife === "alive" && peerReport?.flags.isAble === true;
}

/** The peer is on its way to serving, or serves. */
export function isPeerComing({ peerLife, peerReport }: NodeView): boolean {
  const isOnItsWay = peerReport?.role === "starting" || peerReport?.role === "claiming";
  return peerLife === "alive" && (isOnItsWay || peerReport?.role === "active");
}

/** What `isAble` of our heartbeats says: in standby, nothing known against serving. */
export function isAble(
  role: NodeRole,
  { health, isInSync }: Pick<NodeView, "health" | "isInSync">,
): boolean {
  const { dataPlaneTurns, storeWrites, diskWorks } = health;
  return role === "standby" && isInSync && dataPlaneTurns && storeWrites && diskWorks;
}

/**
 * Whether a standby node leaves a vacant leadership to the peer: then it must not say that it is able. One that it
 * has given up itself is as good as vacant, though the store may not have told so yet.
 */
export function isYielding(yieldsUntilMs: number, { nowMs, leader, self }: NodeView): boolean {
  const isOurs = leader?.holder?.node === self.node && leader.holder.bootId === self.bootId;
  return nowMs < yieldsUntilMs && (leader?.hold === "released" || isOurs);
}
