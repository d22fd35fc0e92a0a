import { formatIpv4 } from "../../protocol/ipv4.ts";
import {
  bindToDevice,
  CLOSED,
  closeDescriptor,
  lastError,
  openDescriptor,
  setSocketOption,
  trySetOption,
} from "./kernel/file-descriptor.ts";
import { type Libc, libc } from "./kernel/libc.ts";
import {
  AF_INET,
  IP_PKTINFO,
  SO_BROADCAST,
  SO_MEMINFO,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_RXQ_OVFL,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_TIMESTAMPNS,
  SOCK_DGRAM,
  SOCKADDR_IN_BYTES,
  SOL_IP,
  SOL_SOCKET,
  SOL_UDP,
  UDP_GRO,
  UDP_SEGMENT,
} from "./kernel/linux.ts";
import { NativeMemory } from "./kernel/native-memory.ts";
import type { MessageBatch } from "./message-batch.ts";
import { dropEverything, steerByDevice } from "./packet-filter.ts";
import { ReceiveBatch } from "./receive-batch.ts";
import { SendBatch } from "./send-batch.ts";
import type {
  ResolvedUdpSocketOptions,
  UdpSocket,
  UdpSocketCounters,
} from "./udp-socket-contract.ts";

const MEMINFO_BYTES = 9 * 4;
const MEMINFO_DROPS_WORD = 8;

/** System calls in place of the kernel's, and what gets the memory that they work on. */
export interface BatchCalls extends Pick<Libc, "recvmmsg" | "sendmmsg"> {
  lend(incoming: MessageBatch, outgoing: MessageBatch): void;
}

/** The batched socket: one system call receives, or sends, up to `batchMax` datagrams. */
export class BatchSocket implements UdpSocket {
  readonly backend = "batch";
  readonly localAddress: number;
  readonly localPort: number;
  readonly #libc: Libc;
  readonly #incoming: ReceiveBatch;
  readonly #outgoing: SendBatch;
  readonly #flushesWhenFull: boolean;
  /** Asked for, but the kernel does not know them. */
  readonly #segmentsUnknown: boolean;
  readonly #meminfo = new NativeMemory(MEMINFO_BYTES);
  readonly #meminfoLength = new NativeMemory(4);
  #fd: number;
  #kernelDrops = 0;

  constructor(options: ResolvedUdpSocketOptions, { lend, ...calls }: Partial<BatchCalls> = {}) {
    const own = { ...libc(), ...calls };
    this.#libc = own;
    this.#flushesWhenFull = options.flushesWhenFull;
    const where = `${formatIpv4(options.address)} port ${options.port}`;
    const kind = { domain: AF_INET, type: SOCK_DGRAM, protocol: 0 };
    const name = new NativeMemory(SOCKADDR_IN_BYTES);
    this.#fd = openDescriptor(`cannot open a UDP socket on ${where}`, kind, (fd) => {
      configure(fd, options, where);
      const { sharesPort, port } = options;
      if (sharesPort && port !== 0) sharePort(fd, where);
      bind(fd, options, where, name);
      // A port of the system's choice is nobody else's so far, even if they share theirs.
      if (sharesPort && port === 0) sharePort(fd, where);
      const { group } = options;
      if (group !== undefined && group.index === 0) steerByDevice(fd, group.count);
    });
    // What is joined goes to one socket of a group, whoever its datagrams are for.
    const joins = options.segmentation && (options.group?.count ?? 1) === 1;
    const segments = options.segmentation && trySegmentation(this.#fd, joins);
    this.#segmentsUnknown = options.segmentation && !segments;
    this.#incoming = new ReceiveBatch(
      options.batchMax,
      options.datagramBytesMax,
      joins && segments,
      own,
    );
    this.#outgoing = new SendBatch(options.batchMax, options.datagramBytesMax, segments, own);
    lend?.(this.#incoming.batch, this.#outgoing.batch);
    this.localPort = name.view.getUint16(2);
    this.localAddress = name.view.getUint32(4);
  }

  /** For ppoll; -1 once closed, which ppoll ignores. */
  get fileDescriptor(): number {
    return this.#fd;
  }

  get isClosed(): boolean {
    return this.#fd === CLOSED;
  }

  receive(): number {
    return this.#fd === CLOSED ? 0 : this.#incoming.receive(this.#fd);
  }

  bytes(i: number): Uint8Array {
    return this.#incoming.bytes(i);
  }

  sourceAddress(i: number): number {
    return this.#incoming.sourceAddress(i);
  }

  sourcePort(i: number): number {
    return this.#incoming.sourcePort(i);
  }

  destinationAddress(i: number): number {
    return this.#incoming.destinationAddress(i);
  }

  interfaceIndex(i: number): number {
    return this.#incoming.interfaceIndex(i);
  }

  receivedAtMs(i: number): number {
    return this.#incoming.receivedAtMs(i);
  }

  slot(): Uint8Array {
    return this.#outgoing.slot();
  }

  push(length: number, destination: number, port: number, source = 0, interfaceIndex = 0): void {
    this.#outgoing.push(length, destination, port, source, interfaceIndex);
    if (this.#flushesWhenFull && this.#outgoing.isFull) this.flush();
  }

  get isFull(): boolean {
    return this.#outgoing.isFull;
  }

  flush(): void {
    if (this.#fd === CLOSED) this.#outgoing.clear();
    else this.#outgoing.flush(this.#fd);
  }

  discard(): void {
    this.#outgoing.clear();
  }

  /** A system call: for once a second, not for every packet. */
  get counters(): UdpSocketCounters {
    this.#readDrops();
    const { received, truncated } = this.#incoming;
    const { sent, sendErrors, segmentsRefused } = this.#outgoing;
    return {
      ...{ received, sent, truncated, kernelDrops: this.#kernelDrops, sendErrors },
      segmentationRefused: segmentsRefused + (this.#segmentsUnknown ? 1 : 0),
    };
  }

  get lastSendError(): string | undefined {
    return this.#outgoing.lastSendError;
  }

  close(): void {
    if (this.#fd === CLOSED) return;
    this.#readDrops();
    closeDescriptor(this.#fd);
    this.#fd = CLOSED;
    this.#incoming.clear();
    this.#outgoing.clear();
  }

  /** The datagrams' own count is as old as the latest one; SO_MEMINFO (Linux 4.12) is current. */
  #readDrops(): void {
    this.#kernelDrops = Math.max(this.#kernelDrops, this.#incoming.kernelDrops);
    if (this.#fd === CLOSED) return;
    const { address, words } = this.#meminfo;
    const length = this.#meminfoLength;
    length.words[0] = MEMINFO_BYTES;
    const failed = this.#libc.getsockopt(this.#fd, SOL_SOCKET, SO_MEMINFO, address, length.address);
    if (failed !== 0 || length.words[0] < MEMINFO_BYTES) return;
    this.#kernelDrops = Math.max(this.#kernelDrops, words[MEMINFO_DROPS_WORD]);
  }
}

/** Other sockets that share their port may bind it from now on. */
function sharePort(fd: number, where: string): void {
  setSocketOption(fd, SO_REUSEADDR, 1, `cannot set SO_REUSEADDR on the UDP socket for ${where}`);
}

function configure(fd: number, options: ResolvedUdpSocketOptions, where: string): void {
  const what = (option: string): string => `cannot set ${option} on the UDP socket for ${where}`;
  setSocketOption(fd, SO_TIMESTAMPNS, 1, what("SO_TIMESTAMPNS"));
  setSocketOption(fd, SO_RXQ_OVFL, 1, what("SO_RXQ_OVFL"));
  if (!trySetOption(fd, SOL_IP, IP_PKTINFO, 1)) throw lastError(what("IP_PKTINFO"));
  if (options.group !== undefined) setSocketOption(fd, SO_REUSEPORT, 1, what("SO_REUSEPORT"));
  if (options.broadcast) setSocketOption(fd, SO_BROADCAST, 1, what("SO_BROADCAST"));
  if (options.device !== undefined) bindToDevice(fd, options.device);
  if (!options.receives) dropEverything(fd, what("SO_ATTACH_FILTER"));
  setBufferBytes(fd, [SO_RCVBUFFORCE, SO_RCVBUF], options.bufferBytes);
  setBufferBytes(fd, [SO_SNDBUFFORCE, SO_SNDBUF], options.bufferBytes);
}

/**
 * Whether the kernel can cut (Linux 4.18) and join (5.0) datagrams. One that cannot would ignore the
 * segment's length and send a message of many as one datagram, so it is asked before.
 */
function trySegmentation(fd: number, joins: boolean): boolean {
  return (
    trySetOption(fd, SOL_UDP, UDP_SEGMENT, 0) && trySetOption(fd, SOL_UDP, UDP_GRO, joins ? 1 : 0)
  );
}

/** The forced size needs root; without it the kernel caps what it grants (net.core.rmem_max). */
function setBufferBytes(fd: number, optionsByPreference: readonly number[], bytes: number): void {
  optionsByPreference.some((option) => trySetOption(fd, SOL_SOCKET, option, bytes));
}

/** Binds, and leaves the address and port that the kernel gave in `name`. */
function bind(
  fd: number,
  options: ResolvedUdpSocketOptions,
  where: string,
  name: NativeMemory,
): void {
  const call = libc();
  name.view.setUint16(0, AF_INET, true);
  name.view.setUint16(2, options.port);
  name.view.setUint32(4, options.address);
  if (call.bind(fd, name.address, SOCKADDR_IN_BYTES) !== 0) {
    throw lastError(`cannot bind UDP ${where}`);
  }
  const length = new NativeMemory(4);
  length.words[0] = SOCKADDR_IN_BYTES;
  if (call.getsockname(fd, name.address, length.address) !== 0) {
    throw lastError(`cannot read the address of UDP ${where}`);
  }
}
