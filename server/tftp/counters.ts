import { type TransferEnd, transferEnds } from "./transfer.ts";

/** Decode error codes and TFTP error codes are closed sets anyway; this guards against a mistake. */
const codesMax = 64;

/** What a server has counted since it started. Plain numbers suffice: there is only one thread. */
export class TftpCounters {
  requests = 0;
  /** Requests repeated while their transfer ran. */
  requestsRepeated = 0;
  started = 0;
  blocksSent = 0;
  blocksRepeated = 0;
  /** File bytes, repeated blocks included. */
  bytesSent = 0;
  /** Requests that waited for a session (TFTP-9). */
  queued = 0;
  queueFull = 0;
  /** Requests that waited so long that the client must have given up. */
  queueExpired = 0;
  /** Packets to a port without such a transfer (RFC 1350 section 4). */
  unknownTransfers = 0;
  /** ERROR packets that were not sent because there were too many. */
  errorsSuppressed = 0;
  batches = 0;
  readonly #ended = new Map<TransferEnd, number>();
  readonly #refused = new Map<number, number>();
  readonly #rejected = new Map<string, number>();

  constructor() {
    for (const end of transferEnds) this.#ended.set(end, 0);
  }

  countEnded(end: TransferEnd): void {
    this.#ended.set(end, this.endedWith(end) + 1);
  }

  endedWith(end: TransferEnd): number {
    return this.#ended.get(end) ?? 0;
  }

  /** Counts a request that was answered with an ERROR of this code. */
  countRefused(code: number): void {
    increment(this.#refused, code);
  }

  refusedWith(code: number): number {
    return this.#refused.get(code) ?? 0;
  }

  /** Counts a datagram that is not a TFTP packet, by its DecodeError's code. */
  countRejected(code: string): void {
    increment(this.#rejected, code);
  }

  get rejected(): number {
    let total = 0;
    for (const count of this.#rejected.values()) total += count;
    return total;
  }

  /** Every counter by a dotted name, in a fixed order, zeros included. */
  snapshot(): Readonly<Record<string, number>> {
    const values: Record<string, number> = {
      requests: this.requests,
      "requests-repeated": this.requestsRepeated,
      started: this.started,
      "blocks-sent": this.blocksSent,
      "blocks-repeated": this.blocksRepeated,
      "bytes-sent": this.bytesSent,
      queued: this.queued,
      "queue-full": this.queueFull,
      "queue-expired": this.queueExpired,
      "unknown-transfers": this.unknownTransfers,
      "errors-suppressed": this.errorsSuppressed,
      batches: this.batches,
    };
    for (const [end, count] of this.#ended) values[`ended.${end}`] = count;
    for (const [code, count] of this.#refused) values[`refused.${code}`] = count;
    for (const [code, count] of this.#rejected) values[`rejected.${code}`] = count;
    return values;
  }

  /** One line for the log: all counters that are not zero. */
  summary(): string {
    const parts = Object.entries(this.snapshot())
      .filter(([, count]) => count !== 0)
      .map(([name, count]) => `${name}=${count}`);
    return parts.length === 0 ? "nothing received yet" : parts.join(" ");
  }
}

function increment<Key>(counts: Map<Key, number>, key: Key): void {
  const count = counts.get(key);
  if (count === undefined && counts.size >= codesMax) return;
  counts.set(key, (count ?? 0) + 1);
}
