import { counter, type Family, gauge, gaugeBy } from "../metrics/exposition.ts";
import type { PairStatus } from "./pair-status.ts";
import type { TakeOverTimes } from "./take-over-clock.ts";

/** Prometheus metrics of the pair as this node sees it. */
export function haFamilies(status: PairStatus, takeOvers: TakeOverTimes): Family[] {
  const { epoch, leader, failureInProgress, peerLife, links } = status;
  const [own, peer] = status.nodes;
  return [
    {
      name: "provlab_ha_role",
      type: "gauge",
      help: "1 for the role that a node has, as this node sees it.",
      samples: [own, peer].map(({ node, role }) => ({ labels: { node, role }, value: 1 })),
    },
    gauge("provlab_ha_epoch", "Epoch of the leadership: it grows with every claim.", epoch),
    gauge(
      "provlab_ha_leader",
      "1 when somebody holds the leadership.",
      Number(leader !== undefined),
    ),
    gauge("provlab_ha_in_sync", "1 when this node has every lease.", Number(own.isInSync)),
    gauge("provlab_ha_peer_alive", "1 when the other node is heard.", Number(peerLife === "alive")),
    gauge(
      "provlab_ha_failure_in_progress",
      "1 while the failure-in-progress flag is up.",
      Number(failureInProgress),
    ),
    gauge(
      "provlab_ha_failed_actions",
      "Failed actions of both nodes.",
      own.troubles.length + peer.troubles.length,
    ),
    gaugeBy(
      "provlab_ha_link_up",
      "1 for an interconnect by which the other node is heard.",
      "link",
      Object.fromEntries(links.map(({ state }, link) => [link, Number(state === "up")])),
    ),
    ...(status.clockApartMs === undefined
      ? []
      : [
          gauge(
            "provlab_ha_clock_apart_seconds",
            "The other node's clock less this one's.",
            status.clockApartMs / 1000,
          ),
        ]),
    gauge(
      "provlab_ha_lease_time_ahead_seconds",
      "The time by which leases end less this node's clock.",
      status.leaseTimeAheadMs / 1000,
    ),
    counter(
      "provlab_ha_take_overs_total",
      "How often this node claimed the leadership, and answered.",
      takeOvers.count,
    ),
    gauge(
      "provlab_ha_take_over_silence_seconds",
      "Of the latest: from the last heartbeat of the other node to the claim.",
      takeOvers.silentMs / 1000,
    ),
    gauge(
      "provlab_ha_take_over_claim_seconds",
      "Of the latest: from the claim to the first answer that was possible.",
      takeOvers.claimMs / 1000,
    ),
  ];
}
