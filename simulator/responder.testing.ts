import { isFreeUdpPort } from "../base/net/free-ports.ts";
import { openUdpSocket, type UdpSocket, waitReadable } from "../base/net/udp-socket.ts";
import { MessageType } from "../protocol/dhcp/message-type.ts";
import { OptionCode } from "../protocol/dhcp/option-code.ts";
import {
  BootOperation,
  type DhcpPacket,
  decodePacket,
  encodePacket,
  messageType,
} from "../protocol/dhcp/packet.ts";
import { Population, type PopulationPlan } from "../scenarios/population/population.ts";

export interface ResponderFaults {
  /** Do not answer this message. */
  readonly ignore?: (packet: DhcpPacket, type: number) => boolean;
  /** Gives every device of a CMTS the same address. */
  readonly oneAddress?: boolean;
}

const LOOPBACK = 0x7f00_0001;
const LEASE_SECONDS = 3600;

/** The smallest DHCP server that a simulator accepts, on 127.0.0.1 and a port of its own. */
export class Responder {
  readonly address = LOOPBACK;
  readonly port: number;
  /** Messages seen, by DHCP message type. */
  readonly seen = new Map<number, number>();
  readonly #socket: UdpSocket;
  readonly #population: Population;
  readonly #faults: ResponderFaults;
  readonly #offsetOf = new Map<number, number>();
  readonly #nextOffset: number[];
  #running = true;
  readonly #loop: Promise<void>;

  constructor(socket: UdpSocket, plan: PopulationPlan, faults: ResponderFaults) {
    this.#socket = socket;
    this.port = socket.localPort;
    this.#population = new Population(plan);
    this.#faults = faults;
    this.#nextOffset = Array.from({ length: this.#population.cmtsCount }, () => 0);
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#loop;
    this.#socket.close();
  }

  async #run(): Promise<void> {
    while (this.#running) {
      const count = this.#socket.receive();
      for (let i = 0; i < count; i += 1) this.#answer(decodePacket(this.#socket.bytes(i)));
      this.#socket.flush();
      await waitReadable([this.#socket], 5);
    }
  }

  #answer(packet: DhcpPacket): void {
    const type = messageType(packet);
    this.seen.set(type, (this.seen.get(type) ?? 0) + 1);
    if (this.#faults.ignore?.(packet, type) === true) return;
    if (type !== MessageType.discover && type !== MessageType.request) return;
    const isDiscover = type === MessageType.discover;
    const relayed = packet.options.get(OptionCode.relayAgentInformation);
    const length = encodePacket(
      {
        op: BootOperation.reply,
        htype: packet.htype,
        hops: 0,
        xid: packet.xid,
        secs: 0,
        flags: packet.flags,
        ciaddr: packet.ciaddr,
        yiaddr: this.#addressFor(packet),
        siaddr: 0,
        giaddr: packet.giaddr,
        chaddr: packet.chaddr,
        sname: new Uint8Array(0),
        file: new Uint8Array(0),
        options: [
          {
            code: OptionCode.messageType,
            value: Uint8Array.of(isDiscover ? MessageType.offer : MessageType.ack),
          },
          { code: OptionCode.serverIdentifier, value: uint32(LOOPBACK) },
          { code: OptionCode.leaseTime, value: uint32(LEASE_SECONDS) },
          ...(relayed === undefined
            ? []
            : [{ code: OptionCode.relayAgentInformation, value: relayed }]),
        ],
      },
      this.#socket.slot(),
      0,
    );
    if (packet.giaddr !== 0) this.#socket.push(length, packet.giaddr, this.port);
    else this.#socket.push(length, packet.ciaddr, this.port + 1);
  }

  #addressFor(packet: DhcpPacket): number {
    const population = this.#population;
    const device = population.deviceOfMac(packet.chaddr);
    const cmts = population.cmtsOf(device);
    const first = population.cmts(cmts).pools[0].low;
    if (this.#faults.oneAddress === true) return first;
    let offset = this.#offsetOf.get(device);
    if (offset === undefined) {
      offset = this.#nextOffset[cmts];
      this.#nextOffset[cmts] = offset + 1;
      this.#offsetOf.set(device, offset);
    }
    return first + offset;
  }
}

function uint32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}

/** Starts a responder on a port P such that P + 1, the clients' port, is free as well. */
export async function startResponder(
  plan: PopulationPlan,
  faults: ResponderFaults = {},
): Promise<Responder> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const socket = await openUdpSocket({ address: LOOPBACK, port: 0, sharesPort: true });
    if (socket.localPort < 65_535 && (await isFreeUdpPort(socket.localPort + 1))) {
      return new Responder(socket, plan, faults);
    }
    socket.close();
  }
  throw new Error("no two free UDP ports side by side");
}
