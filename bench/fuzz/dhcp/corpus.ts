import { bytesOf } from "../../../protocol/bytes.ts";
import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import type { DhcpPacket, OutgoingOption, OutgoingPacket } from "../../../protocol/dhcp/packet.ts";
import {
  BootOperation,
  decodePacket,
  encodePacket,
  encodingLength,
} from "../../../protocol/dhcp/packet.ts";
import { latin1Bytes } from "../../../protocol/latin1.ts";
import type { Population } from "../../../scenarios/population/population.ts";
import type { DhcpExchange, FleetSink } from "../../../simulator/device/exchange.ts";
import type { ServerAddress } from "../../../simulator/relay/cmts.ts";
import { PACKET_BYTES_MAX } from "../../../simulator/relay/cmts.ts";
import { Fleet } from "../../../simulator/worker/fleet.ts";

/** A good packet to start from. */
export interface CorpusPacket {
  readonly bytes: Uint8Array;
  /** Sent by a relay from its own address, or by a device from the one it was leased. */
  readonly from: "relay" | "device" | "server";
  readonly source: number;
}

export interface CorpusPlan {
  readonly population: Population;
  readonly devices: readonly number[];
  readonly server: ServerAddress;
}

/**
 * Every kind of message that the devices send in their lives, each recorded from our own client, and
 * the replies that brought them through it. The same plan gives the same packets.
 */
export function buildCorpus({ population, devices, server }: CorpusPlan): readonly CorpusPacket[] {
  const sink = new CorpusSink(population);
  const fleet = new Fleet(
    { population, seed: 1, servers: [server], startMs: 0, ownTimers: false },
    sink,
  );
  const life = new Life(population, fleet, sink, server);
  for (const device of devices) life.live(device);
  return [...sink.packets, ...devices.map((device) => informOf(population, device))];
}

/** Brings one device after the other through all its exchanges, as a server would. */
class Life {
  readonly #population: Population;
  readonly #fleet: Fleet;
  readonly #sink: CorpusSink;
  readonly #server: ServerAddress;
  #nowMs = 0;

  constructor(population: Population, fleet: Fleet, sink: CorpusSink, server: ServerAddress) {
    this.#population = population;
    this.#fleet = fleet;
    this.#sink = sink;
    this.#server = server;
  }

  live(device: number): void {
    const kind = this.#population.kindOf(device);
    const { pools } = this.#population.cmts(this.#population.cmtsOf(device));
    const pool = pools.find((range) => range.kind === kind)!;
    const address = pool.low + (device % (pool.high - pool.low + 1));
    this.#acquire(device, address);
    for (const exchange of ["renew", "rebind", "reboot"] as const) {
      this.#start(device, exchange);
      this.#reply(device, MessageType.ack, address);
    }
    this.#fleet.conflict(device, this.#tick());
    this.#acquire(device, address);
    this.#start(device, "release");
  }

  #acquire(device: number, address: number): void {
    this.#start(device, "discover");
    this.#reply(device, MessageType.offer, address);
    this.#reply(device, MessageType.ack, address);
  }

  #start(device: number, exchange: DhcpExchange): void {
    const nowMs = this.#tick();
    this.#fleet.start(device, exchange, nowMs, nowMs);
  }

  #reply(device: number, type: number, address: number): void {
    const { packet: request, from, source } = this.#sink.latest();
    const bytes = encoded(replyTo(request, type, address, this.#server.address));
    this.#sink.packets.push({ bytes, from: "server", source: this.#server.address });
    const reply = decodePacket(bytes);
    const nowMs = this.#tick();
    if (from === "relay") this.#fleet.receiveAtRelay(reply, source, nowMs, nowMs);
    else this.#fleet.receiveAtDevice(reply, source, nowMs, nowMs);
    if (type === MessageType.ack && this.#fleet.addressOf(device) !== address) {
      throw new Error(`device ${device} did not take the address that it was acknowledged`);
    }
  }

  #tick(): number {
    this.#nowMs += 1;
    return this.#nowMs;
  }
}

/** Keeps the packets that a fleet sends. */
class CorpusSink implements FleetSink {
  readonly packets: CorpusPacket[] = [];
  readonly #population: Population;
  readonly #buffer = new Uint8Array(PACKET_BYTES_MAX);

  constructor(population: Population) {
    this.#population = population;
  }

  /** What a device sent last. */
  latest(): { readonly packet: DhcpPacket } & Pick<CorpusPacket, "from" | "source"> {
    const sent = this.packets.findLast(({ from }) => from !== "server")!;
    return { packet: decodePacket(sent.bytes), from: sent.from, source: sent.source };
  }

  relayBuffer(): Uint8Array {
    return this.#buffer;
  }

  sendFromRelay(cmts: number, length: number): void {
    const source = this.#population.cmts(cmts).giaddr;
    this.packets.push({ bytes: this.#buffer.slice(0, length), from: "relay", source });
  }

  deviceBuffer(): Uint8Array {
    return this.#buffer;
  }

  sendFromDevice(source: number, length: number): void {
    this.packets.push({ bytes: this.#buffer.slice(0, length), from: "device", source });
  }

  completed(): void {}
  failed(): void {}
  retransmitted(): void {}
  refused(): void {}
  acknowledged(): void {}
  surrendered(): void {}
  anomaly(kind: string, device: number): void {
    throw new Error(`device ${device} found its reply at fault: ${kind}`);
  }
}

const word = (value: number): Uint8Array => bytesOf(value, 4);
const LEASE_SECONDS = 3600;
const MERIT_DUMP = 14;
const ROOT_PATH = 17;

/** Full enough that options go beyond the options field and into `file` and `sname`. */
function replyTo(
  request: DhcpPacket,
  type: number,
  address: number,
  server: number,
): OutgoingPacket {
  const options: OutgoingOption[] = [
    { code: OptionCode.messageType, value: Uint8Array.of(type) },
    { code: OptionCode.serverIdentifier, value: word(server) },
    { code: OptionCode.leaseTime, value: word(LEASE_SECONDS) },
    { code: OptionCode.renewalTime, value: word(LEASE_SECONDS / 2) },
    { code: OptionCode.rebindingTime, value: word((LEASE_SECONDS * 7) / 8) },
    { code: OptionCode.routers, value: word(request.giaddr) },
    { code: OptionCode.domainName, value: latin1Bytes("a-long-name-of-a-domain.example.net") },
    { code: ROOT_PATH, value: latin1Bytes("/export/".repeat(25)) },
    { code: OptionCode.vendorEncapsulatedOptions, value: Uint8Array.of(1, 2, 7, 7, 2, 3, 8, 8, 8) },
    { code: OptionCode.cablelabsClientConfiguration, value: Uint8Array.of(1, 4, ...word(server)) },
    { code: MERIT_DUMP, value: latin1Bytes("dump".repeat(25)) },
  ];
  const information = request.options.get(OptionCode.relayAgentInformation);
  if (information !== undefined) {
    options.push({ code: OptionCode.relayAgentInformation, value: information });
  }
  return { ...header(request), op: BootOperation.reply, yiaddr: address, options };
}

/** INFORM (RFC 2131, section 3.4), which our client never sends, through the device's relay. */
function informOf(population: Population, device: number): CorpusPacket {
  const { giaddr, pools } = population.cmts(population.cmtsOf(device));
  const chaddr = population.macOf(device);
  const packet: OutgoingPacket = {
    ...header({ htype: 1, xid: device, flags: 0, ciaddr: pools[0].low, giaddr, chaddr }),
    op: BootOperation.request,
    yiaddr: 0,
    options: [
      { code: OptionCode.messageType, value: Uint8Array.of(MessageType.inform) },
      { code: OptionCode.clientIdentifier, value: Uint8Array.of(1, ...chaddr) },
      { code: OptionCode.parameterRequestList, value: Uint8Array.of(1, 3, 6, 15, 42, 43, 66, 67) },
    ],
  };
  return { bytes: encoded(packet), from: "relay", source: giaddr };
}

type Original = Pick<DhcpPacket, "htype" | "xid" | "flags" | "ciaddr" | "giaddr" | "chaddr">;

function header(original: Original): Omit<OutgoingPacket, "op" | "yiaddr" | "options"> {
  const { htype, xid, flags, ciaddr, giaddr, chaddr } = original;
  const empty = new Uint8Array(0);
  return {
    ...{ htype, xid, flags, ciaddr, giaddr, chaddr },
    ...{ hops: 0, secs: 0, siaddr: 0, sname: empty, file: empty },
  };
}

function encoded(packet: OutgoingPacket): Uint8Array {
  const bytes = new Uint8Array(encodingLength(packet));
  encodePacket(packet, bytes, 0);
  return bytes;
}
