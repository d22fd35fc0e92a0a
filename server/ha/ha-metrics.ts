import { type Family, gauge } from "../metrics/exposition.ts";
import type { PairStatus } from "./pair-status.ts";

/** The pair as this node sees it, for Prometheus. */
export function haFamilies({
  nodes: [own, peer],
  epoch,
  leader,
  failureInProgress,
  peerLife,
  links,
}: PairStatus): Family[] {
  const bit = (value: boolean): number => (value ? 1 : 0);
  return [
    {
      name: "provlab_ha_role",
      type: "gauge",
      help: "1 for the role that a node has, as this node sees it.",
      samples: [own, peer].map(({ node, role }) => ({ labels: { node, role }, value: 1 })),
    },
    gauge("provlab_ha_epoch", "Epoch of the leadership: it grows with every claim.", epoch),
    gauge("provlab_ha_leader", "1 when somebody holds the leadership.", bit(leader !== undefined)),
    gauge("provlab_ha_in_sync", "1 when this node has every lease.", bit(own.isInSync)),
    gauge("provlab_ha_peer_alive", "1 when the other node is heard.", bit(peerLife === "alive")),
    gauge(
      "provlab_ha_failure_in_progress",
      "1 while the failure-in-progress flag is up.",
      bit(failureInProgress),
    ),
    gauge(
      "provlab_ha_failed_actions",
      "Failed actions of both nodes.",
      own.troubles.length + peer.troubles.length,
    ),
    {
      name: "provlab_ha_link_up",
      type: "gauge",
      help: "1 for an interconnect by which the other node is heard.",
      samples: links.map(({ state }, link) => ({
        labels: { link: String(link) },
        value: bit(state === "up"),
      })),
    },
  ];
}
