import { ForwardingSocket } from "../../base/net/forwarding-socket.ts";
import type { UdpSocket } from "../../base/net/udp-socket.ts";
import type { PacketNumbers } from "./packet-numbers.ts";
import type { TraceRecorder } from "./trace-recorder.ts";

/**
 * Records every datagram before it is processed, and every one that is sent. `receive` begins a turn of
 * the loop and writes the records to disk, so that a packet that stops the server is in the file.
 */
export class TracedSocket extends ForwardingSocket {
  readonly #recorder: TraceRecorder;
  readonly #numbers: PacketNumbers;
  /** Replies that wait for `flush`: only then is it certain that they are sent. */
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

  /** After asking for a datagram's bytes, the loop works on it until it asks for the next one. */
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
