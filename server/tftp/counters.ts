import { type CounterNames, counterFamilies, type Family, gauge } from "../metrics/exposition.ts";
import { type TransferEnd, transferEnds } from "./transfer.ts";

/** Decode error codes and TFTP error codes are closed sets anyway; this guards against a mistake. */
const codesMax = 64;

/** Why a request gets no answer at all. */
export const unservedReasons = [
  /** Its address is in no network of the access list. */
  "network",
  /** Its address was sent as much as it may be before it acknowledges something. */
  "budget",
  /** Its address has all the sessions that one may have. */
  "sessions",
] as const;
export type UnservedReason = (typeof unservedReasons)[number];

/** What a server has counted since it started. */
export function newTftpCounters() {
  return {
    requests: 0,
    "requests-repeated": 0,
    started: 0,
    "blocks-sent": 0,
    "blocks-repeated": 0,
    /** File bytes, repeated blocks included. */
    "bytes-sent": 0,
    queued: 0,
    "queue-full": 0,
    /** Requests that waited so long that the client must have given up. */
    "queue-expired": 0,
    /** Packets to a port without such a transfer (RFC 1350 section 4). */
    "unknown-transfers": 0,
    "errors-suppressed": 0,
    unserved: Object.fromEntries(unservedReasons.map((reason) => [reason, 0])) as Record<
      UnservedReason,
      number
    >,
    batches: 0,
    ended: Object.fromEntries(transferEnds.map((end) => [end, 0])) as Record<TransferEnd, number>,
    refused: {} as Record<string, number>,
    rejected: {} as Record<string, number>,
  };
}
export type TftpCounters = ReturnType<typeof newTftpCounters>;

/** Counts one more of a code. */
export function countCode(counts: Record<string, number>, code: string | number): void {
  const count = counts[code];
  if (count === undefined && Object.keys(counts).length >= codesMax) return;
  counts[code] = (count ?? 0) + 1;
}

const names: CounterNames = {
  requests: { help: "Read and write requests." },
  "requests-repeated": {
    help: "Requests that came again while their transfer ran.",
  },
  started: { name: "transfers_started", help: "Transfers that began." },
  "blocks-sent": { help: "Blocks sent, of transfers that are over." },
  "blocks-repeated": { help: "Blocks of them that were sent again." },
  "bytes-sent": { name: "sent_bytes", help: "Bytes of files sent, of transfers that are over." },
  queued: { help: "Requests that waited for a session." },
  "queue-full": { help: "Requests that found no room to wait." },
  "queue-expired": { help: "Requests that waited for too long." },
  "unknown-transfers": { help: "Packets of no transfer." },
  "errors-suppressed": { help: "ERROR packets that were kept back." },
  unserved: { label: "reason", help: "Requests without an answer, by what their address lacks." },
  batches: { help: "Batches of datagrams that the loop received." },
  ended: { name: "transfers_ended", label: "end", help: "Transfers that ended, by how." },
  refused: {
    label: "code",
    help: "Requests answered with an ERROR, by its code.",
  },
  rejected: { label: "code", help: "Datagrams that are no TFTP packet." },
};

/** The metrics of a TFTP server at this moment. */
export function tftpFamilies(
  counters: TftpCounters,
  load: { readonly sessions: number; readonly waiting: number },
): Family[] {
  return [
    ...counterFamilies("provlab_tftp", counters, names),
    gauge("provlab_tftp_sessions", "Transfers under way.", load.sessions),
    gauge("provlab_tftp_waiting", "Requests that wait for a session.", load.waiting),
  ];
}
