import { assert } from "../../../base/assert.ts";
import { Prng } from "../../../base/prng.ts";
import { bytesEqual } from "../../../protocol/bytes.ts";
import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import {
  type DhcpPacket,
  decodePacket,
  encodePacket,
  type OutgoingOption,
} from "../../../protocol/dhcp/packet.ts";
import { encodeReply } from "../../../protocol/dhcp/reply-template.ts";
import { formatIpv4, parseIpv4, writeIpv4 } from "../../../protocol/ipv4.ts";
import { parseMac } from "../../../protocol/mac.ts";
import { formatDiagnostic, parseConfig } from "../../config/grammar/parse.ts";
import type { ServerConfig } from "../../config/model/model.ts";
import type { LeaseRecord } from "../../lease/lease.ts";
import { LeaseTable } from "../../lease/table/lease-table.ts";
import type { DhcpEngineOptions } from "../exchange/engine-parts.ts";
import type { Destination, LocalInterface, Outcome } from "../exchange/outcome.ts";
import { DhcpEngine } from "./engine.ts";

/** A moment to start from: Tue 2026-11-24 05:36:09 UTC. */
export const startSeconds = 1_795_498_569;

export const serverInterface: LocalInterface = {
  index: 3,
  name: "eth0",
  addresses: [{ address: 0x0a09_0001, mask: 0xffff_ff00 }],
  hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, 9),
};

/** The address of a dotted quad; a test with a typing error ends here. */
export function ip(text: string): number {
  const address = parseIpv4(text);
  assert(address !== undefined, `${text} is no IPv4 address`);
  return address;
}

/** `execute` statements are allowed: nobody runs them. */
export function configOf(text: string): ServerConfig {
  const read = (path: string): string => {
    if (path !== "test.conf") throw new Error(`${path}: no such file`);
    return text;
  };
  const outcome = parseConfig("test.conf", read, { execute: "allowed" });
  if (outcome.kind === "failed") {
    throw new Error(outcome.diagnostics.map(formatDiagnostic).join("\n"));
  }
  return outcome.config;
}

/** A client's message; addresses are dotted quads, option values bytes. */
export interface ClientMessage {
  readonly type?: keyof typeof MessageType | "bootp";
  readonly mac?: string;
  readonly htype?: number;
  readonly clientId?: Uint8Array | string;
  readonly requested?: string;
  readonly ciaddr?: string;
  readonly giaddr?: string;
  readonly serverId?: string;
  readonly leaseSeconds?: number;
  readonly list?: readonly number[];
  readonly hostname?: string;
  readonly vendorClass?: string;
  readonly relayAgent?: readonly number[];
  readonly broadcast?: boolean;
  readonly secs?: number;
  readonly hops?: number;
  readonly xid?: number;
  readonly op?: number;
  readonly maxMessageSize?: number;
  readonly options?: readonly OutgoingOption[];
  /** How it arrived. */
  readonly destination?: string;
  readonly source?: string;
  readonly sourcePort?: number;
  readonly interfaceIndex?: number;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function fourBytes(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeIpv4(bytes, 0, value);
  return bytes;
}

export function clientPacket(message: ClientMessage): DhcpPacket {
  const options: OutgoingOption[] = [];
  const add = (code: number, value: Uint8Array | undefined): void => {
    if (value !== undefined) options.push({ code, value });
  };
  const { type = "discover", clientId, list, relayAgent, requested, serverId } = message;
  if (type !== "bootp") add(OptionCode.messageType, Uint8Array.of(MessageType[type]));
  add(OptionCode.clientIdentifier, typeof clientId === "string" ? text(clientId) : clientId);
  if (requested !== undefined) add(OptionCode.requestedAddress, fourBytes(ip(requested)));
  if (serverId !== undefined) add(OptionCode.serverIdentifier, fourBytes(ip(serverId)));
  if (message.leaseSeconds !== undefined) {
    add(OptionCode.leaseTime, fourBytes(message.leaseSeconds));
  }
  if (message.maxMessageSize !== undefined) {
    const size = message.maxMessageSize;
    add(OptionCode.maxMessageSize, Uint8Array.of(size >>> 8, size & 255));
  }
  if (message.hostname !== undefined) add(OptionCode.hostName, text(message.hostname));
  if (message.vendorClass !== undefined) {
    add(OptionCode.vendorClassIdentifier, text(message.vendorClass));
  }
  add(OptionCode.parameterRequestList, list && Uint8Array.from(list));
  options.push(...(message.options ?? []));
  add(OptionCode.relayAgentInformation, relayAgent && Uint8Array.from(relayAgent));
  const chaddr = message.mac === "" ? new Uint8Array(0) : parseMac(message.mac ?? deviceMac(1));
  assert(chaddr !== undefined, `${message.mac} is no hardware address`);
  const bytes = new Uint8Array(1500);
  const end = encodePacket(
    {
      op: message.op ?? 1,
      htype: message.htype ?? 1,
      hops: message.hops ?? 0,
      xid: message.xid ?? 0x1234_5678,
      secs: message.secs ?? 0,
      flags: message.broadcast === true ? 0x8000 : 0,
      ciaddr: ip(message.ciaddr ?? "0.0.0.0"),
      yiaddr: 0,
      siaddr: 0,
      giaddr: ip(message.giaddr ?? "0.0.0.0"),
      chaddr,
      sname: new Uint8Array(0),
      file: new Uint8Array(0),
      options,
    },
    bytes,
    0,
    { optionBytesMax: 1200, packetBytesMin: 300, overload: false },
  );
  return decodePacket(bytes.subarray(0, end));
}

/** 02:10:00:00:00:01 and so on. */
export function deviceMac(device: number): string {
  const unit = [16, 8, 0].map((shift) => ((device >>> shift) & 255).toString(16).padStart(2, "0"));
  return `02:10:00:${unit.join(":")}`;
}

/** A reply as its receiver sees it, after encoding and decoding. */
export interface SeenReply {
  readonly type: "offer" | "ack" | "nak";
  readonly address: string;
  readonly packet: DhcpPacket;
  readonly destination: Destination;
  readonly durable: boolean;
  readonly leaseSeconds: number | undefined;
  /** Codes in the order of the wire. */
  readonly codes: readonly number[];
  option(code: number): readonly number[] | undefined;
}

function seen({ reply, limits, ...outcome }: Extract<Outcome, { kind: "reply" }>): SeenReply {
  const bytes = new Uint8Array(1600);
  const end = encodeReply(reply, bytes, 0, limits);
  const plain = new Uint8Array(1600);
  assert(
    encodePacket(reply, plain, 0, limits) === end && bytesEqual(plain, bytes),
    "a template does not say what its reply says",
  );
  const packet = decodePacket(bytes.subarray(0, end));
  const type = packet.options.getUInt8(OptionCode.messageType);
  return {
    type: type === MessageType.offer ? "offer" : type === MessageType.ack ? "ack" : "nak",
    address: formatIpv4(packet.yiaddr),
    packet,
    destination: outcome.destination,
    durable: outcome.durable,
    leaseSeconds: packet.options.getUInt32(OptionCode.leaseTime),
    codes: packet.options.codes(),
    option: (code) => {
      const value = packet.options.get(code);
      return value === undefined ? undefined : [...value];
    },
  };
}

/** An engine with a clock and a store that tests move by hand. */
export class EngineBed {
  readonly config: ServerConfig;
  readonly leases: LeaseTable;
  readonly interfaces: LocalInterface[] = [serverInterface];
  /** What the name server would answer. */
  readonly hostNames = new Map<string, readonly number[]>();
  /** What the store would hold, in order. */
  readonly records: LeaseRecord[] = [];
  /** What `log` statements said, as `level text`, and the words of the commands that were asked for. */
  readonly said: string[] = [];
  readonly commands: (readonly string[])[] = [];
  /** While true, every commit fails: nothing becomes durable, records are lost. */
  isDiskFull = false;
  nowSeconds = startSeconds;
  engine: DhcpEngine;
  lastLog = "";

  constructor(
    configText: string,
    stored: readonly LeaseRecord[] = [],
    options: Pick<
      DhcpEngineOptions,
      "tftpServers" | "nameOf" | "recordsEveryAck" | "packetLogging"
    > = {},
  ) {
    this.config = configOf(configText);
    this.leases = new LeaseTable(
      this.config.pools.flatMap((pool) =>
        pool.ranges.map(({ low, high }) => ({ low, high, pool: pool.index })),
      ),
    );
    for (const record of stored) this.leases.load(record);
    this.engine = new DhcpEngine({
      config: this.config,
      leases: this.leases,
      ports: { server: 67, client: 68 },
      interfaces: this.interfaces,
      resolve: (name) => this.hostNames.get(name),
      serverHostName: "dhcp1",
      output: ({ messages, commands }) => {
        this.said.push(...messages.map(({ priority, text }) => `${priority} ${text}`));
        this.commands.push(...commands);
      },
      ...options,
    });
  }

  /** Sends one packet and commits, as a batch of one. */
  send(message: ClientMessage): Outcome {
    const packet = clientPacket(message);
    const { bytes } = packet;
    const outcome = this.engine.respond(
      {
        packet,
        sourceAddress: ip(message.source ?? "0.0.0.0"),
        sourcePort: message.sourcePort ?? 68,
        destinationAddress: ip(message.destination ?? "255.255.255.255"),
        interfaceIndex: message.interfaceIndex ?? serverInterface.index,
        ...(bytes === undefined ? {} : { raw: bytes }),
      },
      this.nowSeconds,
      this.nowSeconds * 1000,
    );
    this.commit(outcome);
    return outcome;
  }

  commit(outcome: Outcome): void {
    this.lastLog = outcome.log?.text ?? "";
    if (this.isDiskFull) return;
    this.#store(outcome.changes);
    if (outcome.kind === "reply" && outcome.leaseIndex >= 0) {
      this.leases.markDurable(outcome.leaseIndex);
    }
  }

  /** The reply to a packet; anything else is an error. */
  reply(message: ClientMessage): SeenReply {
    const outcome = this.send(message);
    if (outcome.kind !== "reply") throw new Error(`no reply: ${JSON.stringify(outcome)}`);
    return seen(outcome);
  }

  /** `ack 10.9.0.100`, `nak 0.0.0.0`, `drop unknown-lease`, `ping 10.9.0.100`, `changed`. */
  verdict(message: ClientMessage): string {
    const outcome = this.send(message);
    switch (outcome.kind) {
      case "reply": {
        const { type, address } = seen(outcome);
        return type === "nak" ? "nak" : `${type} ${address}`;
      }
      case "drop":
        return `drop ${outcome.reason}`;
      case "ping":
        return `ping ${formatIpv4(outcome.address)}`;
      case "changed":
        return "changed";
    }
  }

  /** DISCOVER, then REQUEST for what was offered; returns the acknowledged address. */
  bind(message: ClientMessage): string {
    const offer = this.reply({ ...message, type: "discover" });
    const serverId = formatIpv4(offer.packet.options.getUInt32(OptionCode.serverIdentifier) ?? 0);
    const ack = this.reply({ ...message, type: "request", requested: offer.address, serverId });
    if (ack.type !== "ack")
      throw new Error(`${offer.address} was offered, but the answer is a NAK`);
    return ack.address;
  }

  /** A reply that a probe held up. */
  seenReply(outcome: Outcome): SeenReply {
    if (outcome.kind !== "reply") throw new Error(`no reply: ${JSON.stringify(outcome)}`);
    return seen(outcome);
  }

  /** What was said since the last time. */
  takeSaid(): string[] {
    return this.said.splice(0);
  }

  expire(): readonly LeaseRecord[] {
    const expired = this.engine.expire(this.nowSeconds);
    this.#store(expired);
    return this.records.slice(this.records.length - expired.length);
  }

  #store(changes: readonly number[]): void {
    for (const index of changes) this.records.push(this.leases.recordOf(index));
  }
}

/** Messages of a few clients that do not care what they were told; the same for the same seed. */
export function* randomMessages(seed: number, count: number): Generator<ClientMessage> {
  const prng = new Prng(seed, 0);
  const types = ["discover", "discover", "request", "request", "request", "release", "decline"];
  const address = (device: number): string => {
    if (prng.nextBelow(2) === 0) return `10.9.0.${100 + (device % 10)}`;
    if (prng.nextBelow(8) === 0) return pick(["10.9.0.3", "10.8.0.9", "1.2.3.4"]);
    return prng.nextBelow(3) === 0
      ? `10.8.0.${prng.nextBelow(8)}`
      : `10.9.0.${98 + prng.nextBelow(14)}`;
  };
  const relays = ["0.0.0.0", "10.9.0.2", "10.9.0.2", "10.8.0.254", "172.16.0.1"];
  const pick = <Item>(items: readonly Item[]): Item => items[prng.nextBelow(items.length)];
  for (let at = 0; at < count; at += 1) {
    const device = 1 + prng.nextBelow(12);
    const asked = prng.nextBelow(3);
    yield {
      type: pick(types) as keyof typeof MessageType,
      mac: deviceMac(device),
      ...(device % 4 === 0 ? { clientId: `client ${device % 8}` } : {}),
      ...(asked === 0 ? { requested: address(device) } : {}),
      ...(asked === 1 ? { ciaddr: address(device) } : {}),
      giaddr: pick(relays),
      list: Array.from({ length: prng.nextBelow(9) }, () => prng.nextBelow(256)),
      broadcast: prng.nextBelow(2) === 0,
      ...(prng.nextBelow(4) === 0 ? { relayAgent: [1, 1, prng.nextBelow(256)] } : {}),
    };
  }
}
