import type { UdpSocket, UdpSocketCounters } from "./udp-socket-contract.ts";

/** A socket in front of another one, which does all that a subclass does not do itself. */
export class ForwardingSocket implements UdpSocket {
  protected readonly inner: UdpSocket;

  constructor(inner: UdpSocket) {
    this.inner = inner;
  }

  get underlying(): UdpSocket | readonly UdpSocket[] {
    return this.inner;
  }

  get backend(): UdpSocket["backend"] {
    return this.inner.backend;
  }

  get localAddress(): number {
    return this.inner.localAddress;
  }

  get localPort(): number {
    return this.inner.localPort;
  }

  receive(): number {
    return this.inner.receive();
  }

  bytes(i: number): Uint8Array {
    return this.inner.bytes(i);
  }

  sourceAddress(i: number): number {
    return this.inner.sourceAddress(i);
  }

  sourcePort(i: number): number {
    return this.inner.sourcePort(i);
  }

  destinationAddress(i: number): number {
    return this.inner.destinationAddress(i);
  }

  interfaceIndex(i: number): number {
    return this.inner.interfaceIndex(i);
  }

  receivedAtMs(i: number): number {
    return this.inner.receivedAtMs(i);
  }

  slot(): Uint8Array {
    return this.inner.slot();
  }

  get isFull(): boolean {
    return this.inner.isFull;
  }

  push(
    length: number,
    destination: number,
    port: number,
    source?: number,
    interfaceIndex?: number,
  ): void {
    this.inner.push(length, destination, port, source, interfaceIndex);
  }

  flush(): void {
    this.inner.flush();
  }

  discard(): void {
    this.inner.discard();
  }

  get counters(): UdpSocketCounters {
    return this.inner.counters;
  }

  get lastSendError(): string | undefined {
    return this.inner.lastSendError;
  }

  openDevice(device: string): void {
    this.inner.openDevice?.(device);
  }

  close(): void {
    this.inner.close();
  }
}
