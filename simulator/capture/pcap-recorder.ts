import { COOKIE, Offset } from "../../protocol/dhcp/header.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { readIpv4 } from "../../protocol/ipv4.ts";
import { LinkType } from "../../protocol/pcap/captured-frame.ts";
import {
  captureStatistics,
  enhancedPacket,
  interfaceDescription,
  sectionHeader,
} from "../../protocol/pcap/write-pcapng.ts";
import { buildUdpFrame } from "../../protocol/udp-frame.ts";
import type { Population } from "../../scenarios/population/population.ts";
import type { BootService } from "../boot/boot-step.ts";
import type { DeviceStateName } from "../device/device-table.ts";

/** Which packets of a run are kept; without a filter, all. */
export type CaptureFilter =
  | { readonly kind: "device"; readonly device: number }
  | { readonly kind: "cmts"; readonly cmts: number }
  /** NAKs, DECLINEs, repeated messages, TFTP errors, and other protocols on DHCP's ports. */
  | { readonly kind: "errors" };

export interface CapturePlan {
  /** The file; each worker writes a part of it, `PATH.part0` and so on. */
  readonly path: string;
  /** Size of all parts together. */
  readonly bytesMax: number;
  readonly filter: CaptureFilter | undefined;
}

/** The recorder's questions about devices of its own worker. */
interface CapturedFleet {
  owns(device: number): boolean;
  stateOf(device: number): DeviceStateName;
  /** Number of the latest copy of the message that waits for an answer: 1 is the first. */
  transmissionOf(device: number): number;
}

export interface SeenDatagram {
  readonly service: "dhcp" | BootService;
  readonly isSent: boolean;
  /** On the scale of Clock.monotonicMs. */
  readonly atMs: number;
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
  /** Valid while the call runs. */
  readonly payload: Uint8Array;
}

interface PcapRecorderOptions {
  readonly population: Population;
  readonly filter: CaptureFilter | undefined;
  readonly bytesMax: number;
  /** Milliseconds since 1970 when Clock.monotonicMs was 0. */
  readonly unixMsAtZero: number;
  readonly write: (bytes: Uint8Array) => void;
}

const APPLICATION = "prov run";
const ETHERNET_BYTES = 14;
const NO_MAC = new Uint8Array(6);
const NS_A_MS = 1_000_000;
const MAC_BYTES = 6;
const TFTP_ERROR = 5;
const NOBODY = -1;

/**
 * Writes datagrams as raw IP into a section of pcapng, one interface for each CMTS, until the section is
 * full. There are no links in the simulator, so the capture has none either.
 */
export class PcapRecorder {
  readonly #options: PcapRecorderOptions;
  readonly #unixNsAtZero: bigint;
  // By address: the device that last got an ACK for it.
  readonly #owners = new Map<number, number>();
  #fleet: CapturedFleet | undefined;
  // Includes the block that ends the section.
  #bytes = captureStatistics(0n, 0, 0).length;
  #wanted = 0;
  #written = 0;

  constructor(options: PcapRecorderOptions) {
    const { population, unixMsAtZero } = options;
    this.#options = options;
    this.#unixNsAtZero = BigInt(Math.round(unixMsAtZero * NS_A_MS));
    this.#write(sectionHeader(APPLICATION));
    for (let cmts = 0; cmts < population.cmtsCount; cmts += 1) {
      this.#write(interfaceDescription(LinkType.raw, `cmts${cmts}`));
    }
  }

  /** From now on, comments include the states of this fleet's devices. */
  attach(fleet: CapturedFleet): void {
    this.#fleet = fleet;
  }

  record(seen: SeenDatagram): void {
    const { filter, population } = this.#options;
    const own = seen.isSent ? seen.source : seen.destination;
    const type = seen.service === "dhcp" ? messageTypeOf(seen.payload) : undefined;
    const device = this.#deviceOf(seen, own, type);
    const ofAddress = population.cmtsOfAddress(own);
    const cmts = ofAddress >= 0 ? ofAddress : device === NOBODY ? 0 : population.cmtsOf(device);
    const transmission = this.#transmissionOf(seen, device, type);
    const isWanted =
      filter === undefined ||
      (filter.kind === "device" && filter.device === device) ||
      (filter.kind === "cmts" && filter.cmts === cmts) ||
      (filter.kind === "errors" && isTrouble(seen, type, transmission));
    if (!isWanted) return;
    this.#wanted += 1;
    // A section that was full once takes no smaller packet later.
    if (this.#written + 1 < this.#wanted) return;
    const block = enhancedPacket({
      interfaceId: cmts,
      atNs: this.#unixNsAtZero + BigInt(Math.round(seen.atMs * NS_A_MS)),
      bytes: ipPacketOf(seen),
      comment: this.#commentOf(device, cmts, transmission),
    });
    if (this.#bytes + block.length > this.#options.bytesMax) return;
    this.#write(block);
    this.#written += 1;
  }

  /** Ends the section with the numbers of packets wanted and written. */
  finish(nowMs: number): void {
    const atNs = this.#unixNsAtZero + BigInt(Math.round(nowMs * NS_A_MS));
    this.#options.write(captureStatistics(atNs, this.#wanted, this.#written));
  }

  #write(block: Uint8Array): void {
    this.#bytes += block.length;
    this.#options.write(block);
  }

  #deviceOf(seen: SeenDatagram, own: number, type: number | undefined): number {
    const { payload } = seen;
    if (type === undefined) return this.#owners.get(own) ?? NOBODY;
    const chaddr = payload.subarray(Offset.chaddr, Offset.chaddr + MAC_BYTES);
    const device = this.#options.population.deviceOfMac(chaddr);
    if (type === MessageType.ack && !seen.isSent && device !== NOBODY) {
      this.#owners.set(readIpv4(payload, Offset.yiaddr), device);
    }
    return device;
  }

  /** 0 for a message that is never repeated. */
  #transmissionOf({ isSent }: SeenDatagram, device: number, type: number | undefined): number {
    const isRepeated = type === MessageType.discover || type === MessageType.request;
    const fleet = this.#fleet;
    if (!isSent || !isRepeated || fleet?.owns(device) !== true) return 0;
    return fleet.transmissionOf(device);
  }

  #commentOf(device: number, cmts: number, transmission: number): string {
    if (device === NOBODY) return `CMTS ${cmts}`;
    const fleet = this.#fleet;
    const kind = this.#options.population.kindOf(device);
    const state = fleet?.owns(device) === true ? `, ${fleet.stateOf(device).toUpperCase()}` : "";
    const again = transmission > 1 ? `, transmission ${transmission}` : "";
    return `device ${device} (${kind}), CMTS ${cmts}${state}${again}`;
  }
}

function isTrouble(
  { service, payload }: SeenDatagram,
  type: number | undefined,
  transmission: number,
): boolean {
  if (service === "tftp") return payload[0] === 0 && payload[1] === TFTP_ERROR;
  if (service !== "dhcp") return false;
  return (
    type === undefined ||
    type === MessageType.nak ||
    type === MessageType.decline ||
    transmission > 1
  );
}

/** The value of option 53; 0 for a BOOTP message, undefined for anything else. */
function messageTypeOf(payload: Uint8Array): number | undefined {
  if (payload.length <= Offset.options || readIpv4(payload, Offset.cookie) !== COOKIE) return;
  let at: number = Offset.options;
  while (at + 2 < payload.length && payload[at] !== OptionCode.end) {
    if (payload[at] === OptionCode.messageType) return payload[at + 2];
    at += payload[at] === OptionCode.pad ? 1 : 2 + payload[at + 1];
  }
  return 0;
}

function ipPacketOf(seen: SeenDatagram): Uint8Array {
  return buildUdpFrame({ ...seen, sourceMac: NO_MAC, destinationMac: NO_MAC }).subarray(
    ETHERNET_BYTES,
  );
}
