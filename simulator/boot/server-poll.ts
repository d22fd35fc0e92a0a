import { DecodeError } from "../../protocol/decode-error.ts";
import {
  checkStepRetry,
  checkStepServers,
  type StepRandom,
  type StepRetry,
  type StepServer,
  type StepTimers,
  type StepWire,
  stepWaitMs,
} from "./step.ts";

export interface PollSink extends StepWire {
  /** One more copy of the question. */
  retransmitted(local: number): void;
}

/** What every client that polls needs; its `Sink` also takes its results. */
export interface PollClientContext<Sink extends PollSink> {
  /** Devices, numbered from 0. */
  readonly size: number;
  readonly retry: StepRetry;
  readonly sink: Sink;
  readonly timers: StepTimers;
  readonly random: StepRandom;
}

export interface ServerPollContext extends PollClientContext<PollSink> {
  /** Send the question, for the first time or once more. */
  ask(local: number, server: StepServer): void;
  /** No server is left to be asked. */
  exhausted(local: number, nowMs: number): void;
}

/** How a poll ended. Times are on the scale of `nowMs`. */
export interface PollResult {
  readonly local: number;
  /** The server that answered, or the last that did not. */
  readonly server: number;
  /** Datagrams sent, to all servers together. */
  readonly transmissions: number;
  readonly endedAtMs: number;
}

const nobody: readonly StepServer[] = [];
const noServer: StepServer = { address: 0, port: 0 };

/**
 * One question, asked of a device's servers in order, each as often as the retry policy says, until
 * its owner takes an answer. It serves the protocols of one datagram each way.
 */
export class ServerPoll {
  /** Datagrams that no device waited for, or that came from somewhere else. */
  unexpected = 0;
  undecodable = 0;
  readonly #context: ServerPollContext;
  readonly #servers: (readonly StepServer[])[];
  readonly #isActive: Uint8Array;
  readonly #serverIndex: Uint8Array;
  readonly #transmission: Uint8Array;
  readonly #transmissions: Uint16Array;
  readonly #sentAtMs: Float64Array;

  /** Throws RangeError for a policy that cannot work. */
  constructor(name: string, context: ServerPollContext) {
    checkStepRetry(`${name} retry`, context.retry);
    this.#context = context;
    this.#servers = new Array<readonly StepServer[]>(context.size).fill(nobody);
    this.#isActive = new Uint8Array(context.size);
    this.#serverIndex = new Uint8Array(context.size);
    this.#transmission = new Uint8Array(context.size);
    this.#transmissions = new Uint16Array(context.size);
    this.#sentAtMs = new Float64Array(context.size);
  }

  /** When the last copy of the question left. */
  sentAtMs(local: number): number {
    return this.#sentAtMs[local];
  }

  #serverOf(local: number): StepServer {
    return this.#servers[local][this.#serverIndex[local]] ?? noServer;
  }

  /** Throws RangeError without a server, or with more than a device would try. */
  start(local: number, servers: readonly StepServer[], nowMs: number): void {
    checkStepServers("poll", servers);
    this.#servers[local] = servers;
    this.#isActive[local] = 1;
    this.#serverIndex[local] = 0;
    this.#transmission[local] = 0;
    this.#transmissions[local] = 0;
    this.#ask(local, nowMs);
  }

  /** The question is answered, or forgotten. */
  stop(local: number): void {
    if (this.#isActive[local] === 0) return;
    this.#isActive[local] = 0;
    this.#context.timers.cancel(local);
  }

  /**
   * The answer in a datagram; undefined when it is none, or not from the server that was asked. Such a
   * one is counted and passed over: a good one may follow. `decode` throws DecodeError.
   */
  read<Answer>(
    local: number,
    bytes: Uint8Array,
    source: number,
    sourcePort: number,
    decode: (bytes: Uint8Array) => Answer,
  ): Answer | undefined {
    const { address, port } = this.#serverOf(local);
    if (this.#isActive[local] === 0 || address !== source || port !== sourcePort) {
      this.unexpected += 1;
      return undefined;
    }
    try {
      return decode(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.undecodable += 1;
      return undefined;
    }
  }

  resultOf(local: number, endedAtMs: number): PollResult {
    return {
      local,
      server: this.#serverOf(local).address,
      transmissions: this.#transmissions[local],
      endedAtMs,
    };
  }

  /** This server is of no use. */
  nextServer(local: number, nowMs: number): void {
    if (this.#serverIndex[local] + 1 >= this.#servers[local].length) {
      this.stop(local);
      this.#context.exhausted(local, nowMs);
      return;
    }
    this.#serverIndex[local] += 1;
    this.#transmission[local] = 0;
    this.#ask(local, nowMs);
  }

  /** Waits as long as the policy knows before the next copy: the server asked for it. */
  slowDown(local: number, nowMs: number): void {
    this.#context.timers.schedule(local, nowMs + this.#context.retry.maxRetryMs);
  }

  /** The device's timer ran out. */
  timeOut(local: number, nowMs: number): void {
    if (this.#isActive[local] === 0) return;
    this.#transmission[local] += 1;
    if (this.#transmission[local] >= this.#context.retry.triesMax) {
      this.nextServer(local, nowMs);
      return;
    }
    this.#context.sink.retransmitted(local);
    this.#ask(local, nowMs);
  }

  #ask(local: number, nowMs: number): void {
    const { retry, timers, random } = this.#context;
    this.#transmissions[local] += 1;
    this.#sentAtMs[local] = nowMs;
    this.#context.ask(local, this.#serverOf(local));
    const waitMs = stepWaitMs(retry, this.#transmission[local], random(local));
    timers.schedule(local, nowMs + waitMs);
  }
}
