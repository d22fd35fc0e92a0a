import { BatchSocket } from "./batch-socket.ts";
import { ForwardingSocket } from "./forwarding-socket.ts";
import type {
  ResolvedUdpSocketOptions,
  UdpSocket,
  UdpSocketCounters,
} from "./udp-socket-contract.ts";

/** Opens one UDP port on some interfaces. Throws SocketError, and then nothing stays open. */
export function openDeviceSockets(
  options: ResolvedUdpSocketOptions,
  devices: readonly string[],
): DeviceSockets {
  // The socket that sends has the port in common with those of the interfaces, ours and other programs'.
  const shared = { ...options, sharesPort: true };
  const outlet = new BatchSocket({ ...shared, receives: false });
  const sockets = new DeviceSockets(outlet, { ...shared, port: outlet.localPort });
  try {
    for (const device of devices) sockets.openDevice(device);
    return sockets;
  } catch (error) {
    sockets.close();
    throw error;
  }
}

/**
 * One UDP port on some interfaces. Each of them has a socket that receives, so that another program may
 * serve the same port on other interfaces. One socket that is bound to none of them sends, so that a
 * reply leaves by the interface that routing chooses. One `receive` is a batch of each socket.
 */
class DeviceSockets extends ForwardingSocket {
  readonly #options: ResolvedUdpSocketOptions;
  readonly #devices: string[] = [];
  readonly #receivers: BatchSocket[] = [];
  /** What was received by sockets that were opened again since. */
  readonly #past = { received: 0, truncated: 0, kernelDrops: 0 };
  /** Where the datagrams of each socket begin, and at last where they end. */
  readonly #starts: number[] = [0];

  constructor(outlet: BatchSocket, options: ResolvedUdpSocketOptions) {
    super(outlet);
    this.#options = options;
  }

  override openDevice(device: string): void {
    const socket = new BatchSocket({ ...this.#options, device });
    const at = this.#devices.indexOf(device);
    if (at >= 0) {
      const former = this.#receivers[at];
      former.close();
      addTo(this.#past, former.counters);
      this.#receivers[at] = socket;
    } else {
      this.#devices.push(device);
      this.#receivers.push(socket);
      this.#starts.push(0);
    }
    this.#starts.fill(0);
  }

  override get underlying(): readonly UdpSocket[] {
    return this.#receivers;
  }

  override receive(): number {
    let count = 0;
    for (let i = 0; i < this.#receivers.length; i += 1) {
      this.#starts[i] = count;
      count += this.#receivers[i].receive();
    }
    this.#starts[this.#receivers.length] = count;
    return count;
  }

  override bytes(i: number): Uint8Array {
    const of = this.#socketOf(i);
    return this.#receivers[of].bytes(i - this.#starts[of]);
  }

  override sourceAddress(i: number): number {
    const of = this.#socketOf(i);
    return this.#receivers[of].sourceAddress(i - this.#starts[of]);
  }

  override sourcePort(i: number): number {
    const of = this.#socketOf(i);
    return this.#receivers[of].sourcePort(i - this.#starts[of]);
  }

  override destinationAddress(i: number): number {
    const of = this.#socketOf(i);
    return this.#receivers[of].destinationAddress(i - this.#starts[of]);
  }

  override interfaceIndex(i: number): number {
    const of = this.#socketOf(i);
    return this.#receivers[of].interfaceIndex(i - this.#starts[of]);
  }

  override receivedAtMs(i: number): number {
    const of = this.#socketOf(i);
    return this.#receivers[of].receivedAtMs(i - this.#starts[of]);
  }

  override get counters(): UdpSocketCounters {
    const { sent, sendErrors } = this.inner.counters;
    const total = { ...this.#past, sent, sendErrors };
    for (const { counters } of this.#receivers) addTo(total, counters);
    return total;
  }

  override close(): void {
    super.close();
    for (const socket of this.#receivers) socket.close();
    this.#starts.fill(0);
  }

  /** The number of the socket that datagram `i` came by; the last one refuses what is out of range. */
  #socketOf(i: number): number {
    let of = 0;
    while (of + 1 < this.#receivers.length && i >= this.#starts[of + 1]) of += 1;
    return of;
  }
}

function addTo(
  total: { received: number; truncated: number; kernelDrops: number },
  { received, truncated, kernelDrops }: UdpSocketCounters,
): void {
  total.received += received;
  total.truncated += truncated;
  total.kernelDrops += kernelDrops;
}
