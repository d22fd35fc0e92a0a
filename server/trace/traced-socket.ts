import type { UdpSocket, UdpSocketCounters } from "../../base/net/udp-socket.ts";
import type { PacketNumbers } from "./packet-numbers.ts";
import type { TraceRecorder } from "./trace-recorder.ts";

/**
 * Records every datagram before anybody looks at it, and every one that is sent. A turn of the loop
 * begins with `receive`, so that is where the records go to disk: the packet that stops a server is there.
 */
export class TracedSocket implements UdpSocket {
  readonly underlying: UdpSocket;
  readonly backend: UdpSocket["backend"];
  readonly localAddress: number;
  readonly localPort: number;
  readonly #recorder: TraceRecorder;
  readonly #numbers: PacketNumbers;
  /** Replies that wait for `flush`: only then it is known that they leave. */
  readonly #queued: Parameters<TraceRecorder["reply"]>[] = [];
  #before = 0;

  constructor(socket: UdpSocket, recorder: TraceRecorder, numbers: PacketNumbers) {
    this.underlying = socket;
    this.backend = socket.backend;
    this.localAddress = socket.localAddress;
    this.localPort = socket.localPort;
    this.#recorder = recorder;
    this.#numbers = numbers;
  }

  receive(): number {
    const { underlying: socket } = this;
    const recorder = this.#recorder;
    const received = socket.receive();
    recorder.turn();
    this.#numbers.turn();
    this.#before = recorder.packets;
    for (let i = 0; i < received; i += 1) {
      recorder.packet({
        arrivedMs: socket.receivedAtMs(i),
        sourceAddress: socket.sourceAddress(i),
        sourcePort: socket.sourcePort(i),
        destinationAddress: socket.destinationAddress(i),
        interfaceIndex: socket.interfaceIndex(i),
        bytes: socket.bytes(i),
      });
    }
    recorder.flush();
    return received;
  }

  /** Whoever takes a datagram's bytes works on it until the next one is taken. */
  bytes(i: number): Uint8Array {
    this.#numbers.current = this.#before + i + 1;
    return this.underlying.bytes(i);
  }

  sourceAddress(i: number): number {
    return this.underlying.sourceAddress(i);
  }

  sourcePort(i: number): number {
    return this.underlying.sourcePort(i);
  }

  destinationAddress(i: number): number {
    return this.underlying.destinationAddress(i);
  }

  interfaceIndex(i: number): number {
    return this.underlying.interfaceIndex(i);
  }

  receivedAtMs(i: number): number {
    return this.underlying.receivedAtMs(i);
  }

  slot(): Uint8Array {
    return this.underlying.slot();
  }

  push(
    length: number,
    destination: number,
    port: number,
    source?: number,
    interfaceIndex?: number,
  ): void {
    const bytes = this.underlying.slot().slice(0, length);
    const way = { destination, port, source, interfaceIndex };
    this.#queued.push([this.#numbers.answered, way, bytes]);
    this.underlying.push(length, destination, port, source, interfaceIndex);
  }

  get isFull(): boolean {
    return this.underlying.isFull;
  }

  flush(): void {
    for (const reply of this.#queued.splice(0)) this.#recorder.reply(...reply);
    this.underlying.flush();
  }

  discard(): void {
    this.#queued.length = 0;
    this.underlying.discard();
  }

  get counters(): UdpSocketCounters {
    return this.underlying.counters;
  }

  get lastSendError(): string | undefined {
    return this.underlying.lastSendError;
  }

  close(): void {
    this.underlying.close();
  }
}
