import { Offset } from "../../protocol/dhcp/header.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { RelayAgentCode } from "../../protocol/dhcp/relay-agent.ts";
import { writeIpv4 } from "../../protocol/ipv4.ts";
import { deviceKinds, type Population } from "../../scenarios/population/population.ts";

export interface ServerAddress {
  readonly address: number;
  readonly port: number;
}

/** Servers that one relay forwards to. */
export const SERVERS_MAX = 8;

/** No message of a device is longer, with the relay's option: it fits an Ethernet frame. */
export const PACKET_BYTES_MAX = 1472;

/**
 * Where relays send. The packet is built in a buffer of the sink, then one `send` follows: on a socket this
 * saves a copy of every packet.
 */
export interface RelaySink {
  /** Room for the next datagram from a relay (PACKET_BYTES_MAX or more), sent by `sendFromRelay`. */
  relayBuffer(): Uint8Array;
  /** Send the first `length` bytes of the relay buffer from that CMTS's own address. */
  sendFromRelay(cmts: number, length: number, destination: number, port: number): void;
  /** As `sendFromRelay`, but from another port. For runs in which a relay's port is wrong. */
  sendFromWrongPort?(cmts: number, length: number, destination: number, port: number): void;
}

/** The parts of a reply that a relay reads. */
interface RelayedReply {
  readonly giaddr: number;
  readonly options: { get(code: number): Uint8Array | undefined };
}

/** The way of a message that a persona spoils. */
interface RelayRoute {
  /** Another CMTS than the device's. */
  readonly cmts?: number | undefined;
  /** The message is cut off after this many bytes. */
  readonly lengthMax?: number | undefined;
  readonly isFromWrongPort?: boolean;
}

/** A relay's judgement of a reply. */
type RelayVerdict = "delivered" | "not-echoed" | "not-for-us";

const CIRCUIT_ID_BYTES = 4;
const REMOTE_ID_BYTES = 6;
const INFORMATION_BYTES = 2 + CIRCUIT_ID_BYTES + 2 + REMOTE_ID_BYTES;

const CABLE_INTERFACES = 64;
const CABLE_INTERFACE_FIRST = 0x0004_0001;

/**
 * The relay agents of a population: one CMTS for each network. A CMTS puts its address into giaddr,
 * adds option 82 as the last option (RFC 3046 section 2.1) and sends a copy to every server.
 */
export class RelayAgents {
  readonly #population: Population;
  readonly #servers: readonly ServerAddress[];
  readonly #sink: RelaySink;
  readonly #expectedMac = new Uint8Array(REMOTE_ID_BYTES);
  // With several servers the packet is built once, here, and copied into the buffers lent.
  readonly #original: Uint8Array | undefined;

  constructor(population: Population, servers: readonly ServerAddress[], sink: RelaySink) {
    if (servers.length === 0 || servers.length > SERVERS_MAX) {
      throw new RangeError(`relays need 1 to ${SERVERS_MAX} servers, not ${servers.length}`);
    }
    this.#population = population;
    this.#servers = servers;
    this.#sink = sink;
    this.#original = servers.length > 1 ? new Uint8Array(PACKET_BYTES_MAX) : undefined;
  }

  /** Where the device's message is to be built before `forward`. */
  buffer(): Uint8Array {
    return this.#original ?? this.#sink.relayBuffer();
  }

  /**
   * Relays the message in `bytes`, which has its End option at `endOffset` and is zero-filled to `length`. Only
   * devices with a persona have a `route`.
   */
  forward(
    device: number,
    bytes: Uint8Array,
    endOffset: number,
    length: number,
    route: RelayRoute = {},
  ): void {
    const cmts = route.cmts ?? this.#population.cmtsOf(device);
    bytes[Offset.hops] += 1;
    writeIpv4(bytes, Offset.giaddr, this.#population.cmts(cmts).giaddr);
    const end = this.#writeRelayInformation(device, bytes, endOffset);
    const relayedLength = Math.min(
      Math.max(length, end),
      route.lengthMax ?? Number.POSITIVE_INFINITY,
    );
    for (const server of this.#servers) {
      if (this.#original !== undefined) {
        this.#sink.relayBuffer().set(bytes.subarray(0, relayedLength));
      }
      if (route.isFromWrongPort === true) {
        this.#sink.sendFromWrongPort?.(cmts, relayedLength, server.address, server.port);
      } else {
        this.#sink.sendFromRelay(cmts, relayedLength, server.address, server.port);
      }
    }
  }

  /**
   * Judges a reply to a device that arrived at the relay address `destination`. The device never sees option
   * 82, because its relay removes it (RFC 3046 section 2.2). `cmts`: the device's own when left out.
   */
  judge(
    device: number,
    packet: RelayedReply,
    destination: number,
    cmts = this.#population.cmtsOf(device),
  ): RelayVerdict {
    const { giaddr } = this.#population.cmts(cmts);
    if (packet.giaddr !== giaddr || destination !== giaddr) return "not-for-us";
    const information = packet.options.get(OptionCode.relayAgentInformation);
    if (information === undefined || information.length !== INFORMATION_BYTES) return "not-echoed";
    const at = remoteIdAt(information);
    if (at < 0) return "not-echoed";
    const expected = this.#expectedMac;
    this.#population.writeMac(this.#population.attachmentOf(device), expected, 0);
    for (let i = 0; i < REMOTE_ID_BYTES; i += 1) {
      if (information[at + i] !== expected[i]) return "not-echoed";
    }
    return "delivered";
  }

  /** Writes option 82 and End; returns where the message ends. */
  #writeRelayInformation(device: number, bytes: Uint8Array, start: number): number {
    const attachment = this.#population.attachmentOf(device);
    bytes[start] = OptionCode.relayAgentInformation;
    bytes[start + 1] = INFORMATION_BYTES;
    let at = start + 2;
    bytes[at] = RelayAgentCode.circuitId;
    bytes[at + 1] = CIRCUIT_ID_BYTES;
    writeIpv4(bytes, at + 2, this.#interfaceOf(attachment));
    at += 2 + CIRCUIT_ID_BYTES;
    bytes[at] = RelayAgentCode.remoteId;
    bytes[at + 1] = REMOTE_ID_BYTES;
    this.#population.writeMac(attachment, bytes, at + 2);
    at += 2 + REMOTE_ID_BYTES;
    bytes[at] = OptionCode.end;
    return at + 1;
  }

  /** The circuit-id: the cable interface of a modem, or the concentrator port of a meter. */
  #interfaceOf(attachment: number): number {
    const unit = this.#population.unitOf(attachment);
    const port = Math.floor(unit / this.#population.cmtsCount) % CABLE_INTERFACES;
    const isMeter = this.#population.kindOf(attachment) === deviceKinds[3];
    return CABLE_INTERFACE_FIRST + port + (isMeter ? 0x1_0000 : 0);
  }
}

/** The CMTS of a device's twin: the next one. */
export function twinCmtsOf(population: Population, device: number): number {
  return (population.cmtsOf(device) + 1) % population.cmtsCount;
}

/** Offset of the remote-id in option 82; -1 without one of six octets. */
function remoteIdAt(information: Uint8Array): number {
  let at = 0;
  while (at + 1 < information.length) {
    const length = information[at + 1];
    if (information[at] === RelayAgentCode.remoteId) {
      return length === REMOTE_ID_BYTES && at + 2 + length <= information.length ? at + 2 : -1;
    }
    at += 2 + length;
  }
  return -1;
}
