import { SourceRates } from "../../base/source-rates.ts";

/** What one source may send. */
export interface SyslogRateLimits {
  /** Messages per second that it may send in the long run. */
  readonly messagesPerSecond: number;
  /** Messages that it may send at once after a long silence. */
  readonly messagesBurst: number;
  /** The same for the bytes of its messages, as received. */
  readonly bytesPerSecond: number;
  /** At least one message of the longest kind (8,192 bytes), so that each can pass. */
  readonly bytesBurst: number;
}

/** Far more than a device sends, and enough for a relay that forwards for thousands. */
export const syslogRateLimitsDefault: SyslogRateLimits = {
  messagesPerSecond: 2000,
  messagesBurst: 10_000,
  bytesPerSecond: 256 * 1024,
  bytesBurst: 4 * 1024 * 1024,
};

/** The longest that a source has to wait over TCP, however far it is beyond its limits. */
const DEBT_MS_MAX = 30_000;

/** Limits the messages and the bytes of every source, in tables of fixed size. */
export class SyslogRates {
  readonly #messages: SourceRates;
  readonly #bytes: SourceRates;

  /** `seed` as for SourceRates. Throws RangeError for limits that make no sense. */
  constructor(limits: Partial<SyslogRateLimits>, seed: number) {
    const { messagesPerSecond, messagesBurst, bytesPerSecond, bytesBurst } = {
      ...syslogRateLimitsDefault,
      ...limits,
    };
    this.#messages = new SourceRates({ burst: messagesBurst, perSecond: messagesPerSecond }, seed);
    this.#bytes = new SourceRates({ burst: bytesBurst, perSecond: bytesPerSecond }, seed);
  }

  /** Counts a message of `source`; false beyond the limits. `nowMs` is monotonic. */
  allow(source: number, bytes: number, nowMs: number): boolean {
    return this.#messages.take(source, nowMs) && this.#bytes.take(source, nowMs, bytes);
  }

  /**
   * Counts a message that is taken in any case. Returns the milliseconds after which the source is within its limits
   * again, DEBT_MS_MAX at most.
   */
  owedMs(source: number, bytes: number, nowMs: number): number {
    return Math.max(
      this.#messages.owe(source, nowMs, 1, DEBT_MS_MAX),
      this.#bytes.owe(source, nowMs, bytes, DEBT_MS_MAX),
    );
  }
}
