import type { Logger } from "../../../../base/log.ts";
import { SocketError } from "../../../../base/net/kernel/socket-error.ts";
import { openPacketSocket, type PacketSocket } from "../../../../base/net/packet-socket.ts";
import { buildUdpFrame } from "../../../../protocol/udp-frame.ts";
import type { LocalInterface } from "../../exchange/outcome.ts";
import type { LinkDatagram, LinkSender } from "../reply-sender.ts";

interface Link {
  readonly socket: PacketSocket;
  readonly hardwareAddress: Uint8Array;
}

const ethernetAddressBytes = 6;

/**
 * Sends frames without ARP (RFC 2131, section 4.1: the reply to a client without an address is unicast
 * to chaddr and yiaddr). Without the right to packet sockets it sends nothing, and logs that once.
 */
export class LinkReplies implements LinkSender {
  readonly #links = new Map<number, Link>();
  readonly #logger: Logger;

  constructor(interfaces: readonly LocalInterface[], logger: Logger) {
    this.#logger = logger;
    this.turnTo(interfaces);
  }

  /**
   * From now on these interfaces. A socket stays open while its interface is down: without root's rights there may be
   * no other.
   */
  turnTo(interfaces: readonly LocalInterface[]): void {
    for (const [index, { socket }] of this.#links) {
      const isAnew = interfaces.some(
        (one) => one.name === socket.interfaceName && one.index !== index,
      );
      if (!isAnew) continue;
      socket.close();
      this.#links.delete(index);
    }
    for (const { index, name, hardwareAddress } of interfaces) {
      if (hardwareAddress.every((byte) => byte === 0)) continue;
      try {
        const socket = this.#links.get(index)?.socket ?? openPacketSocket(name);
        this.#links.set(index, { socket, hardwareAddress });
      } catch (error) {
        if (!(error instanceof SocketError)) throw error;
        this.#logger.info(
          `No packet socket on ${name} (${error.message}): clients without an address get broadcasts.`,
        );
      }
    }
  }

  get interfaceIndexes(): readonly number[] {
    return [...this.#links.keys()];
  }

  send(datagram: LinkDatagram): boolean {
    const link = this.#links.get(datagram.interfaceIndex);
    if (link === undefined || datagram.hardware.length !== ethernetAddressBytes) return false;
    const macs = { sourceMac: link.hardwareAddress, destinationMac: datagram.hardware };
    return link.socket.send(buildUdpFrame({ ...datagram, ...macs }));
  }

  close(): void {
    for (const { socket } of this.#links.values()) socket.close();
    this.#links.clear();
  }
}
