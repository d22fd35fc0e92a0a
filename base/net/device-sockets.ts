import { BatchSocket } from "./batch-socket.ts";
import type { ResolvedUdpSocketOptions, UdpSocket, UdpSocketCounters } from "./udp-socket.ts";

/**
 * One UDP port on some interfaces: a socket for each of them receives, so that another program may serve
 * the same port on others, and one that is bound to none sends, so that a reply goes where routing says,
 * be that another interface. The batch of one `receive` is a batch of each.
 */
export class DeviceSockets implements UdpSocket {
  readonly backend = "batch";
  readonly localAddress: number;
  readonly localPort: number;
  /** Those that receive. */
  readonly underlying: readonly BatchSocket[];
  readonly #outlet: BatchSocket;
  /** Where the datagrams of each socket begin, and at last where they end. */
  readonly #starts: number[];

  /** Throws SocketError, and then nothing stays open. */
  constructor(options: ResolvedUdpSocketOptions, devices: readonly string[]) {
    const opened: BatchSocket[] = [];
    const open = (changes: Partial<ResolvedUdpSocketOptions>): BatchSocket => {
      const socket = new BatchSocket({ ...options, ...changes });
      opened.push(socket);
      return socket;
    };
    try {
      this.#outlet = open({ receives: false });
      this.localAddress = this.#outlet.localAddress;
      this.localPort = this.#outlet.localPort;
      this.underlying = devices.map((device) => open({ port: this.localPort, device }));
    } catch (error) {
      for (const socket of opened) socket.close();
      throw error;
    }
    this.#starts = new Array<number>(devices.length + 1).fill(0);
  }

  receive(): number {
    let count = 0;
    for (let i = 0; i < this.underlying.length; i += 1) {
      this.#starts[i] = count;
      count += this.underlying[i]!.receive();
    }
    this.#starts[this.underlying.length] = count;
    return count;
  }

  bytes(i: number): Uint8Array {
    const of = this.#socketOf(i);
    return this.underlying[of]!.bytes(i - this.#starts[of]!);
  }

  sourceAddress(i: number): number {
    const of = this.#socketOf(i);
    return this.underlying[of]!.sourceAddress(i - this.#starts[of]!);
  }

  sourcePort(i: number): number {
    const of = this.#socketOf(i);
    return this.underlying[of]!.sourcePort(i - this.#starts[of]!);
  }

  destinationAddress(i: number): number {
    const of = this.#socketOf(i);
    return this.underlying[of]!.destinationAddress(i - this.#starts[of]!);
  }

  interfaceIndex(i: number): number {
    const of = this.#socketOf(i);
    return this.underlying[of]!.interfaceIndex(i - this.#starts[of]!);
  }

  receivedAtMs(i: number): number {
    const of = this.#socketOf(i);
    return this.underlying[of]!.receivedAtMs(i - this.#starts[of]!);
  }

  slot(): Uint8Array {
    return this.#outlet.slot();
  }

  get isFull(): boolean {
    return this.#outlet.isFull;
  }

  push(
    length: number,
    destination: number,
    port: number,
    source?: number,
    interfaceIndex?: number,
  ): void {
    this.#outlet.push(length, destination, port, source, interfaceIndex);
  }

  flush(): void {
    this.#outlet.flush();
  }

  discard(): void {
    this.#outlet.discard();
  }

  get counters(): UdpSocketCounters {
    const { sent, sendErrors } = this.#outlet.counters;
    const total = { received: 0, sent, truncated: 0, kernelDrops: 0, sendErrors };
    for (const { counters } of this.underlying) {
      total.received += counters.received;
      total.truncated += counters.truncated;
      total.kernelDrops += counters.kernelDrops;
    }
    return total;
  }

  get lastSendError(): string | undefined {
    return this.#outlet.lastSendError;
  }

  close(): void {
    this.#outlet.close();
    for (const socket of this.underlying) socket.close();
    this.#starts.fill(0);
  }

  /** The number of the socket that datagram `i` came by; the last one refuses what is out of range. */
  #socketOf(i: number): number {
    let of = 0;
    while (of + 1 < this.underlying.length && i >= this.#starts[of + 1]!) of += 1;
    return of;
  }
}
