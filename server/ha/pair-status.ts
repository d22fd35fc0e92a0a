import type { CatchUp, NodeRole } from "../../protocol/heartbeat/packet.ts";
import type { Holder } from "../mandate/leadership.ts";
import type { HaNode, LinkReport, NodeFacts } from "./ha-node.ts";
import { isAble, type NodeHealth } from "./node-view.ts";
import type { PeerLife } from "./peer-detector.ts";

export interface NodeStatus {
  readonly node: string;
  /** `unknown` and `dead` describe a peer that is not heard. */
  readonly role: NodeRole | "unknown" | "dead";
  readonly bootId: string | undefined;
  readonly isInSync: boolean;
  /** etcd's revision as far as this node has followed it. */
  readonly revision: number;
  /** The node has all files that the active node's TFTP serves, or nothing is mirrored. */
  readonly filesInStep: boolean;
  /** How far it is with what is bulky; absent while nothing is under way. */
  readonly catchUp?: CatchUp;
  /** No known obstacle to serving at once. */
  readonly isAble: boolean;
  /** What is wrong, in words; with `role` failed, the reason. */
  readonly troubles: readonly string[];
}

/** The pair as one node sees it: what `prov status` prints. */
export interface PairStatus {
  readonly schema: "provlab/pair-status@1";
  readonly seenBy: string;
  readonly epoch: number;
  /** Undefined while the leadership is vacant, or the store has not answered. */
  readonly leader: string | undefined;
  readonly storeAnswers: boolean;
  readonly failureInProgress: boolean;
  /** This node first. */
  readonly nodes: readonly [NodeStatus, NodeStatus];
  readonly peerLife: PeerLife;
  readonly links: readonly LinkReport[];
  /** The other node's clock minus this one's; undefined before it was heard (TIME-8). */
  readonly clockApartMs: number | undefined;
  /** The lease time of this node minus its wall clock. */
  readonly leaseTimeAheadMs: number;
}

export interface PairStatusInput
  extends Pick<
    NodeFacts,
    "leader" | "isInSync" | "revision" | "health" | "filesInStep" | "catchUp"
  > {
  readonly node: Pick<HaNode, "state" | "peer" | "peerLife" | "links">;
  readonly self: Holder;
  readonly peerName: string;
  /** Why the store did not carry out the latest request; "" when it did. */
  readonly storeTrouble: string;
  readonly clockApartMs: number | undefined;
  readonly leaseTimeAheadMs: number;
}

export function pairStatusOf(input: PairStatusInput): PairStatus {
  const { node, self, peerName, leader, isInSync, revision, health, storeTrouble } = input;
  const { role } = node.state;
  const failure = node.state.role === "failed" ? [`failed: ${node.state.reason}`] : [];
  const store = storeTrouble === "" ? [] : [`the store: ${storeTrouble}`];
  const troubles = [...failure, ...troublesOf(health), ...store];
  const filesInStep = role === "active" || input.filesInStep;
  const known = { isInSync, filesInStep, ...progressOf(input), isAble: isAble(role, input) };
  const own: NodeStatus = { ...self, role, revision, ...known, troubles };
  return {
    schema: "provlab/pair-status@1",
    seenBy: self.node,
    epoch: leader?.epoch ?? 0,
    leader: leader?.hold === "held" ? leader.holder?.node : undefined,
    storeAnswers: leader !== undefined && storeTrouble === "",
    failureInProgress: leader?.failureInProgress ?? false,
    nodes: [own, peerStatusOf(peerName, node)],
    peerLife: node.peerLife,
    links: node.links,
    clockApartMs: input.clockApartMs,
    leaseTimeAheadMs: input.leaseTimeAheadMs,
  };
}

function peerStatusOf(name: string, { peer, peerLife }: PairStatusInput["node"]): NodeStatus {
  if (peer === undefined || peerLife !== "alive") {
    const last = peer === undefined ? [] : [`last heard as ${peer.role}`];
    const role = peerLife === "dead" ? "dead" : "unknown";
    const revision = peer?.revision ?? 0;
    const bootId = peer?.bootId;
    const unknown = { isInSync: false, filesInStep: false, isAble: false };
    return { node: name, role, bootId, revision, ...unknown, troubles: last };
  }
  const { role, bootId, revision, flags } = peer;
  const failure = role === "failed" ? [flags.isLeaving ? "failed: shutdown" : "failed"] : [];
  const troubles = [...failure, ...troublesOf(flags)];
  const { isInSync, filesInStep } = flags;
  const known = { isInSync, filesInStep, ...progressOf(peer), isAble: flags.isAble };
  return { node: name, role, bootId, revision, ...known, troubles };
}

const progressOf = ({ catchUp }: { readonly catchUp?: CatchUp | undefined }) =>
  catchUp === undefined ? {} : { catchUp };

const troubleTexts = {
  dataPlaneTurns: "the data plane stands still (HA-11)",
  storeWrites: "leases cannot be committed (HA-11)",
  gatewayAnswers: "the gateway does not answer (HA-12)",
  diskWorks: "the disk fails (HA-34)",
} as const satisfies Record<keyof NodeHealth, string>;

function troublesOf(health: NodeHealth): string[] {
  const names = Object.keys(troubleTexts) as (keyof NodeHealth)[];
  return names.filter((name) => !health[name]).map((name) => troubleTexts[name]);
}
