import { writeFileSync } from "node:fs";
import { networkInterface } from "../../base/net/network-interface.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { type DhcpPacket, decodePacket, messageType } from "../../protocol/dhcp/packet.ts";
import { formatIpv4, parseIpv4 } from "../../protocol/ipv4.ts";
import {
  type ClientMessage,
  clientPacket,
  deviceMac,
} from "../../server/dhcp/decide/engine.testing.ts";
import { prov } from "../prov-command.testing.ts";
import { inNamespace, Wire } from "./differential/wire.testing.ts";
import { ip, type NetworkLab, type Peer } from "./namespaces.testing.ts";

const serverAddress = "10.9.0.1";
const relayAddress = "10.9.0.2";
const resendMs = 500;
const waitMsMax = 60_000;
/** Exchanges under way at a time: enough for batches, few enough for dhcpd's socket buffer. */
const windowMax = 48;

export type Program = "dhcpd" | "prov";

/** A device's exchange: from its first message to its ACK, or to nothing. */
export type Wish = "bind" | "renew" | "reboot" | "release" | "decline";

interface Exchange {
  readonly device: number;
  readonly wish: Wish;
  message: ClientMessage;
  sentAtMs: number;
}

/** One headend that is served by one server after another, and the devices behind its relays. */
export class ExchangeSite {
  readonly configFile: string;
  readonly leaseFile: string;
  /** By device: the address of its last ACK, unless it gave it back. */
  readonly held = new Map<number, string>();
  /** What no server should do, in words. */
  readonly faults: string[] = [];
  readonly #lab: NetworkLab;
  readonly #serverSide: string;
  readonly #serverMac: Uint8Array;
  readonly #wire: Wire;
  readonly #relays: readonly string[];
  readonly #underWay = new Map<number, Exchange>();
  #nextXid = 1;

  /** `relays`: giaddr of each network; device N is in network N modulo their number. */
  constructor(lab: NetworkLab, configuration: string, relays: readonly string[]) {
    this.#lab = lab;
    this.#relays = relays;
    this.configFile = lab.path("dhcpd.conf");
    this.leaseFile = lab.path("dhcpd.leases");
    writeFileSync(this.configFile, configuration);
    writeFileSync(this.leaseFile, "");
    this.#serverSide = lab.addNamespace("server");
    const plant = lab.addNamespace("plant");
    lab.link(
      ...([this.#serverSide, { interfaceName: "serve0", address: `${serverAddress}/24` }] as const),
      ...([plant, { interfaceName: "plant0", address: `${relayAddress}/24` }] as const),
    );
    ip("-n", this.#serverSide, "route", "add", "10.16.0.0/12", "via", relayAddress);
    // Answers ARP and takes every packet for a relay or a device; the wire reads them.
    ip("-n", plant, "route", "add", "local", "10.16.0.0/12", "dev", "lo");
    this.#serverMac = inNamespace(this.#serverSide, () =>
      networkInterface("serve0"),
    ).hardwareAddress;
    this.#wire = new Wire(plant, "plant0");
  }

  close(): void {
    this.#wire.close();
  }

  async start(program: Program): Promise<Peer> {
    const [command, ...first] = program === "dhcpd" ? ["dhcpd"] : [process.execPath, prov, "dhcpd"];
    const files = ["-cf", this.configFile, "-lf", this.leaseFile, "--no-pid"];
    const flags = ["-4", "-f", "-d", ...files, "serve0"];
    const server = this.#lab.start(this.#serverSide, command!, [...first, ...flags]);
    await server.waitFor(/Server starting service\./);
    return server;
  }

  /** Runs a program beside the server. */
  run(command: string, args: readonly string[]): Promise<{ output: string }> {
    return this.#lab.run(this.#serverSide, command, args);
  }

  /**
   * Plays the exchanges of these devices, many at a time, until all are over or `isOver` says so.
   * What is under way then stays so, and may still be acknowledged: see `drain`.
   */
  async play(
    wishes: Iterable<readonly [device: number, wish: Wish]>,
    isOver: () => boolean = () => false,
  ): Promise<void> {
    const waiting = wishes[Symbol.iterator]();
    let isEmpty = false;
    let limitMs = performance.now() + waitMsMax;
    while (!isOver()) {
      while (!isEmpty && this.#underWay.size < windowMax) {
        const next = waiting.next();
        if (next.done === true) isEmpty = true;
        else this.#begin(...next.value);
      }
      if (isEmpty && this.#underWay.size === 0) return;
      if (this.#receive() > 0) limitMs = performance.now() + waitMsMax;
      if (performance.now() > limitMs) {
        const [first] = this.#underWay.values();
        throw new Error(`no reply to ${this.#underWay.size} devices, as ${JSON.stringify(first)}`);
      }
      this.#resend();
      await new Promise((resume) => setTimeout(resume, 1));
    }
  }

  /**
   * Begins as many exchanges at once and reads no reply: a "bind" takes two of them, so that none of
   * these can be over before `drain`, however fast the server is.
   */
  burst(wishes: Iterator<readonly [device: number, wish: Wish]>, count: number): void {
    for (let begun = 0; begun < count; begun += 1) {
      const next = wishes.next();
      if (next.done === true) return;
      this.#begin(...next.value);
    }
  }

  /** Takes what a server said before it was killed; gives up what it never answered, and counts it. */
  drain(): number {
    while (this.#receive() > 0);
    const unanswered = this.#underWay.size;
    this.#underWay.clear();
    return unanswered;
  }

  #begin(device: number, wish: Wish): void {
    const address = this.held.get(device);
    const identity = identityOf(device);
    const giaddr = this.#relays[device % this.#relays.length];
    const xid = this.#nextXid;
    this.#nextXid += 1;
    const relayed = { ...identity, giaddr, xid };
    if (wish === "bind") {
      this.#await({ ...relayed, type: "discover" }, device, wish);
      return;
    }
    if (address === undefined) throw new Error(`device ${device} has no lease to ${wish}`);
    const held = { requested: address, serverId: serverAddress };
    switch (wish) {
      case "renew":
        this.#await({ ...identity, xid, type: "request", ciaddr: address }, device, wish);
        break;
      case "reboot":
        this.#await({ ...relayed, type: "request", requested: address }, device, wish);
        break;
      case "release":
        this.held.delete(device);
        this.#send({ ...identity, xid, type: "release", ciaddr: address, serverId: serverAddress });
        break;
      case "decline":
        this.held.delete(device);
        this.#send({ ...relayed, ...held, type: "decline" });
    }
  }

  #await(message: ClientMessage, device: number, wish: Wish): void {
    this.#underWay.set(message.xid!, { device, wish, message, sentAtMs: performance.now() });
    this.#send(message);
  }

  #resend(): void {
    const nowMs = performance.now();
    for (const exchange of this.#underWay.values()) {
      if (nowMs - exchange.sentAtMs < resendMs) continue;
      exchange.sentAtMs = nowMs;
      this.#send(exchange.message);
    }
  }

  #send(message: ClientMessage): void {
    const { giaddr = "0.0.0.0", ciaddr = "0.0.0.0" } = message;
    const isRelayed = giaddr !== "0.0.0.0";
    this.#wire.send({
      sourceMac: this.#wire.hardwareAddress,
      destinationMac: this.#serverMac,
      source: number(isRelayed ? giaddr : ciaddr),
      destination: number(serverAddress),
      sourcePort: isRelayed ? 67 : 68,
      destinationPort: 67,
      payload: clientPacket(message).bytes!,
    });
  }

  #receive(): number {
    const frames = this.#wire.receive();
    for (const { payload } of frames) {
      if (payload.length < 240) continue;
      const packet = decodePacket(payload);
      const exchange = this.#underWay.get(packet.xid);
      if (exchange !== undefined) this.#take(packet, exchange);
    }
    return frames.length;
  }

  #take(packet: DhcpPacket, exchange: Exchange): void {
    const { device, wish, message } = exchange;
    const address = formatIpv4(packet.yiaddr);
    const type = messageType(packet);
    if (type === MessageType.offer) {
      if (message.type !== "discover") return;
      const request = { type: "request", requested: address, serverId: serverAddress } as const;
      exchange.message = { ...message, ...request };
      exchange.sentAtMs = performance.now();
      this.#send(exchange.message);
      return;
    }
    this.#underWay.delete(packet.xid);
    const before = this.held.get(device);
    if (type !== MessageType.ack) {
      this.faults.push(`${wish} of device ${device}: a NAK, not ${before}`);
    } else if (wish !== "bind" && before !== undefined && before !== address) {
      this.faults.push(`${wish} of device ${device}: ${address}, not ${before}`);
    } else {
      this.held.set(device, address);
    }
  }
}

/** What a device says of itself, always the same; not every device says everything. */
function identityOf(device: number): ClientMessage {
  const high = (device >>> 8) & 255;
  const low = device & 255;
  return {
    mac: deviceMac(device),
    ...(device % 3 === 0 && { clientId: Uint8Array.of(255, 0, high, low, 0x22, 0x5c, 0) }),
    ...(device % 3 === 1 && { clientId: `client "${device}" \\ ` }),
    ...(device % 4 === 0 && { hostname: `device-${device}` }),
    ...(device % 5 !== 0 && { vendorClass: `docsis3.0:0524${device}` }),
    relayAgent: [1, 4, 0, 0, 0, device % 7, 2, 6, 2, 0x10, 0, 0, high, low, 9, 2, 0x41, 0x42],
  };
}

function number(address: string): number {
  const value = parseIpv4(address);
  if (value === undefined) throw new Error(`${address} is no address`);
  return value;
}
