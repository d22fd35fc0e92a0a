import type { DurationHistogram } from "../../base/duration-histogram.ts";
import type { UdpSocketCounters } from "../../base/net/udp-socket.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import type { Pool } from "../config/model/model.ts";
import { type AnswerStages, answerStages } from "../dhcp/loop/answer-stages.ts";
import type { DhcpCounters } from "../dhcp/loop/counters.ts";
import { bindingStates } from "../lease/lease.ts";
import type { LeaseFileState } from "../lease/store/lease-report.ts";
import type { LeaseCounts } from "../lease/table/lease-table.ts";
import {
  type CounterNames,
  counterFamilies,
  type Family,
  gauge,
  histogramSamples,
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
  "commands-failed": { help: "Commands of execute statements that failed or were not run." },
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
  readonly stages: Pick<AnswerStages, "durations" | "watch">;
}

/** The metrics of a DHCP server at this moment. The number of time series is bounded. */
export function dhcpFamilies(input: DhcpMetricsInput): Family[] {
  const { counters, socket, syncs, stages } = input;
  const { segmentationRefused = 0, ...ofSocket } = socket.counters;
  return [
    ...counterFamilies("provlab_dhcp", counters.snapshot(), counterNames),
    ...counterFamilies("provlab_dhcp_socket", ofSocket, socketNames),
    gauge(
      "provlab_dhcp_socket_segmentation_refused",
      "1 where the system does not send many datagrams as one.",
      segmentationRefused,
    ),
    {
      name: "provlab_dhcp_sync_seconds",
      type: "histogram",
      help: "How long the disk took to make lease records durable, and the thread to see it.",
      samples: histogramSamples(syncs),
    },
    {
      name: "provlab_dhcp_answer_stage_seconds",
      type: "histogram",
      help: "Where the time of each answer went; sync is a part of commit.",
      samples: answerStages.flatMap((stage) =>
        histogramSamples(stages.durations[stage], { stage }),
      ),
    },
    {
      name: "provlab_dhcp_pause_seconds",
      type: "histogram",
      help: "How long the serving loop stood still, from 5 ms, by reason.",
      samples: [...stages.watch.stalls.pauses].flatMap(([reason, pauses]) =>
        histogramSamples(pauses, { reason }),
      ),
    },
    leaseFamily(input),
  ];
}

/** Of a server that writes two lease files. */
export function leaseFileFamilies(files: readonly LeaseFileState[]): Family[] {
  if (files.length === 0) return [];
  const samplesOf = (number: (file: LeaseFileState) => number): Sample[] =>
    files.map((file) => ({ labels: { file: file.path }, value: number(file) }));
  return [
    {
      name: "provlab_dhcp_lease_file_in_step",
      type: "gauge",
      help: "1 while the lease file is written, 0 while it is left out or caught up.",
      samples: samplesOf(({ isInStep }) => (isInStep ? 1 : 0)),
    },
    {
      name: "provlab_dhcp_lease_file_queued_bytes",
      type: "gauge",
      help: "Lease records that wait for the disk of the file, which the other file has.",
      samples: samplesOf(({ queuedBytes }) => queuedBytes),
    },
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
