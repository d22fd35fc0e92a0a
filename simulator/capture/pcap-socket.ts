import type { UdpSocket, UdpSocketCounters } from "../../base/net/udp-socket.ts";
import type { PcapRecorder, SeenDatagram } from "./pcap-recorder.ts";

/** A socket whose datagrams are recorded, both ways, as they are on the wire. */
export class PcapSocket implements UdpSocket {
  readonly underlying: UdpSocket;
  readonly #recorder: Pick<PcapRecorder, "record">;
  readonly #service: SeenDatagram["service"];
  readonly #nowMs: () => number;

  constructor(
    socket: UdpSocket,
    recorder: Pick<PcapRecorder, "record">,
    service: SeenDatagram["service"],
    nowMs: () => number,
  ) {
    this.underlying = socket;
    this.#recorder = recorder;
    this.#service = service;
    this.#nowMs = nowMs;
  }

  get backend(): "batch" | "dgram" {
    return this.underlying.backend;
  }

  get localAddress(): number {
    return this.underlying.localAddress;
  }

  get localPort(): number {
    return this.underlying.localPort;
  }

  receive(): number {
    const socket = this.underlying;
    const count = socket.receive();
    for (let i = 0; i < count; i += 1) {
      this.#recorder.record({
        service: this.#service,
        isSent: false,
        atMs: socket.receivedAtMs(i),
        source: socket.sourceAddress(i),
        sourcePort: socket.sourcePort(i),
        destination: socket.destinationAddress(i),
        destinationPort: socket.localPort,
        payload: socket.bytes(i),
      });
    }
    return count;
  }

  bytes(i: number): Uint8Array {
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

  get isFull(): boolean {
    return this.underlying.isFull;
  }

  push(
    length: number,
    destination: number,
    port: number,
    source?: number,
    interfaceIndex?: number,
  ): void {
    this.#recorder.record({
      service: this.#service,
      isSent: true,
      atMs: this.#nowMs(),
      source: source ?? 0,
      sourcePort: this.underlying.localPort,
      destination,
      destinationPort: port,
      payload: this.underlying.slot().subarray(0, length),
    });
    this.underlying.push(length, destination, port, source, interfaceIndex);
  }

  flush(): void {
    this.underlying.flush();
  }

  discard(): void {
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
