import { unreachable } from "../../../../base/assert.ts";
import type { Clock } from "../../../../base/clock.ts";
import type { Logger } from "../../../../base/log.ts";
import { type UdpSocket, waitReadable } from "../../../../base/net/udp-socket.ts";
import type { WakePipe } from "../../../../base/net/wake-pipe.ts";
import { DecodeError } from "../../../../protocol/decode-error.ts";
import { type DhcpPacket, messageType, PacketDecoder } from "../../../../protocol/dhcp/packet.ts";
import { LeaseStoreError } from "../../../lease/store/lease-store.ts";
import type { OverloadGuard } from "../../../overload/overload-guard.ts";
import type { GateVerdict, PairGate } from "../../../pair/pair-gate.ts";
import type { PlaneEnd } from "../../../pair/pair-plane.ts";
import type { Quarantine } from "../../../quarantine/quarantine.ts";
import type { TracedPacket } from "../../../trace/trace-format.ts";
import type { DhcpEngineApi } from "../../decide/engine.ts";
import type { Arrival, LocalInterface, Outcome } from "../../exchange/outcome.ts";
import { logPacket } from "../../exchange/packet-log.ts";
import { CommitPipeline, type CommitPipelineOptions } from "../commit-pipeline.ts";
import type { Pinger } from "./pinger.ts";

/** Under load, Node's event loop (signals, timers, messages) gets its turn at least this often. */
const eventLoopMsMax = 5;
const secondMs = 1000;
/** Between two turns while replies wait for their time to leave. */
const pacingMs = 1;
/** Log failing rewrites of the lease file at most this often. */
const rewriteLogMsMin = 10_000;

type LoopPinger = Pick<Pinger, "outstanding" | "ping" | "poll">;

export interface DhcpListenerOptions extends Omit<CommitPipelineOptions, "isWoken" | "mayRelease"> {
  readonly engine: DhcpEngineApi;
  readonly socket: UdpSocket;
  /** The interfaces served, in the order of the command line. */
  readonly interfaces: readonly LocalInterface[];
  /** The socket is bound to one address: all its datagrams are served, whatever the interface. */
  readonly anyInterface: boolean;
  /** Without it (no right to raw sockets) addresses are offered unprobed. */
  readonly pinger: LoopPinger | undefined;
  /** Wakes the loop at the end of a sync; without it the loop waits for the disk itself. */
  readonly wake?: WakePipe | undefined;
  /** Without it every datagram is served, however late. */
  readonly overload?: OverloadGuard;
  /** Without it an exception ends the loop, whatever it is about. */
  readonly quarantine?: Quarantine;
  /** On a node of a pair, whose store is replicated: decides whether the node answers. */
  readonly gate?:
    | Pick<PairGate, "turn" | "turnMsMax" | "mayRelease" | "tellUndecidable">
    | undefined;
  readonly logger: Logger;
  /** Called once a turn, so that the lines of a batch are written together. */
  readonly flushLog: () => void;
  readonly clock: Clock;
}

/**
 * The data plane: a synchronous loop over batches. One system call receives up to a few hundred
 * datagrams, the engine decides them all, one commit makes their leases durable, and only then do the
 * acknowledgements leave, again in one system call. Under load the next batch is decided meanwhile.
 */
export class DhcpListener {
  readonly #options: DhcpListenerOptions;
  readonly #decoder = new PacketDecoder();
  #served: ReadonlySet<number> = new Set();
  /** Used when the socket does not know the interface of a datagram. */
  #defaultIndex = 0;
  readonly #commits: CommitPipeline;
  #nextSecondAtMs: number;
  #rewriteToldAtMs = Number.NEGATIVE_INFINITY;
  #maintaining = false;
  #isMaintenanceDue = false;
  #stopping = false;
  #over: PlaneEnd | undefined;

  constructor(options: DhcpListenerOptions) {
    const { gate, clock, quarantine } = options;
    this.#options = options;
    this.#commits = new CommitPipeline({
      ...options,
      isWoken: options.wake !== undefined,
      mayRelease: gate && ((sinceMs) => gate.mayRelease(sinceMs, clock.monotonicMs())),
      // Its packet is gone by now.
      onBroken:
        quarantine &&
        ((error) => {
          const wallSeconds = Math.floor(clock.wallMs() / secondMs);
          quarantine.take(undefined, error, wallSeconds, clock.monotonicMs());
        }),
    });
    this.turnTo(options.interfaces);
    this.#nextSecondAtMs = options.clock.monotonicMs();
  }

  /** From now on these interfaces are served. Call it between two turns. */
  turnTo(interfaces: readonly LocalInterface[]): void {
    this.#served = new Set(interfaces.map(({ index }) => index));
    this.#defaultIndex = interfaces.length === 1 ? interfaces[0].index : 0;
  }

  /** Serves until `stop`. Rejects only when our own code is broken. */
  async run(): Promise<void> {
    const { socket, clock, wake, stages } = this.#options;
    const sockets = [socket];
    const isOver = (): boolean => this.#stopping;
    let turnedAtMs = clock.monotonicMs();
    while (!this.#stopping) {
      const received = this.turn();
      const nowMs = clock.monotonicMs();
      if (received > 0 && nowMs - turnedAtMs < eventLoopMsMax) continue;
      const idleMs = received > 0 ? 0 : this.#idleMs(nowMs);
      stages?.watch.rests(nowMs, nowMs + idleMs);
      await waitReadable(sockets, idleMs, isOver, wake);
      turnedAtMs = clock.monotonicMs();
    }
    if (this.#over === undefined) this.#commits.endTurn(0, "finish", clock.monotonicMs());
    this.#options.flushLog();
  }

  /** Why the loop ended by itself; undefined otherwise. */
  get over(): PlaneEnd | undefined {
    return this.#over;
  }

  stop(): void {
    this.#stopping = true;
  }

  /** One turn of the loop: a batch, and other work that is due. Returns the number of datagrams. */
  turn(): number {
    const { socket, clock, pinger, overload, gate, counters, stages } = this.#options;
    const received = socket.receive();
    const nowMs = clock.monotonicMs();
    stages?.begins(nowMs, received > 0 ? socket.receivedAtMs(0) : Number.NaN);
    const isAnswering = gate === undefined || this.#pass(gate, nowMs);
    this.#commits.beginTurn(received > 0 ? socket.receivedAtMs(0) : nowMs, nowMs);
    const nowSeconds = Math.floor(clock.wallMs() / secondMs);
    if (isAnswering) {
      overload?.open(socket, received, nowMs);
      for (let index = 0; index < received; index += 1) this.#serve(index, nowSeconds, nowMs);
    } else counters.countDropped("standby", received);
    if (received > 0) counters.batches += 1;
    if (pinger !== undefined && pinger.outstanding > 0) {
      this.#endPings(pinger, isAnswering, nowSeconds, nowMs);
    }
    const isNewSecond = nowMs >= this.#nextSecondAtMs;
    if (isNewSecond) this.#everySecond(isAnswering, nowSeconds, nowMs);
    this.#isMaintenanceDue ||= isNewSecond || this.#maintaining;
    const isRestWanted = this.#isMaintenanceDue && gate === undefined;
    this.#commits.endTurn(received, isRestWanted ? "rest" : "none", nowMs);
    if (this.#isMaintenanceDue && this.#commits.isAtRest) this.#maintain(nowSeconds, nowMs);
    this.#options.flushLog();
    return received;
  }

  /** Whether the batch is served. */
  #pass(gate: Pick<PairGate, "turn">, nowMs: number): boolean {
    const verdict: GateVerdict = gate.turn(nowMs, this.#commits.isSettled);
    switch (verdict) {
      case "answer":
        return true;
      case "finish":
        return false;
      case "over":
        this.#over = "fenced";
        this.#stopping = true;
        break;
      case "silent":
        break;
      default:
        unreachable(verdict);
    }
    this.#commits.dropHeld("too-late");
    return false;
  }

  #idleMs(nowMs: number): number {
    const { pinger, wake, gate } = this.#options;
    if (this.#maintaining && this.#commits.isAtRest) return 0;
    if (this.#commits.hasPaced) return pacingMs;
    if (this.#commits.isUnderWay) return wake === undefined ? 0 : eventLoopMsMax;
    if (pinger !== undefined && pinger.outstanding > 0) return eventLoopMsMax;
    if (gate !== undefined && wake === undefined) return eventLoopMsMax;
    const turnMsMax = gate?.turnMsMax ?? secondMs;
    return Math.min(turnMsMax, Math.max(0, this.#nextSecondAtMs - nowMs));
  }

  #serve(index: number, nowSeconds: number, nowMs: number): void {
    const { socket, counters, overload, quarantine, clock } = this.#options;
    const arrivedBy = this.#options.anyInterface ? 0 : socket.interfaceIndex(index);
    const interfaceIndex = arrivedBy === 0 ? this.#defaultIndex : arrivedBy;
    if (arrivedBy !== 0 && !this.#served.has(arrivedBy)) {
      counters.countDropped("interface-not-served");
      return;
    }
    const bytes = socket.bytes(index);
    if (quarantine?.holds(bytes, nowMs) === true) {
      counters.countDropped("quarantined");
      return;
    }
    let arrival: Arrival | undefined;
    try {
      if (overload?.refuses(bytes, socket, index, clock) === true) return;
      const packet = this.#decode(bytes);
      if (packet === undefined) return;
      counters.countReceived(messageType(packet));
      const destinationAddress = socket.destinationAddress(index);
      arrival = {
        packet,
        sourceAddress: socket.sourceAddress(index),
        sourcePort: socket.sourcePort(index),
        destinationAddress,
        interfaceIndex,
        raw: bytes,
      };
      const outcome = this.#options.engine.respond(arrival, nowSeconds, nowMs);
      this.#perform(outcome, destinationAddress, socket.receivedAtMs(index), nowMs);
    } catch (error) {
      if (quarantine === undefined) throw error;
      if (arrival !== undefined) this.#giveUp(quarantine, nowSeconds, nowMs);
      counters.countDropped("undecidable");
      quarantine.take(this.#kept(index), error, nowSeconds, nowMs);
    }
  }

  /** Nothing was promised, so the record of a lease that cannot be written may be missing. */
  #giveUp(quarantine: Quarantine, nowSeconds: number, nowMs: number): void {
    for (const index of this.#options.engine.giveUp()) {
      try {
        this.#commits.append([index]);
      } catch (error) {
        quarantine.take(undefined, error, nowSeconds, nowMs);
      }
    }
  }

  /** Datagram `index` of the batch, for the quarantine. */
  #kept(index: number): TracedPacket {
    const { socket } = this.#options;
    return {
      arrivedMs: socket.receivedAtMs(index),
      sourceAddress: socket.sourceAddress(index),
      sourcePort: socket.sourcePort(index),
      destinationAddress: socket.destinationAddress(index),
      interfaceIndex: socket.interfaceIndex(index),
      bytes: socket.bytes(index),
    };
  }

  #decode(bytes: Uint8Array): DhcpPacket | undefined {
    try {
      return this.#decoder.decode(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#options.counters.countRejected(error.code);
      return undefined;
    }
  }

  #perform(outcome: Outcome, asked: number, arrivedAtMs: number, nowMs: number): void {
    const { counters, logger, sender, stages } = this.#options;
    const commits = this.#commits;
    commits.append(outcome.changes);
    switch (outcome.kind) {
      case "reply":
        if (outcome.durable) commits.acknowledge(outcome, asked, arrivedAtMs);
        else if (!commits.holdsBack(outcome, asked, arrivedAtMs, nowMs)) {
          sender.send(outcome, asked);
          stages?.leaves(outcome, arrivedAtMs);
        }
        break;
      case "changed":
        logPacket(outcome.log, logger);
        break;
      case "ping":
        logPacket(outcome.log, logger);
        this.#ping(outcome, nowMs);
        break;
      case "drop":
        counters.countDropped(outcome.reason);
        logPacket(outcome.log, logger);
        break;
      default:
        unreachable(outcome);
    }
  }

  #ping(outcome: Extract<Outcome, { kind: "ping" }>, nowMs: number): void {
    const { pinger, counters, engine, clock } = this.#options;
    const { ticket, address, timeoutMs } = outcome;
    if (pinger?.ping(ticket, address, nowMs + timeoutMs) === true) {
      counters.pingsSent += 1;
      return;
    }
    const offer = engine.pingTimedOut(ticket, Math.floor(clock.wallMs() / secondMs));
    if (pinger === undefined) {
      this.#perform(offer, 0, nowMs, nowMs);
      return;
    }
    // Too many probes at once: no offer without one, and the client asks again.
    this.#commits.append(offer.changes);
    counters.countDropped("ping-table-full");
  }

  #endPings(pinger: LoopPinger, isAnswering: boolean, nowSeconds: number, nowMs: number): void {
    const { engine, counters } = this.#options;
    const { answered, timedOut } = pinger.poll(nowMs);
    for (const ticket of answered) this.#commits.append(engine.pingAnswered(ticket, nowSeconds));
    counters.pingsAnswered += answered.length;
    for (const ticket of timedOut) {
      const offer = engine.pingTimedOut(ticket, nowSeconds);
      if (isAnswering) this.#sendProbed(offer, nowSeconds, nowMs);
      else counters.countDropped("standby");
    }
  }

  /** An OFFER that a probe held up; its packet is gone by now. */
  #sendProbed(offer: Outcome, nowSeconds: number, nowMs: number): void {
    const { counters, quarantine } = this.#options;
    try {
      this.#perform(offer, 0, nowMs, nowMs);
    } catch (error) {
      if (quarantine === undefined) throw error;
      counters.countDropped("undecidable");
      quarantine.take(undefined, error, nowSeconds, nowMs);
    }
  }

  #everySecond(isAnswering: boolean, nowSeconds: number, nowMs: number): void {
    const { engine, counters, overload, quarantine, gate, stages } = this.#options;
    this.#nextSecondAtMs = nowMs + secondMs;
    overload?.tell(nowMs);
    quarantine?.tell(nowMs);
    gate?.tellUndecidable(quarantine?.areMany(nowMs) ?? false);
    stages?.watch.stalls.settle(nowMs);
    // Leases of a pair expire only on its leader; a standby follows.
    if (!isAnswering) return;
    const expired = engine.expire(nowSeconds);
    counters.leasesExpired += expired.length;
    this.#commits.append(expired);
    this.#commits.appendUnwritten();
  }

  /** Maintains the lease file, a slice each turn, and never between an append and the end of its commit. */
  #maintain(nowSeconds: number, nowMs: number): void {
    this.#isMaintenanceDue = false;
    try {
      this.#maintaining = this.#options.store.maintain(nowSeconds);
    } catch (error) {
      if (!(error instanceof LeaseStoreError)) throw error;
      this.#maintaining = false;
      this.#options.counters.rewriteFailures += 1;
      if (nowMs - this.#rewriteToldAtMs < rewriteLogMsMin) return;
      this.#rewriteToldAtMs = nowMs;
      this.#options.logger.error(error.message);
    }
  }
}
