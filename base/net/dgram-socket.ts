import type { RemoteInfo, Socket } from "node:dgram";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { formatIpv4, parseIpv4 } from "../../protocol/ipv4.ts";
import { assert } from "../assert.ts";
import { systemClock } from "../clock.ts";
import type { OutletEvents } from "./dgram-outlet.ts";
import { codeOf, DgramOutlet } from "./dgram-outlet.ts";
import { errorNamed, SocketError } from "./kernel/socket-error.ts";
import type {
  ResolvedUdpSocketOptions,
  UdpSocket,
  UdpSocketCounters,
} from "./udp-socket-contract.ts";

/** Bounds of what a busy peer or a slow reader can make this socket hold. */
const QUEUED_DATAGRAMS_MAX = 8192;
const SENDS_IN_FLIGHT_MAX = 8192;
const SOURCE_SOCKETS_MAX = 256;

interface Datagram {
  readonly bytes: Uint8Array;
  readonly sourceAddress: number;
  readonly sourcePort: number;
  readonly destinationAddress: number;
  readonly receivedAtMs: number;
}

interface QueuedDatagram {
  readonly bytes: Uint8Array;
  readonly destination: number;
  readonly port: number;
  readonly source: number;
}

/**
 * The portable fallback over node:dgram: same behaviour, a callback a datagram underneath. Node
 * cannot choose a source address, so each one asked for gets a socket of its own, bound to it: the
 * 256 used last stay open, and take what is sent to them in the place of the wildcard socket. A wildcard
 * socket that has its port alone leaves the choice to the system.
 */
export class DgramSocket implements UdpSocket {
  readonly backend = "dgram";
  readonly localAddress: number;
  readonly localPort: number;
  readonly #options: ResolvedUdpSocketOptions;
  readonly #events: OutletEvents;
  readonly #outlet: DgramOutlet;
  readonly #sourceOutlets = new Map<number, DgramOutlet>();
  readonly #watchers = new Set<() => void>();
  readonly #slot: Uint8Array;
  readonly #counters = { received: 0, sent: 0, truncated: 0, kernelDrops: 0, sendErrors: 0 };
  #queue: Datagram[] = [];
  /** What waits for `flush`, `batchMax` at most. */
  readonly #outgoing: QueuedDatagram[] = [];
  #batch: readonly Datagram[] = [];
  #lastSendError: string | undefined;
  #closed = false;

  /** `socket` is bound. */
  constructor(socket: Socket, options: ResolvedUdpSocketOptions) {
    const { address, port } = socket.address();
    this.localAddress = parseIpv4(address) ?? options.address;
    this.localPort = port;
    this.#options = options;
    this.#slot = new Uint8Array(options.datagramBytesMax);
    this.#events = {
      onSent: () => {
        this.#counters.sent += 1;
      },
      onError: (code, lost) => this.#countSendErrors(code, lost),
    };
    this.#outlet = new DgramOutlet(socket, this.#events, "bound");
    this.#listen(socket, this.localAddress);
  }

  /** Datagrams that the next `receive` finds. */
  get pending(): number {
    return this.#queue.length;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Calls `watcher` whenever a datagram arrives, and when the socket is closed. */
  watch(watcher: () => void): void {
    this.#watchers.add(watcher);
  }

  unwatch(watcher: () => void): void {
    this.#watchers.delete(watcher);
  }

  receive(): number {
    this.#batch = this.#queue.slice(0, this.#options.batchMax);
    this.#queue =
      this.#batch.length === this.#queue.length ? [] : this.#queue.slice(this.#batch.length);
    this.#counters.received += this.#batch.length;
    return this.#batch.length;
  }

  bytes(i: number): Uint8Array {
    return this.#datagram(i).bytes;
  }

  sourceAddress(i: number): number {
    return this.#datagram(i).sourceAddress;
  }

  sourcePort(i: number): number {
    return this.#datagram(i).sourcePort;
  }

  destinationAddress(i: number): number {
    return this.#datagram(i).destinationAddress;
  }

  interfaceIndex(i: number): number {
    this.#datagram(i);
    return 0;
  }

  receivedAtMs(i: number): number {
    return this.#datagram(i).receivedAtMs;
  }

  slot(): Uint8Array {
    assert(!this.isFull, "every slot of the batch is taken");
    return this.#slot;
  }

  get isFull(): boolean {
    return this.#outgoing.length >= this.#options.batchMax;
  }

  /**
   * Sends at once where it may: node keeps the queue. Its `interfaceIndex` is ignored; routing decides.
   */
  push(length: number, destination: number, port: number, source = 0): void {
    assert(!this.isFull, "every slot of the batch is taken");
    assert(length >= 0 && length <= this.#slot.length, "a datagram is longer than its slot");
    this.#outgoing.push({ bytes: this.#slot.slice(0, length), destination, port, source });
    if (this.#options.flushesWhenFull) this.flush();
  }

  flush(): void {
    for (const { bytes, destination, port, source } of this.#outgoing.splice(0)) {
      if (this.#closed) return;
      const outlet = this.#outletFor(source);
      if (outlet.inFlight >= SENDS_IN_FLIGHT_MAX) this.#countSendErrors("ENOBUFS", 1);
      else outlet.send(bytes, port, formatIpv4(destination));
    }
  }

  discard(): void {
    this.#outgoing.length = 0;
  }

  /** `kernelDrops` counts what overflowed our own queue: node does not tell the kernel's count. */
  get counters(): UdpSocketCounters {
    return { ...this.#counters };
  }

  get lastSendError(): string | undefined {
    return this.#lastSendError;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#queue = [];
    this.#outgoing.length = 0;
    this.#batch = [];
    this.#outlet.retire();
    for (const outlet of this.#sourceOutlets.values()) outlet.retire();
    this.#sourceOutlets.clear();
    for (const watcher of [...this.#watchers]) watcher();
  }

  #datagram(i: number): Datagram {
    const datagram = this.#batch[i];
    assert(datagram !== undefined, "no datagram was received at this index");
    return datagram;
  }

  #countSendErrors(code: string, lost: number): void {
    this.#counters.sendErrors += lost;
    this.#lastSendError = code;
  }

  #listen(socket: Socket, destinationAddress: number): void {
    socket.on("message", (message, remote) => this.#enqueue(message, remote, destinationAddress));
  }

  #enqueue(message: Uint8Array, remote: RemoteInfo, destinationAddress: number): void {
    if (this.#closed) return;
    if (message.byteLength > this.#options.datagramBytesMax) {
      this.#counters.truncated += 1;
    } else if (this.#queue.length >= QUEUED_DATAGRAMS_MAX) {
      this.#counters.kernelDrops += 1;
    } else {
      this.#queue.push({
        bytes: new Uint8Array(message.buffer, message.byteOffset, message.byteLength),
        sourceAddress: parseIpv4(remote.address) ?? 0,
        sourcePort: remote.port,
        destinationAddress,
        receivedAtMs: systemClock.monotonicMs(),
      });
      for (const watcher of [...this.#watchers]) watcher();
    }
  }

  #outletFor(source: number): DgramOutlet {
    const hasPortAlone = this.localAddress === 0 && !this.#options.sharesPort;
    if (source === 0 || source === this.localAddress || hasPortAlone) return this.#outlet;
    const known = this.#sourceOutlets.get(source);
    const outlet = known === undefined || known.hasFailed ? this.#openOutlet(source) : known;
    // Putting it back makes it the youngest: a Map iterates in the order of insertion.
    this.#sourceOutlets.delete(source);
    this.#sourceOutlets.set(source, outlet);
    return outlet;
  }

  #openOutlet(source: number): DgramOutlet {
    if (this.#sourceOutlets.size >= SOURCE_SOCKETS_MAX) {
      const [oldest, outlet] = this.#sourceOutlets.entries().next().value!;
      this.#sourceOutlets.delete(oldest);
      outlet.retire();
    }
    const socket = createSocket({ type: "udp4", reuseAddr: this.#options.sharesPort });
    const outlet = new DgramOutlet(socket, this.#events, "binding");
    this.#listen(socket, source);
    // Node queues what is sent while the bind is under way.
    socket.bind({ address: formatIpv4(source), port: this.localPort, exclusive: true });
    return outlet;
  }
}

/** Binds a fallback socket; throws SocketError when the system refuses, or node has no such option. */
export async function openDgramSocket(options: ResolvedUdpSocketOptions): Promise<DgramSocket> {
  const where = `${formatIpv4(options.address)} port ${options.port}`;
  if (options.device !== undefined) {
    throw new SocketError(`cannot bind UDP ${where} to an interface with node:dgram`, "ENOTSUP");
  }
  if (options.group !== undefined && options.group.count > 1) {
    throw new SocketError(`cannot share UDP ${where} in a group with node:dgram`, "ENOTSUP");
  }
  const { address, port, sharesPort } = options;
  const open = async (boundPort: number, reuseAddr: boolean): Promise<Socket> => {
    const socket = createSocket({ type: "udp4", reuseAddr });
    try {
      socket.bind({ address: formatIpv4(address), port: boundPort, exclusive: true });
      await once(socket, "listening");
      return socket;
    } catch (error) {
      socket.close();
      throw errorNamed(`cannot bind UDP ${where}`, codeOf(error as Error));
    }
  };
  const socket = await open(sharesPort && port === 0 ? await freePort(open) : port, sharesPort);
  setBufferBytes(socket, options.bufferBytes);
  socket.setBroadcast(options.broadcast);
  return new DgramSocket(socket, options);
}

/** A port of the system's choice that nobody has: the choice among shared ones is not so particular. */
async function freePort(
  open: (port: number, reuseAddr: boolean) => Promise<Socket>,
): Promise<number> {
  const socket = await open(0, false);
  const { port } = socket.address();
  socket.close();
  return port;
}

/** A system that refuses a large buffer keeps the one it has. */
function setBufferBytes(socket: Socket, bytes: number): void {
  try {
    socket.setRecvBufferSize(bytes);
    socket.setSendBufferSize(bytes);
  } catch (error) {
    if (codeOf(error as Error) !== "ERR_SOCKET_BUFFER_SIZE") throw error;
  }
}
