import type { Clock } from "../../../base/clock.ts";
import { type UdpSocket, waitReadable } from "../../../base/net/udp-socket.ts";
import type { TftpCounters } from "../counters.ts";
import type { TftpOutlet, TftpService } from "../service.ts";

/** The event loop (signals, timers, messages) turns at least this often under load. */
const eventLoopMsMax = 5;
const idleMsMax = 1000;

/**
 * The sockets of a TFTP server. Socket 0 takes requests; transfers run on the others, or on 0 when it is
 * the only one.
 */
export class SocketOutlet implements TftpOutlet {
  readonly #sockets: readonly UdpSocket[];
  readonly #isFilled: Uint8Array;
  readonly #filled: number[] = [];

  constructor(sockets: readonly UdpSocket[]) {
    this.#sockets = sockets;
    this.#isFilled = new Uint8Array(sockets.length);
  }

  slot(port: number): Uint8Array {
    return this.#sockets[port].slot();
  }

  push(
    port: number,
    length: number,
    destination: number,
    destinationPort: number,
    source: number,
  ): void {
    this.#sockets[port].push(length, destination, destinationPort, source);
    if (this.#isFilled[port] === 1) return;
    this.#isFilled[port] = 1;
    this.#filled.push(port);
  }

  /** Sends all queued packets with one system call for each socket. */
  flush(): void {
    for (const port of this.#filled) {
      this.#sockets[port].flush();
      this.#isFilled[port] = 0;
    }
    this.#filled.length = 0;
  }
}

export interface TftpListenerOptions {
  readonly service: TftpService;
  readonly sockets: readonly UdpSocket[];
  /** Only what is sent to this address is served; 0: to any. */
  readonly address: number;
  readonly outlet: SocketOutlet;
  readonly counters: TftpCounters;
  readonly clock: Clock;
  /** Called once a turn, so that the log lines of a batch are written together. */
  readonly flushLog: () => void;
}

/**
 * The data plane: a synchronous loop over batches. One system call for each socket receives a batch, the
 * service answers it, and one call for each socket sends the answers.
 */
export class TftpListener {
  readonly #options: TftpListenerOptions;
  #quietPort = 0;
  #stopping = false;

  constructor(options: TftpListenerOptions) {
    this.#options = options;
  }

  /** Serves until `stop`. Rejects only when our own code is broken. */
  async run(): Promise<void> {
    const { sockets, clock } = this.#options;
    const isOver = (): boolean => this.#stopping;
    let turnedAtMs = clock.monotonicMs();
    while (!this.#stopping) {
      const received = this.turn();
      const nowMs = clock.monotonicMs();
      if (received > 0 && nowMs - turnedAtMs < eventLoopMsMax) continue;
      await waitReadable(sockets, received > 0 ? 0 : this.idleMs(nowMs), isOver);
      turnedAtMs = clock.monotonicMs();
    }
    this.#options.service.stop();
  }

  stop(): void {
    this.#stopping = true;
  }

  /**
   * One turn of the loop: a batch from each busy socket, then everything that is due. Returns the number
   * of datagrams.
   */
  turn(): number {
    const { service, sockets, outlet, counters, clock, flushLog } = this.#options;
    const nowMs = clock.monotonicMs();
    let received = this.#serve(0, nowMs);
    for (let port = 1; port < sockets.length; port += 1) {
      if (service.sessionsOnPort(port) > 0) received += this.#serve(port, nowMs);
    }
    received += this.#serveQuietPort(nowMs);
    if (received > 0) counters.batches += 1;
    service.advance(nowMs);
    outlet.flush();
    flushLog();
    return received;
  }

  /** How long to wait if no packet arrives. */
  idleMs(nowMs: number): number {
    const dueMs = this.#options.service.nextDueMs() ?? Number.POSITIVE_INFINITY;
    return Math.min(idleMsMax, Math.max(0, dueMs - nowMs));
  }

  /**
   * Ports without a transfer receive only stray packets, so one of them a turn is enough, in rotation.
   */
  #serveQuietPort(nowMs: number): number {
    const { service, sockets } = this.#options;
    if (sockets.length === 1) return 0;
    this.#quietPort = (this.#quietPort % (sockets.length - 1)) + 1;
    const port = this.#quietPort;
    return service.sessionsOnPort(port) > 0 ? 0 : this.#serve(port, nowMs);
  }

  #serve(port: number, nowMs: number): number {
    const { service, address } = this.#options;
    const socket = this.#options.sockets[port];
    const received = socket.receive();
    for (let i = 0; i < received; i += 1) {
      if (address !== 0 && socket.destinationAddress(i) !== address) continue;
      service.receive(
        port,
        socket.bytes(i),
        socket.sourceAddress(i),
        socket.sourcePort(i),
        socket.destinationAddress(i),
        nowMs,
      );
    }
    return received;
  }
}
