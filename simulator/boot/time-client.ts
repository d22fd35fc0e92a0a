import { DecodeError } from "../../protocol/decode-error.ts";
import { decodeTime, TIME_PORT } from "../../protocol/time/rfc868.ts";
import { ServerPoll } from "./server-poll.ts";
import type { StepRandom, StepRetry, StepServer, StepTimers, StepWire } from "./step.ts";

export interface TimeResult {
  readonly local: number;
  /** Why the device has no time; undefined when it has. */
  readonly problem?: "no-answer";
  /** Undefined with a problem. */
  readonly unixSeconds?: number;
  /** The server that answered, or the last that did not. */
  readonly server: number;
  readonly transmissions: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

export interface TimeSink extends StepWire {
  timeEnded(result: TimeResult): void;
  /** One more copy of the question. */
  retransmitted(local: number): void;
}

export interface TimeClientContext {
  /** Devices, numbered from 0. */
  readonly size: number;
  readonly retry: StepRetry;
  readonly sink: TimeSink;
  readonly timers: StepTimers;
  readonly random: StepRandom;
}

/**
 * Three questions in seven seconds. A modem goes on without the time (TIME-5), so the wait for a dead
 * server is short here; a real one asks again in the background.
 */
export const timeRetry: StepRetry = {
  waitMsFirst: 1000,
  waitMsMax: 4000,
  jitter: 0.1,
  transmissionsMax: 3,
};

/** The addresses as Time servers on the well-known port, or on another. */
export function timeServers(addresses: readonly number[], port = TIME_PORT): StepServer[] {
  return addresses.map((address) => ({ address, port }));
}

/** Clients of the Time protocol over UDP (RFC 868): an empty datagram there, four bytes back. */
export class TimeClient {
  /** Answers that no device waited for, or that came from somewhere else. */
  unexpected = 0;
  /** Answers that are not four bytes long. */
  undecodable = 0;
  readonly #sink: TimeSink;
  readonly #poll: ServerPoll;

  /** Throws RangeError for a policy that cannot work. */
  constructor({ size, retry, sink, timers, random }: TimeClientContext) {
    this.#sink = sink;
    this.#poll = new ServerPoll("time", {
      size,
      retry,
      timers,
      random,
      ask: (local, server) => sink.send(local, 0, server.address, server.port),
      exhausted: (local, nowMs) => this.#end(local, undefined, nowMs),
      retransmitted: (local) => sink.retransmitted(local),
    });
  }

  isActive(local: number): boolean {
    return this.#poll.isActive(local);
  }

  /** Throws RangeError without a server. */
  start(local: number, servers: readonly StepServer[], nowMs: number): void {
    this.#poll.start(local, servers, nowMs);
  }

  /** Forgets the question without a word, as in a power cut. */
  cancel(local: number): void {
    this.#poll.stop(local);
  }

  timeOut(local: number, nowMs: number): void {
    this.#poll.timeOut(local, nowMs);
  }

  /** A datagram to the device's Time port. A bad answer is passed over: a good one may follow. */
  receive(
    local: number,
    bytes: Uint8Array,
    source: number,
    sourcePort: number,
    nowMs: number,
  ): void {
    if (!this.#poll.isFrom(local, source, sourcePort)) {
      this.unexpected += 1;
      return;
    }
    let unixSeconds: number;
    try {
      unixSeconds = decodeTime(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.undecodable += 1;
      return;
    }
    this.#poll.stop(local);
    this.#end(local, unixSeconds, nowMs);
  }

  #end(local: number, unixSeconds: number | undefined, nowMs: number): void {
    this.#sink.timeEnded({
      local,
      ...(unixSeconds === undefined ? { problem: "no-answer" as const } : { unixSeconds }),
      server: this.#poll.serverOf(local).address,
      transmissions: this.#poll.transmissions(local),
      startedAtMs: this.#poll.startedAtMs(local),
      endedAtMs: nowMs,
    });
  }
}
