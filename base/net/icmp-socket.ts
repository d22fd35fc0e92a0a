import { buildEchoRequest, parseEchoReplyPacket } from "../../protocol/icmp.ts";
import { CLOSED, closeDescriptor, lastError, openDescriptor } from "./kernel/file-descriptor.ts";
import { libc } from "./kernel/libc.ts";
import {
  AF_INET,
  ICMP_FILTER,
  IPPROTO_ICMP,
  SOCK_RAW,
  SOCKADDR_IN_BYTES,
  SOL_RAW,
} from "./kernel/linux.ts";
import { NativeMemory } from "./kernel/native-memory.ts";

const REPLIES_MAX = 64;
const PACKET_BYTES_MAX = 2048;
const ECHO_REPLY = 0;

export interface EchoReply {
  readonly source: number;
  readonly id: number;
  readonly sequence: number;
}

/** A raw ICMP socket for echo requests: how a server asks whether an address is in use. */
export interface IcmpSocket {
  /** False when the system refused (no route, no buffer): nothing was sent. */
  sendEcho(destination: number, id: number, sequence: number): boolean;
  /**
   * Never blocks; at most 64 replies a call. A raw socket sees the replies to every program's
   * requests: `id` tells whose they are.
   */
  receive(): EchoReply[];
  /** Idempotent. Afterwards nothing is sent or received. */
  close(): void;
}

/** Throws SocketError: `EPERM` without CAP_NET_RAW, `ENOTSUP` where there is no koffi or Linux. */
export function openIcmpSocket(): IcmpSocket {
  return new LinuxIcmpSocket();
}

class LinuxIcmpSocket implements IcmpSocket {
  readonly #libc = libc();
  readonly #packet = new NativeMemory(PACKET_BYTES_MAX);
  readonly #destination = new NativeMemory(SOCKADDR_IN_BYTES);
  readonly #payload = new Uint8Array(0);
  #fd: number;

  constructor() {
    const kind = { domain: AF_INET, type: SOCK_RAW, protocol: IPPROTO_ICMP };
    this.#fd = openDescriptor("cannot open an ICMP socket", kind, receiveEchoRepliesOnly);
    this.#destination.view.setUint16(0, AF_INET, true);
  }

  sendEcho(destination: number, id: number, sequence: number): boolean {
    if (this.#fd === CLOSED) return false;
    const request = buildEchoRequest(id, sequence, this.#payload);
    this.#packet.bytes.set(request);
    this.#destination.view.setUint32(4, destination);
    const { address } = this.#destination;
    const from = this.#packet.address;
    const sent = this.#libc.sendto(this.#fd, from, request.length, 0, address, SOCKADDR_IN_BYTES);
    return sent === request.length;
  }

  receive(): EchoReply[] {
    const replies: EchoReply[] = [];
    if (this.#fd === CLOSED) return replies;
    for (let packets = 0; packets < REPLIES_MAX; packets += 1) {
      const length = this.#libc.recv(this.#fd, this.#packet.address, PACKET_BYTES_MAX, 0);
      // Nothing more, or the error of an earlier request, which is then an address without a reply.
      if (length < 0) return replies;
      // A raw IPv4 socket hands over the IP header too.
      const reply = parseEchoReplyPacket(this.#packet.bytes.subarray(0, length));
      if (reply !== undefined) replies.push(reply);
    }
    return replies;
  }

  close(): void {
    if (this.#fd !== CLOSED) closeDescriptor(this.#fd);
    this.#fd = CLOSED;
  }
}

/** The filter is a set of types to leave out. */
function receiveEchoRepliesOnly(fd: number): void {
  const filter = new NativeMemory(4);
  filter.words[0] = ~(1 << ECHO_REPLY) >>> 0;
  if (libc().setsockopt(fd, SOL_RAW, ICMP_FILTER, filter.address, 4) === 0) return;
  throw lastError("cannot set the filter of an ICMP socket");
}
