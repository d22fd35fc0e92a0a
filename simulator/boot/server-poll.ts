import {
  checkStepRetry,
  checkStepServers,
  type StepRandom,
  type StepRetry,
  type StepServer,
  type StepTimers,
  stepWaitMs,
} from "./step.ts";

export interface ServerPollContext {
  readonly size: number;
  readonly retry: StepRetry;
  readonly timers: StepTimers;
  readonly random: StepRandom;
  /** Send the question, for the first time or once more. */
  ask(local: number, server: StepServer, nowMs: number): void;
  /** No server is left to be asked. */
  exhausted(local: number, nowMs: number): void;
  retransmitted(local: number): void;
}

const nobody: readonly StepServer[] = [];
const noServer: StepServer = { address: 0, port: 0 };

/**
 * One question, asked of a device's servers in order, each as often as the retry policy says, until
 * its owner takes an answer. It serves the protocols of one datagram each way.
 */
export class ServerPoll {
  readonly #context: ServerPollContext;
  readonly #servers: (readonly StepServer[])[];
  readonly #isActive: Uint8Array;
  readonly #serverIndex: Uint8Array;
  readonly #transmission: Uint8Array;
  readonly #transmissions: Uint16Array;
  readonly #startedAtMs: Float64Array;
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
    this.#startedAtMs = new Float64Array(context.size);
    this.#sentAtMs = new Float64Array(context.size);
  }

  isActive(local: number): boolean {
    return this.#isActive[local] !== 0;
  }

  /** Datagrams sent, to all servers together. */
  transmissions(local: number): number {
    return this.#transmissions[local];
  }

  startedAtMs(local: number): number {
    return this.#startedAtMs[local];
  }

  /** When the last copy of the question left. */
  sentAtMs(local: number): number {
    return this.#sentAtMs[local];
  }

  serverOf(local: number): StepServer {
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
    this.#startedAtMs[local] = nowMs;
    this.#ask(local, nowMs);
  }

  /** The question is answered, or forgotten. */
  stop(local: number): void {
    if (this.#isActive[local] === 0) return;
    this.#isActive[local] = 0;
    this.#context.timers.cancel(local);
  }

  /** Whether the device waits for an answer from there. */
  isFrom(local: number, source: number, sourcePort: number): boolean {
    const server = this.serverOf(local);
    return this.#isActive[local] !== 0 && server.address === source && server.port === sourcePort;
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
    this.#context.timers.schedule(local, nowMs + this.#context.retry.waitMsMax);
  }

  /** The device's timer ran out. */
  timeOut(local: number, nowMs: number): void {
    if (this.#isActive[local] === 0) return;
    this.#transmission[local] += 1;
    if (this.#transmission[local] >= this.#context.retry.transmissionsMax) {
      this.nextServer(local, nowMs);
      return;
    }
    this.#context.retransmitted(local);
    this.#ask(local, nowMs);
  }

  #ask(local: number, nowMs: number): void {
    const { retry, timers, random } = this.#context;
    this.#transmissions[local] += 1;
    this.#sentAtMs[local] = nowMs;
    this.#context.ask(local, this.serverOf(local), nowMs);
    const waitMs = stepWaitMs(retry, this.#transmission[local], random(local));
    timers.schedule(local, nowMs + waitMs);
  }
}
