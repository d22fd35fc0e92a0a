import { ForwardingSocket } from "../../base/net/forwarding-socket.ts";
import type { UdpSocket } from "../../base/net/udp-socket.ts";
import type { PacketNumbers } from "./packet-numbers.ts";
import type { TraceRecorder } from "./trace-recorder.ts";

/**
 * Records every datagram before anybody looks at it, and every one that is sent. A turn of the loop
 * begins with `receive`, so that is where the records go to disk: the packet that stops a server is there.
 */
export class TracedSocket extends ForwardingSocket {
  readonly #recorder: TraceRecorder;
  readonly #numbers: PacketNumbers;
  /** Replies that wait for `flush`: only then it is known that they leave. */
  readonly #queued: Parameters<TraceRecorder["reply"]>[] = [];
  #before = 0;

  constructor(socket: UdpSocket, recorder: TraceRecorder, numbers: PacketNumbers) {
    super(socket);
    this.#recorder = recorder;
    this.#numbers = numbers;
  }

  override receive(): number {
    const { inner: socket } = this;
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
  override bytes(i: number): Uint8Array {
    this.#numbers.current = this.#before + i + 1;
    return super.bytes(i);
  }

  override push(
    length: number,
    destination: number,
    port: number,
    source?: number,
    interfaceIndex?: number,
  ): void {
    const bytes = this.inner.slot().slice(0, length);
    const way = { destination, port, source, interfaceIndex };
    this.#queued.push([this.#numbers.answered, way, bytes]);
    super.push(length, destination, port, source, interfaceIndex);
  }

  override flush(): void {
    for (const reply of this.#queued.splice(0)) this.#recorder.reply(...reply);
    super.flush();
  }

  override discard(): void {
    this.#queued.length = 0;
    super.discard();
  }
}
