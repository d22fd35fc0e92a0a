/** Doublings after silences: more would only lengthen the way back. */
const SILENCES_MAX = 6;

/** Times of an AttemptTime in milliseconds. */
export interface AttemptLimits {
  /** A member of etcd gets at least this long to answer. */
  readonly attemptMsMin: number;
  /** And at most this long. */
  readonly attemptMsMax: number;
}

/**
 * How long a member of etcd gets to answer before another one is asked. It follows the answers, as TCP's
 * retransmission time does (RFC 6298): their smoothed time and four times its variation, doubled by every
 * silence until the next answer. So a fixed limit never makes an etcd that is only slow look dead.
 */
export class AttemptTime {
  readonly #limits: AttemptLimits;
  #smoothedMs: number | undefined;
  #variationMs = 0;
  #silences = 0;

  constructor(limits: AttemptLimits) {
    this.#limits = limits;
  }

  get ms(): number {
    const { attemptMsMin, attemptMsMax } = this.#limits;
    // Answers that always take as long vary by nothing, and the next one may be a little later.
    const usualMs = (this.#smoothedMs ?? 0) + Math.max(attemptMsMin, 4 * this.#variationMs);
    return Math.min(attemptMsMax, usualMs * 2 ** this.#silences);
  }

  answered(tookMs: number): void {
    this.#silences = 0;
    const smoothedMs = this.#smoothedMs;
    if (smoothedMs === undefined) {
      this.#smoothedMs = tookMs;
      this.#variationMs = tookMs / 2;
      return;
    }
    this.#variationMs += (Math.abs(smoothedMs - tookMs) - this.#variationMs) / 4;
    this.#smoothedMs = smoothedMs + (tookMs - smoothedMs) / 8;
  }

  /** A member got this long and did not answer; less than it was to get says nothing. */
  silent(givenMs: number): void {
    // A time that is left of a limit is a little shorter than the limit.
    if (givenMs > this.ms - 1) this.#silences = Math.min(SILENCES_MAX, this.#silences + 1);
  }
}
