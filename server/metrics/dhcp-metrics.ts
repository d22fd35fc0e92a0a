import type { UdpSocketCounters } from "../../base/net/udp-socket.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import type { Pool } from "../config/model/model.ts";
import type { DhcpCounters } from "../dhcp/loop/counters.ts";
import { bindingStates } from "../lease/lease.ts";
import type { LeaseCounts } from "../lease/table/lease-table.ts";
import type { DurationHistogram } from "./duration-histogram.ts";
import {
  type CounterNames,
  counterFamilies,
  type Family,
  gauge,
  type Sample,
} from "./exposition.ts";

/** Pools with their own time series; the others are summed up. */
export const POOLS_MAX = 200;

const counterNames: CounterNames = {
  batches: { help: "Batches of datagrams that the loop received." },
  commits: { help: "Commits of lease records that became durable." },
  "commit-failures": { help: "Commits that failed: nothing was promised." },
  "rewrite-failures": { help: "Rewrites of the lease file that failed." },
  "records-written": { name: "lease_records_written", help: "Lease records that became durable." },
  "leases-expired": { help: "Leases that came to their end." },
  "pings-sent": { help: "Addresses that were probed before an offer." },
  "pings-answered": { help: "Probed addresses that somebody had." },
  received: { name: "requests", label: "type", help: "Messages received, by DHCP message type." },
  replied: { name: "replies", label: "type", help: "Messages sent, by DHCP message type." },
  rejected: { label: "code", help: "Datagrams that are no DHCP message." },
  dropped: { label: "reason", help: "Messages without an answer, by reason." },
};

const socketNames: CounterNames = {
  received: { help: "Datagrams received." },
  sent: { help: "Datagrams sent." },
  truncated: { help: "Datagrams that were longer than a slot." },
  kernelDrops: { name: "kernel_drops", help: "Datagrams that a full receive buffer lost." },
  sendErrors: { name: "send_errors", help: "Datagrams that the system refused to send." },
};

export interface DhcpMetricsInput {
  readonly counters: Pick<DhcpCounters, "snapshot">;
  readonly socket: { readonly counters: UdpSocketCounters };
  readonly pools: readonly Pick<Pool, "index" | "ranges" | "sharedNetwork">[];
  readonly leases: { counts(pool?: number): LeaseCounts };
  readonly syncs: DurationHistogram;
}

/** The metrics of a DHCP server at this moment. The number of time series is bounded. */
export function dhcpFamilies(input: DhcpMetricsInput): Family[] {
  const { counters, socket, syncs } = input;
  const { segmentationRefused = 0, ...ofSocket } = socket.counters;
  return [
    ...counterFamilies("provlab_dhcp", counters.snapshot(), counterNames),
    ...counterFamilies("provlab_dhcp_socket", ofSocket, socketNames),
    gauge(
      "provlab_dhcp_socket_segmentation_refused",
      "1 where the system does not send many datagrams as one.",
      segmentationRefused,
    ),
    syncs.toFamily(
      "provlab_dhcp_sync_seconds",
      "How long the disk took to make lease records durable, and the thread to see it.",
    ),
    leaseFamily(input),
  ];
}

function leaseFamily({ pools, leases }: DhcpMetricsInput): Family {
  const told = pools.filter(({ ranges }) => ranges.length > 0);
  const own = told.length > POOLS_MAX ? told.slice(0, POOLS_MAX - 1) : told;
  const samples: Sample[] = [];
  const rest = { ...leases.counts() };
  for (const { index, ranges, sharedNetwork } of own) {
    const counts = leases.counts(index);
    const { low, high } = ranges[0];
    const pool = `${formatIpv4(low)}-${formatIpv4(high)}`;
    for (const state of bindingStates) {
      rest[state] -= counts[state];
      samples.push({ labels: { network: sharedNetwork.name, pool, state }, value: counts[state] });
    }
  }
  if (own.length < told.length) {
    for (const state of bindingStates) {
      samples.push({ labels: { network: "", pool: "other", state }, value: rest[state] });
    }
  }
  return {
    name: "provlab_dhcp_leases",
    type: "gauge",
    help: "Addresses by pool, which its first range names, and binding state.",
    samples,
  };
}
