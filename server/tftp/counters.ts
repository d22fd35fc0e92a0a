import { type TransferEnd, transferEnds } from "./transfer.ts";

/** Decode error codes and TFTP error codes are closed sets anyway; this guards against a mistake. */
const codesMax = 64;

/** What a server has counted since it started. */
export function newTftpCounters() {
  return {
    requests: 0,
    /** Requests repeated while their transfer ran. */
    "requests-repeated": 0,
    started: 0,
    "blocks-sent": 0,
    "blocks-repeated": 0,
    /** File bytes, repeated blocks included. */
    "bytes-sent": 0,
    /** Requests that waited for a session (TFTP-9). */
    queued: 0,
    "queue-full": 0,
    /** Requests that waited so long that the client must have given up. */
    "queue-expired": 0,
    /** Packets to a port without such a transfer (RFC 1350 section 4). */
    "unknown-transfers": 0,
    /** ERROR packets that were not sent because there were too many. */
    "errors-suppressed": 0,
    batches: 0,
    ended: Object.fromEntries(transferEnds.map((end) => [end, 0])) as Record<TransferEnd, number>,
    /** Requests that were answered with an ERROR, by its code. */
    refused: {} as Record<string, number>,
    /** Datagrams that are not TFTP packets, by their DecodeError's code. */
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
