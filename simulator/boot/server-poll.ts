import { Rows } from "../../base/rows.ts";
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

/** What every client that polls needs; its `Sink` also takes its results. */
export interface PollClientContext<Sink extends StepWire> {
  /** Devices, numbered from 0. */
  readonly size: number;
  readonly retry: StepRetry;
  readonly sink: Sink;
  readonly timers: StepTimers;
  readonly random: StepRandom;
}

interface ServerPollContext extends PollClientContext<StepWire> {
  /** Send the question, for the first time or once more. */
  ask(local: number, server: StepServer): void;
  /** No server is left to be asked. */
  exhausted(local: number, nowMs: number): void;
}

/** How a poll ended. */
export interface PollResult {
  readonly local: number;
  /** On the scale of `nowMs`. */
  readonly endedAtMs: number;
}

const nobody: readonly StepServer[] = [];
const noServer: StepServer = { address: 0, port: 0 };

/**
 * Asks a device's servers one question: in their order, each as often as the retry policy says, until the
 * owner takes an answer. For protocols of one datagram each way.
 */
export class ServerPoll extends Rows {
  /** Datagrams that no device waited for, or from another address or port. */
  unexpected = 0;
  undecodable = 0;
  readonly #context: ServerPollContext;
  readonly #servers = new Array<readonly StepServer[]>(this.size).fill(nobody);
  readonly #isActive = new Uint8Array(this.size);
  readonly #serverIndex = new Uint8Array(this.size);
  readonly #transmission = new Uint8Array(this.size);
  readonly #sentAtMs = new Float64Array(this.size);

  /** Throws RangeError for a policy that cannot work. */
  constructor(name: string, context: ServerPollContext) {
    super(context.size);
    checkStepRetry(`${name} retry`, context.retry);
    this.#context = context;
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
    this.#ask(local, nowMs);
  }

  /** The question is answered, or forgotten. */
  stop(local: number): void {
    if (this.#isActive[local] === 0) return;
    this.#isActive[local] = 0;
    this.#context.timers.cancel(local);
  }

  /**
   * The answer in a datagram. Undefined when the datagram is no answer, or not from the server that was
   * asked: it is counted and ignored, because a good one may follow. `decode` throws DecodeError.
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

  /** Gives up this server. */
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

  /** Waits for the policy's longest time before the next copy, as the server asked. */
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
    this.#sentAtMs[local] = nowMs;
    this.#context.ask(local, this.#serverOf(local));
    const waitMs = stepWaitMs(retry, this.#transmission[local], random(local));
    timers.schedule(local, nowMs + waitMs);
  }
}
