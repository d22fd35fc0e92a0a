import type { MemoryDatagram } from "../../base/net/memory-socket.ts";
import { Offset } from "../../protocol/dhcp/header.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import {
  BootOperation,
  encodePacket,
  encodingLength,
  type OutgoingOption,
} from "../../protocol/dhcp/packet.ts";
import { RelayAgentCode } from "../../protocol/dhcp/relay-agent.ts";
import { encodeSubOptions } from "../../protocol/dhcp/sub-options.ts";
import { readIpv4, writeIpv4 } from "../../protocol/ipv4.ts";
import type { AddressRange, ServerConfig, SharedNetwork } from "../config/model/model.ts";
import type { LeaseRange } from "../lease/table/lease-table.ts";

/** Clients in all, and so the largest batch. */
export const SYNTHETIC_CLIENTS = 64;
const NETWORKS_MAX = 8;
const CLASSES_MAX = 8;
/** Addresses of all pools together, and of one pool; every pool has at least one. */
const ADDRESSES_MAX = 8192;
const POOL_ADDRESSES_MAX = 2 * SYNTHETIC_CLIENTS;

const MAC_BYTES = 6;
const ETHERNET = 1;
const SERVER_PORT = 67;
const CLIENT_PORT = 68;
const noBytes = new Uint8Array(0);
const text = new TextEncoder();

/** What clients of one kind say of themselves. */
interface ClientKind {
  readonly vendorClass: string | undefined;
  /** It sends option 61, and its relay adds option 82. */
  readonly isIdentified: boolean;
  readonly requestList: readonly number[];
}

const modem = [1, 2, 3, 4, 7, 12, 15, 43, 66, 67, 122];
const kinds: readonly ClientKind[] = [
  { vendorClass: "docsis3.0:", isIdentified: true, requestList: modem },
  { vendorClass: "pktc1.0:", isIdentified: true, requestList: [1, 3, 6, 7, 12, 15, 122] },
  { vendorClass: "MSFT 5.0", isIdentified: true, requestList: [1, 3, 6, 15, 31, 33, 43, 121] },
  { vendorClass: undefined, isIdentified: false, requestList: [1, 28, 2, 3, 15, 6, 12] },
];

/** One exchange after the other, as a client's life has them. */
const messages = [
  { type: MessageType.discover, names: "nothing" },
  // SELECTING
  { type: MessageType.request, names: "requestedAddress" },
  // RENEWING: not relayed
  { type: MessageType.request, names: "ciaddr" },
  // INIT-REBOOT
  { type: MessageType.request, names: "requestedAddress" },
  { type: MessageType.release, names: "ciaddr" },
] as const;
type Message = (typeof messages)[number];

/** The value of option 50, which follows option 53. */
const REQUESTED_ADDRESS_OFFSET = Offset.options + 5;
const MESSAGE_TYPE_OFFSET = Offset.options + 2;

/** Some of the networks that have an address to give, from all over the configuration. */
function warmNetworks({ sharedNetworks }: ServerConfig): readonly SharedNetwork[] {
  const giving = sharedNetworks.filter(({ pools }) =>
    pools.some(({ ranges }) => ranges.length > 0),
  );
  const step = Math.ceil(giving.length / NETWORKS_MAX);
  return giving.filter((_, index) => index % step === 0);
}

/** The last few addresses of each pool of those networks: their octets are of one to three digits. */
export function warmRanges(config: ServerConfig): readonly LeaseRange[] {
  const pools = warmNetworks(config).flatMap((network) => network.pools);
  const share = Math.floor(ADDRESSES_MAX / Math.max(1, pools.length));
  const most = Math.max(1, Math.min(POOL_ADDRESSES_MAX, share));
  return pools.flatMap(({ ranges, index }) =>
    lastAddresses(ranges, most).map((range) => ({ ...range, pool: index })),
  );
}

function lastAddresses(ranges: readonly AddressRange[], most: number): AddressRange[] {
  const found: AddressRange[] = [];
  let left = most;
  for (const { low, high } of ranges.toReversed()) {
    const count = Math.min(left, high - low + 1);
    if (count > 0) found.unshift({ low: high - count + 1, high });
    left -= count;
  }
  return found;
}

/**
 * Clients behind CMTSs in the networks of this configuration, with the hardware addresses of its hosts and
 * subclasses, and some strangers. None when there is no address to give.
 */
export function syntheticClients(config: ServerConfig): readonly SyntheticClient[] {
  const networks = warmNetworks(config);
  if (networks.length === 0) return [];
  const giaddrs = networks.map(({ subnets }) => (subnets[0].network + 1) >>> 0);
  const macs = macsOf(config);
  return Array.from(
    { length: SYNTHETIC_CLIENTS },
    (_, index) => new SyntheticClient(index, macs[index % macs.length], giaddrs),
  );
}

/** In turns one that a host names, one of each class, and a stranger's. */
function macsOf({ hosts, classes }: ServerConfig): readonly Uint8Array[] {
  const tables = classes.all.map(({ subclasses }) => subclasses).filter(({ count }) => count > 0);
  const declared = hosts.first(SYNTHETIC_CLIENTS);
  const macs = Array.from({ length: SYNTHETIC_CLIENTS }, (_, index) => [
    declared[index]?.hardware?.address ?? noBytes,
    ...tables.slice(0, CLASSES_MAX).map((table) => macIn(table.keyOf(index))),
    // Locally administered, so it is no device's. Two octets differ, so that some meet in the index of clients.
    Uint8Array.of(0x02, 0x57, 0x41, 0x52, (37 * index) & 0xff, index),
  ]);
  return macs.flat().filter(({ length }) => length === MAC_BYTES);
}

/** The key of a subclass is often a hardware address, bare or behind its type (`hardware`). */
function macIn(key: Uint8Array): Uint8Array {
  return key.length === MAC_BYTES + 1 && key[0] === ETHERNET ? key.subarray(1) : key;
}

/**
 * A client that goes through its messages over and over. While no server offers it an address, it tries
 * another kind, and then another network: classes and pools decide who is served.
 */
export class SyntheticClient {
  readonly #index: number;
  readonly #mac: Uint8Array;
  readonly #giaddrs: readonly number[];
  readonly #packets: (Uint8Array | undefined)[] = [];
  #tries = 0;
  /** The place of its latest message. */
  #step = -1;
  #address = 0;
  #isAnswered = true;

  constructor(index: number, mac: Uint8Array, giaddrs: readonly number[]) {
    this.#index = index;
    this.#mac = mac;
    this.#giaddrs = giaddrs;
  }

  /** Its next message as the server receives it. The bytes are valid until the call after. */
  next(xid: number): MemoryDatagram {
    if (this.#isAnswered) this.#step = (this.#step + 1) % messages.length;
    else this.#startAgain();
    const message = messages[this.#step];
    this.#packets[this.#step] ??= this.#packetOf(message);
    const bytes = this.#packets[this.#step]!;
    writeIpv4(bytes, Offset.xid, xid);
    if (message.names === "ciaddr") writeIpv4(bytes, Offset.ciaddr, this.#address);
    if (message.names === "requestedAddress") {
      writeIpv4(bytes, REQUESTED_ADDRESS_OFFSET, this.#address);
    }
    // Nobody answers a RELEASE.
    this.#isAnswered = message.type === MessageType.release;
    return message.names === "ciaddr"
      ? { bytes, sourceAddress: this.#address, sourcePort: CLIENT_PORT }
      : { bytes, sourceAddress: this.#giaddr, sourcePort: SERVER_PORT };
  }

  /** The server's reply to its latest message. */
  take(reply: Uint8Array): void {
    const type = reply[MESSAGE_TYPE_OFFSET];
    if (type !== MessageType.offer && type !== MessageType.ack) return;
    this.#isAnswered = true;
    this.#address = readIpv4(reply, Offset.yiaddr);
  }

  #startAgain(): void {
    if (this.#step === 0) {
      this.#tries += 1;
      this.#packets.length = 0;
    }
    this.#step = 0;
  }

  get #kind(): ClientKind {
    return kinds[(this.#index + this.#tries) % kinds.length];
  }

  get #giaddr(): number {
    const round = Math.floor(this.#tries / kinds.length);
    return this.#giaddrs[(this.#index + round) % this.#giaddrs.length];
  }

  #packetOf({ type, names }: Message): Uint8Array {
    const { vendorClass, isIdentified, requestList } = this.#kind;
    const mac = this.#mac;
    const isRelayed = names !== "ciaddr";
    const options: OutgoingOption[] = [
      { code: OptionCode.messageType, value: Uint8Array.of(type) },
    ];
    const add = (code: number, value: Uint8Array): void => {
      options.push({ code, value });
    };
    if (names === "requestedAddress") add(OptionCode.requestedAddress, new Uint8Array(4));
    if (vendorClass !== undefined) {
      add(OptionCode.vendorClassIdentifier, text.encode(vendorClass));
    }
    if (isIdentified) add(OptionCode.clientIdentifier, Uint8Array.of(ETHERNET, ...mac));
    add(OptionCode.parameterRequestList, Uint8Array.from(requestList));
    if (isIdentified && isRelayed) add(OptionCode.relayAgentInformation, relayInformation(mac));
    const packet = {
      ...{ op: BootOperation.request, htype: ETHERNET, hops: isRelayed ? 1 : 0, xid: 0, secs: 0 },
      ...{ flags: 0, ciaddr: 0, yiaddr: 0, siaddr: 0, giaddr: isRelayed ? this.#giaddr : 0 },
      ...{ chaddr: mac, sname: noBytes, file: noBytes, options },
    };
    const bytes = new Uint8Array(encodingLength(packet));
    encodePacket(packet, bytes, 0);
    return bytes;
  }
}

function relayInformation(mac: Uint8Array): Uint8Array {
  return encodeSubOptions([
    { code: RelayAgentCode.circuitId, value: Uint8Array.of(0, 4, 0, 1) },
    { code: RelayAgentCode.remoteId, value: mac },
  ]);
}
