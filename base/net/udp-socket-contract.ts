/** IPv4 addresses are unsigned 32-bit numbers, in host order. */
export interface UdpSocketOptions {
  /** 0 is the wildcard. */
  readonly address: number;
  /** 0 lets the system choose; see `localPort`. */
  readonly port: number;
  /** `auto` (the default): `batch` where koffi and Linux are there, else `dgram`. */
  readonly backend?: "batch" | "dgram" | "auto";
  /** Receive from and send to this interface only (SO_BINDTODEVICE; `batch` only). */
  readonly device?: string;
  /** Receive from these interfaces only, and send by whichever routing says (`batch` only). */
  readonly devices?: readonly string[];
  /**
   * Lets other sockets have the port on addresses of their own, beside one on the wildcard (SO_REUSEADDR):
   * emulated relays beside a server on loopback. Any user of the machine can then take an address of the
   * port, and with it what is sent there; even the very same one, and the later socket gets the traffic.
   * A `dgram` socket on the wildcard needs it to send from the source that it is told; `devices` always
   * have it. Off unless told.
   */
  readonly sharesPort?: boolean;
  readonly broadcast?: boolean;
  /** Datagrams a system call, and slots: 256 unless told. */
  readonly batchMax?: number;
  /**
   * Whether a full batch flushes itself, which it does unless told. Otherwise nothing leaves before
   * `flush`, and whoever pushes asks `isFull` first.
   */
  readonly flushesWhenFull?: boolean;
  /**
   * Hands datagrams of one length and one destination to the kernel together, and takes them so
   * (UDP_SEGMENT and UDP_GRO; `batch` only). Datagrams of different lengths may then be reordered,
   * `receive` may find up to 128 times `batchMax`, and `kernelDrops` counts a joined packet once. A
   * socket of a group only sends so, and must not be sent to so. Off unless told, because on loopback
   * and veth a program with a raw socket (dhcpd, a relay agent, tcpdump) sees one long packet. See
   * docs/decisions/0006.
   */
  readonly segmentation?: boolean;
  /** Longer datagrams are counted as truncated and left out: 2,048 unless told. */
  readonly datagramBytesMax?: number;
  /** The kernel's receive buffer: 8 MiB unless told. */
  readonly bufferBytes?: number;
  /**
   * One of `count` sockets on the same address and port, opened in the order of `index` from 0.
   * A DHCP packet goes to socket (last three bytes of its chaddr, big-endian) mod `count`.
   */
  readonly group?: { readonly index: number; readonly count: number };
}

export interface UdpSocketCounters {
  readonly received: number;
  readonly sent: number;
  readonly truncated: number;
  /** Datagrams that a full receive buffer lost. */
  readonly kernelDrops: number;
  readonly sendErrors: number;
  /** 1 where segmentation was asked for and the system does not do it: datagrams then go alone. */
  readonly segmentationRefused?: number;
}

/**
 * A UDP socket that works in batches, without a callback: `receive` fills slots that the accessors
 * read; `slot` and `push` fill a batch that `flush` sends.
 */
export interface UdpSocket {
  /** The sockets behind a socket that stands in front of others: those are the ones to wait for. */
  readonly underlying?: UdpSocket | readonly UdpSocket[];
  readonly backend: "batch" | "dgram";
  readonly localAddress: number;
  readonly localPort: number;

  /** Never blocks. How many datagrams slots 0.. now hold, valid until the next `receive`. */
  receive(): number;
  /** A view of the socket's memory: copy what must outlive the next `receive`. */
  bytes(i: number): Uint8Array;
  sourceAddress(i: number): number;
  sourcePort(i: number): number;
  /**
   * The address that the datagram was sent to (IP_PKTINFO). `dgram` knows it only on a socket
   * bound to one address, and says 0 on a wildcard one.
   */
  destinationAddress(i: number): number;
  /** The interface that it came in by; 0 when unknown (`dgram`). */
  interfaceIndex(i: number): number;
  /** When the kernel got it, on the scale of `Clock.monotonicMs`; `dgram`: when node did. */
  receivedAtMs(i: number): number;

  /** Where to write the next datagram; `datagramBytesMax` long. */
  slot(): Uint8Array;
  /** No slot is free before `flush` or `discard`; never so where a full batch flushes itself. */
  readonly isFull: boolean;
  /**
   * Queues the first `length` bytes of `slot()`; `batchMax` datagrams fill the batch. `source` and
   * `interfaceIndex` choose where it leaves from (IP_PKTINFO); 0 or undefined: the system does.
   */
  push(
    length: number,
    destination: number,
    port: number,
    source?: number,
    interfaceIndex?: number,
  ): void;
  /** Sends what is queued. What the network refuses is counted, never thrown or kept. */
  flush(): void;
  /** Forgets what is queued: it never leaves, and counts as nothing. */
  discard(): void;

  readonly counters: UdpSocketCounters;
  /** The system's name for the latest reason counted in `sendErrors`. */
  readonly lastSendError: string | undefined;
  /**
   * With `devices`: receives from this interface as well, or again when it was deleted and is back. Call it between
   * two batches. Throws SocketError, and then the sockets are as before.
   */
  openDevice?(device: string): void;
  /** Idempotent. Afterwards `receive` finds nothing and what is pushed is discarded. */
  close(): void;
}

/** A socket as far as datagrams are sent by it. */
export type SendingSocket = Pick<UdpSocket, "slot" | "push">;

/** The options with every default filled in. */
export interface ResolvedUdpSocketOptions
  extends Pick<UdpSocketOptions, "address" | "port" | "device" | "group"> {
  /** Without it, whatever arrives is dropped by the kernel, and nobody else misses it. */
  readonly receives: boolean;
  readonly sharesPort: boolean;
  readonly broadcast: boolean;
  readonly batchMax: number;
  readonly flushesWhenFull: boolean;
  readonly segmentation: boolean;
  readonly datagramBytesMax: number;
  readonly bufferBytes: number;
}
