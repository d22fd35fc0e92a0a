import { assert } from "../assert.ts";
import { CLOSED, closeDescriptor, openDescriptor } from "./kernel/file-descriptor.ts";
import { libc } from "./kernel/libc.ts";
import { AF_PACKET, SOCK_RAW, SOCKADDR_LL_BYTES } from "./kernel/linux.ts";
import { NativeMemory } from "./kernel/native-memory.ts";
import type { NetworkInterface } from "./network-interface.ts";
import { networkInterface } from "./network-interface.ts";

const ETHERNET_HEADER_BYTES = 14;
const FRAME_BYTES_MAX = 9018;

/**
 * Sends whole Ethernet frames out of one interface (AF_PACKET): the way to a client that has no
 * address yet and so cannot answer ARP (RFC 2131, section 4.1). It receives nothing.
 */
export interface PacketSocket {
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  readonly hardwareAddress: Uint8Array;
  /**
   * False when the system refused the frame (interface down or gone, longer than its MTU, queue
   * full): nothing was sent. Throws RangeError on what is no Ethernet frame by its length.
   */
  send(frame: Uint8Array): boolean;
  /** Idempotent. */
  close(): void;
}

/** Throws SocketError: `EPERM` without CAP_NET_RAW, `ENODEV` when there is no such interface. */
export function openPacketSocket(interfaceName: string): PacketSocket {
  return new LinuxPacketSocket(networkInterface(interfaceName));
}

class LinuxPacketSocket implements PacketSocket {
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  readonly hardwareAddress: Uint8Array;
  readonly #libc = libc();
  readonly #frame = new NativeMemory(FRAME_BYTES_MAX);
  readonly #destination = new NativeMemory(SOCKADDR_LL_BYTES);
  #fd: number;

  constructor({ name, index, hardwareAddress }: NetworkInterface) {
    this.interfaceName = name;
    this.interfaceIndex = index;
    this.hardwareAddress = hardwareAddress;
    this.#destination.view.setUint16(0, AF_PACKET, true);
    this.#destination.view.setInt32(4, index, true);
    // Protocol 0: no frame is ever queued for it.
    const kind = { domain: AF_PACKET, type: SOCK_RAW, protocol: 0 };
    this.#fd = openDescriptor(`cannot open a packet socket on ${name}`, kind, () => undefined);
  }

  send(frame: Uint8Array): boolean {
    assert(this.#fd !== CLOSED, "the packet socket is closed");
    if (frame.length < ETHERNET_HEADER_BYTES || frame.length > FRAME_BYTES_MAX) {
      throw new RangeError(`an Ethernet frame cannot be ${frame.length} bytes long`);
    }
    this.#frame.bytes.set(frame);
    const { address } = this.#destination;
    const from = this.#frame.address;
    const sent = this.#libc.sendto(this.#fd, from, frame.length, 0, address, SOCKADDR_LL_BYTES);
    return sent === frame.length;
  }

  close(): void {
    if (this.#fd !== CLOSED) closeDescriptor(this.#fd);
    this.#fd = CLOSED;
  }
}
