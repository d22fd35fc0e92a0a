import type { ExecutedEvent, RoleChange } from "../result/failover-result.ts";
import type { TimeSeriesRow } from "../result/run-result.ts";
import {
  type AckHistory,
  BIN_MS,
  type DeviceNotes,
  type MeasuredRun,
  NoteKind,
  type PairHistory,
  type ServerAcks,
} from "./history.ts";

export const A = 1;
export const B = 2;

/** An ACK of a server to a REQUEST that was sent at `sentMs`. */
export type MadeUpAck = readonly [server: number, atMs: number, sentMs?: number];
export type MadeUpNote = readonly [
  kind: keyof typeof NoteKind,
  device: number,
  sinceMs: number,
  untilMs: number,
];

export function serversOf(acks: readonly MadeUpAck[]): ServerAcks[] {
  const bins = 1 + Math.max(-1, ...acks.map(([, atMs]) => Math.floor(atMs / BIN_MS)));
  return [A, B, 0].map((server) => {
    const columns = {
      server,
      count: new Uint32Array(bins),
      firstMs: new Float64Array(bins),
      lastMs: new Float64Array(bins),
      sentMs: new Float64Array(bins),
    };
    for (const [who, atMs, sentMs = atMs - 1] of acks) {
      if (who !== server) continue;
      const bin = Math.floor(atMs / BIN_MS);
      const isFirst = columns.count[bin] === 0;
      columns.firstMs[bin] = isFirst ? atMs : Math.min(columns.firstMs[bin], atMs);
      columns.lastMs[bin] = Math.max(columns.lastMs[bin], atMs);
      columns.sentMs[bin] = Math.max(columns.sentMs[bin], sentMs);
      columns.count[bin] += 1;
    }
    return columns;
  });
}

export function notesOf(notes: readonly MadeUpNote[]): DeviceNotes {
  return {
    what: Uint8Array.from(notes, ([kind]) => NoteKind[kind]),
    device: Uint32Array.from(notes, ([, device]) => device),
    sinceMs: Float64Array.from(notes, ([, , sinceMs]) => sinceMs),
    untilMs: Float64Array.from(notes, ([, , , untilMs]) => untilMs),
  };
}

/** ACKs of a server every `everyMs` in [fromMs, toMs). */
export function steadily(server: number, fromMs: number, toMs: number, everyMs = 10): MadeUpAck[] {
  const acks: MadeUpAck[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs += everyMs) acks.push([server, atMs]);
  return acks;
}

/** A second of renewals at 100/s, of which `completed` were answered. */
export function rowOf(second: number, completed = 100, latencyMsP99 = 3): TimeSeriesRow {
  return {
    ...{ second, phase: "mixed", discoverSent: 0, discoverCompleted: 0 },
    ...{ renewSent: 100, renewCompleted: completed, timeouts: 0 },
    retransmissions: completed < 100 ? 100 - completed : 0,
    ...{ latencyMsP50: 1, latencyMsP99, latencyMsMax: latencyMsP99, bound: 1000 },
    devices: { bound: 1000 },
  };
}

/** A run of `durationMs` with one phase over all of it. */
export function runOf(
  durationMs: number,
  acks: readonly MadeUpAck[],
  rows: readonly TimeSeriesRow[],
  pair: Partial<PairHistory> = {},
  notes: readonly MadeUpNote[] = [],
): MeasuredRun {
  const history: AckHistory = {
    servers: serversOf(acks),
    ignored: [],
    notes: notesOf(notes),
    lost: 0,
  };
  return {
    history,
    rows,
    active: [{ fromMs: 0, toMs: durationMs }],
    pair: { servers: [A, B], isLoadBalanced: false, events: [], roles: [], ...pair },
    nameOf: (server) => `server-${server}`,
  };
}

export const kill: ExecutedEvent = {
  name: "kill",
  text: "kill -9 of node a",
  startedAtMs: 10_003,
  node: "a",
};
export const secondsOf = (from: number, to: number, completed = 100, p99 = 3) =>
  Array.from({ length: to - from }, (_, index) => rowOf(from + index, completed, p99));

/** Node a is killed at 10 s, node b goes on 640 ms later, and 20 s later the service moves back. */
export function killRun(
  notes: readonly MadeUpNote[] = [],
  roles: readonly RoleChange[] = [],
): MeasuredRun {
  const acks = [
    ...steadily(A, 0, 10_001),
    ...steadily(B, 10_640, 30_000),
    ...steadily(A, 30_180, 40_000),
  ];
  const rows = [
    ...secondsOf(0, 10),
    rowOf(10, 36, 3),
    ...secondsOf(11, 14, 100, 4100),
    ...secondsOf(14, 40),
  ];
  const back = { name: "fail-back", text: "prov failback", startedAtMs: 29_990 };
  return runOf(40_000, acks, rows, { events: [kill, back], roles }, notes);
}
