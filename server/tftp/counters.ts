import { type TransferEnd, transferEnds } from "./transfer.ts";

/** Decode error and TFTP error codes are closed sets of their own; this guards against a mistake. */
const codesMax = 64;

/** What a server counted since it started. Plain numbers: one thread, no locks. */
export class TftpCounters {
  requests = 0;
  /** Requests that came again while their transfer ran. */
  requestsRepeated = 0;
  started = 0;
  blocksSent = 0;
  blocksRepeated = 0;
  /** Of files, repeated ones included. */
  bytesSent = 0;
  /** Requests that waited for a session (TFTP-9). */
  queued = 0;
  queueFull = 0;
  /** Requests that waited so long that their client must have given up. */
  queueExpired = 0;
  /** Packets to a port that has no such transfer (RFC 1350 section 4). */
  unknownTransfers = 0;
  /** ERROR packets kept back because there were too many. */
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

  /** A request answered with an ERROR, by its code. */
  countRefused(code: number): void {
    increment(this.#refused, code);
  }

  refusedWith(code: number): number {
    return this.#refused.get(code) ?? 0;
  }

  /** A datagram that is no TFTP packet, by the code of its DecodeError. */
  countRejected(code: string): void {
    increment(this.#rejected, code);
  }

  get rejected(): number {
    let total = 0;
    for (const count of this.#rejected.values()) total += count;
    return total;
  }

  /** Every counter by a dotted name, in a fixed order; zeros are kept. */
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

  /** One line for the log: the counters that are not zero. */
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
