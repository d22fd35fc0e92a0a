import { unreachable } from "../../base/assert.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import { type UdpSocket, waitReadable } from "../../base/net/udp-socket.ts";
import { DecodeError } from "../../protocol/decode-error.ts";
import { type DhcpPacket, messageType, PacketDecoder } from "../../protocol/dhcp/packet.ts";
import { type LeaseStore, LeaseStoreError } from "../lease/lease-store.ts";
import type { DhcpCounters } from "./counters.ts";
import type { DhcpEngineApi } from "./engine.ts";
import type { LocalInterface, Outcome } from "./outcome.ts";
import type { Pinger } from "./pinger.ts";
import type { Reply, ReplySender } from "./reply-sender.ts";

/** The event loop (signals, timers, messages) turns at least this often under load. */
const eventLoopMsMax = 5;
const secondMs = 1000;
/** A full disk is told once in this time, not once a batch. */
const troubleLogMsMin = 10_000;
/** On a disk that is all but full some batches fit and others do not: it is over when this long none failed. */
const calmMsMin = 1000;

export interface DhcpListenerOptions {
  readonly engine: DhcpEngineApi;
  readonly leases: { markDurable(index: number): void };
  readonly store: LeaseStore;
  readonly socket: UdpSocket;
  readonly sender: Pick<ReplySender, "send" | "flush">;
  /** The interfaces served, in the order of the command line. */
  readonly interfaces: readonly LocalInterface[];
  /** The socket is bound to one address: what it receives is ours, whatever the interface. */
  readonly anyInterface: boolean;
  /** Without it (no right to raw sockets) addresses are offered unprobed. */
  readonly pinger: Pinger | undefined;
  readonly counters: DhcpCounters;
  readonly logger: Logger;
  /** Called once a turn: the lines of a batch are written together. */
  readonly flushLog: () => void;
  readonly clock: Clock;
}

/**
 * The data plane: a synchronous loop over batches. One system call receives up to a few hundred
 * datagrams, the engine decides them all, one commit makes their leases durable, and only then the
 * acknowledgements leave, in one system call again.
 */
export class DhcpListener {
  readonly #options: DhcpListenerOptions;
  readonly #decoder = new PacketDecoder();
  readonly #served: ReadonlySet<number>;
  /** Stands in when the socket does not say where a datagram came in. */
  readonly #defaultIndex: number;
  /** Acknowledgements that wait for the commit of their batch, and the address each was asked at. */
  readonly #waiting: Reply[] = [];
  readonly #waitingAsked: number[] = [];
  #appended = 0;
  #nextSecondAtMs: number;
  #rewriteToldAtMs = Number.NEGATIVE_INFINITY;
  #troubleToldAtMs = Number.NEGATIVE_INFINITY;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #refused = 0;
  #failing = false;
  /** The log says that nothing is acknowledged, and not yet that it is over. */
  #isTroubleTold = false;
  #maintaining = false;
  #stopping = false;

  constructor(options: DhcpListenerOptions) {
    this.#options = options;
    this.#served = new Set(options.interfaces.map(({ index }) => index));
    this.#defaultIndex = options.interfaces.length === 1 ? options.interfaces[0]!.index : 0;
    this.#nextSecondAtMs = options.clock.monotonicMs();
  }

  /** Serves until `stop`. Rejects only when our own code is broken. */
  async run(): Promise<void> {
    const { socket, clock } = this.#options;
    const sockets = [socket];
    let turnedAtMs = clock.monotonicMs();
    while (!this.#stopping) {
      const received = this.turn();
      const nowMs = clock.monotonicMs();
      if (received > 0 && nowMs - turnedAtMs < eventLoopMsMax) continue;
      await waitReadable(sockets, received > 0 ? 0 : this.#idleMs(nowMs));
      turnedAtMs = clock.monotonicMs();
    }
  }

  stop(): void {
    this.#stopping = true;
  }

  /** One turn of the loop: a batch, and whatever is due. Returns how many datagrams there were. */
  turn(): number {
    const { socket, clock, pinger } = this.#options;
    const received = socket.receive();
    const nowMs = clock.monotonicMs();
    const nowSeconds = Math.floor(clock.wallMs() / secondMs);
    for (let index = 0; index < received; index += 1) this.#serve(index, nowSeconds, nowMs);
    if (received > 0) this.#options.counters.batches += 1;
    if (pinger !== undefined && pinger.outstanding > 0) this.#endPings(pinger, nowSeconds, nowMs);
    const isNewSecond = nowMs >= this.#nextSecondAtMs;
    if (isNewSecond) this.#everySecond(nowSeconds, nowMs);
    this.#commitAndSend(nowMs);
    if (isNewSecond || this.#maintaining) this.#maintain(nowSeconds, nowMs);
    this.#options.flushLog();
    return received;
  }

  #idleMs(nowMs: number): number {
    const { pinger } = this.#options;
    if (this.#maintaining) return 0;
    if (pinger !== undefined && pinger.outstanding > 0) return eventLoopMsMax;
    return Math.min(secondMs, Math.max(0, this.#nextSecondAtMs - nowMs));
  }

  #serve(index: number, nowSeconds: number, nowMs: number): void {
    const { socket, counters, engine } = this.#options;
    const arrivedBy = this.#options.anyInterface ? 0 : socket.interfaceIndex(index);
    const interfaceIndex = arrivedBy === 0 ? this.#defaultIndex : arrivedBy;
    if (arrivedBy !== 0 && !this.#served.has(arrivedBy)) {
      counters.countDropped("interface-not-served");
      return;
    }
    const bytes = socket.bytes(index);
    const packet = this.#decode(bytes);
    if (packet === undefined) return;
    counters.countReceived(messageType(packet));
    const destinationAddress = socket.destinationAddress(index);
    const arrival = {
      packet,
      sourceAddress: socket.sourceAddress(index),
      sourcePort: socket.sourcePort(index),
      destinationAddress,
      interfaceIndex,
      raw: bytes,
    };
    this.#perform(engine.respond(arrival, nowSeconds, nowMs), destinationAddress, nowMs);
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

  #perform(outcome: Outcome, asked: number, nowMs: number): void {
    const { counters, logger, sender } = this.#options;
    this.#append(outcome.changes);
    switch (outcome.kind) {
      case "reply":
        if (outcome.durable) {
          this.#waiting.push(outcome);
          this.#waitingAsked.push(asked);
        } else sender.send(outcome, asked);
        break;
      case "changed":
        if (outcome.log !== "") logger.info(outcome.log);
        break;
      case "ping":
        if (outcome.log !== "") logger.info(outcome.log);
        this.#ping(outcome, nowMs);
        break;
      case "drop":
        counters.countDropped(outcome.reason);
        if (outcome.log !== undefined && outcome.log !== "") logger.info(outcome.log);
        break;
      default:
        unreachable(outcome);
    }
  }

  /** At once: the records are those of this moment. */
  #append(changes: Outcome["changes"]): void {
    for (const index of changes) this.#options.store.appendLease(index);
    this.#appended += changes.length;
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
      this.#perform(offer, 0, nowMs);
      return;
    }
    // Too many probes at once: the client asks again, and an address in use is never offered.
    this.#append(offer.changes);
    counters.countDropped("ping-table-full");
  }

  #endPings(pinger: Pinger, nowSeconds: number, nowMs: number): void {
    const { engine, counters } = this.#options;
    const { answered, timedOut } = pinger.poll(nowMs);
    for (const ticket of answered) this.#append(engine.pingAnswered(ticket, nowSeconds));
    counters.pingsAnswered += answered.length;
    for (const ticket of timedOut) {
      this.#perform(engine.pingTimedOut(ticket, nowSeconds), 0, nowMs);
    }
  }

  #everySecond(nowSeconds: number, nowMs: number): void {
    const { engine, counters } = this.#options;
    const expired = engine.expire(nowSeconds);
    counters.leasesExpired += expired.length;
    this.#append(expired);
    this.#nextSecondAtMs = nowMs + secondMs;
  }

  /** The one place where a promise leaves: first the disk, then the network. */
  #commitAndSend(nowMs: number): void {
    const { leases, sender } = this.#options;
    // Offers do not wait for the disk.
    if (this.#appended > 0) sender.flush();
    if (this.#appended > 0 && !this.#commit(nowMs)) return;
    for (let index = 0; index < this.#waiting.length; index += 1) {
      const reply = this.#waiting[index]!;
      if (reply.leaseIndex >= 0) leases.markDurable(reply.leaseIndex);
      sender.send(reply, this.#waitingAsked[index]!);
    }
    this.#forgetWaiting();
    sender.flush();
  }

  #commit(nowMs: number): boolean {
    const { store, counters } = this.#options;
    const records = this.#appended;
    this.#appended = 0;
    try {
      store.commit();
    } catch (error) {
      if (!(error instanceof LeaseStoreError)) throw error;
      counters.commitFailures += 1;
      for (let index = 0; index < this.#waiting.length; index += 1) {
        counters.countDropped("commit-failed");
      }
      this.#refused += this.#waiting.length;
      this.#forgetWaiting();
      this.#tellTrouble(error, nowMs);
      this.#failing = true;
      this.#failedAtMs = nowMs;
      return false;
    }
    if (this.#failing && nowMs - this.#failedAtMs >= calmMsMin) this.#tellRecovery();
    counters.commits += 1;
    counters.recordsWritten += records;
    return true;
  }

  #forgetWaiting(): void {
    this.#waiting.length = 0;
    this.#waitingAsked.length = 0;
  }

  /** Housekeeping of the lease file, a slice a turn, never between an append and its commit. */
  #maintain(nowSeconds: number, nowMs: number): void {
    try {
      this.#maintaining = this.#options.store.maintain(nowSeconds);
    } catch (error) {
      if (!(error instanceof LeaseStoreError)) throw error;
      this.#maintaining = false;
      this.#options.counters.rewriteFailures += 1;
      if (nowMs - this.#rewriteToldAtMs < troubleLogMsMin) return;
      this.#rewriteToldAtMs = nowMs;
      this.#options.logger.error(error.message);
    }
  }

  #tellTrouble(error: LeaseStoreError, nowMs: number): void {
    if (nowMs - this.#troubleToldAtMs < troubleLogMsMin) return;
    const unanswered = this.#refused === 1 ? "1 request" : `${this.#refused} requests`;
    this.#options.logger.error(`No lease is acknowledged (${unanswered}): ${error.message}`);
    this.#troubleToldAtMs = nowMs;
    this.#isTroubleTold = true;
  }

  #tellRecovery(): void {
    if (this.#isTroubleTold) {
      this.#options.logger.warn("Leases are written again: service goes on.");
    }
    this.#isTroubleTold = false;
    this.#failing = false;
    this.#refused = 0;
  }
}
