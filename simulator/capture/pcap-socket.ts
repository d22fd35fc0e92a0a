import { ForwardingSocket } from "../../base/net/forwarding-socket.ts";
import type { UdpSocket } from "../../base/net/udp-socket.ts";
import type { PcapRecorder, SeenDatagram } from "./pcap-recorder.ts";

/** A socket whose datagrams are recorded, both ways, as they are on the wire. */
export class PcapSocket extends ForwardingSocket {
  readonly #recorder: Pick<PcapRecorder, "record">;
  readonly #service: SeenDatagram["service"];
  readonly #nowMs: () => number;

  constructor(
    socket: UdpSocket,
    recorder: Pick<PcapRecorder, "record">,
    service: SeenDatagram["service"],
    nowMs: () => number,
  ) {
    super(socket);
    this.#recorder = recorder;
    this.#service = service;
    this.#nowMs = nowMs;
  }

  override receive(): number {
    const socket = this.inner;
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

  override push(
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
      sourcePort: this.inner.localPort,
      destination,
      destinationPort: port,
      payload: this.inner.slot().subarray(0, length),
    });
    super.push(length, destination, port, source, interfaceIndex);
  }
}
