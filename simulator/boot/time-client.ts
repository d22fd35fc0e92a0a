import { decodeTime } from "../../protocol/time/rfc868.ts";
import { type PollClientContext, type PollResult, ServerPoll } from "./server-poll.ts";
import type { StepRetry, StepServer, StepWire } from "./step.ts";

/** The time, or why the device has none. */
export type TimeResult = PollResult &
  ({ readonly unixSeconds: number } | { readonly problem: "no-answer" });

interface TimeSink extends StepWire {
  timeEnded(result: TimeResult): void;
}

/**
 * Three questions in seven seconds. A modem goes on without the time (TIME-5), so it waits only briefly for
 * a dead server here; a real modem asks again in the background.
 */
export const timeRetry: StepRetry = {
  firstRetryMs: 1000,
  maxRetryMs: 4000,
  jitter: 0.1,
  triesMax: 3,
};

/** Clients of the Time protocol over UDP (RFC 868): an empty datagram asks, and four bytes answer. */
export class TimeClient {
  readonly poll: ServerPoll;
  readonly #sink: TimeSink;

  /** Throws RangeError for a policy that cannot work. */
  constructor(context: PollClientContext<TimeSink>) {
    const { sink } = context;
    this.#sink = sink;
    this.poll = new ServerPoll("time", {
      ...context,
      ask: (local, { address, port }) => sink.send(local, 0, address, port),
      exhausted: (local, nowMs) =>
        sink.timeEnded({ local, problem: "no-answer", endedAtMs: nowMs }),
    });
  }

  /** Throws RangeError without a server. */
  start(local: number, servers: readonly StepServer[], nowMs: number): void {
    this.poll.start(local, servers, nowMs);
  }

  /** A datagram to the device's Time port. */
  receive(
    local: number,
    bytes: Uint8Array,
    source: number,
    sourcePort: number,
    nowMs: number,
  ): void {
    const unixSeconds = this.poll.read(local, bytes, source, sourcePort, decodeTime);
    if (unixSeconds === undefined) return;
    this.poll.stop(local);
    this.#sink.timeEnded({ local, unixSeconds, endedAtMs: nowMs });
  }
}
