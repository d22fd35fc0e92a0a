import { systemClock } from "../../base/clock.ts";
import { openUdpSocket, type UdpSocket, waitReadable } from "../../base/net/udp-socket.ts";
import { type DhcpPacket, decodePacket, messageType } from "../../protocol/dhcp/packet.ts";
import { formatIpv4 } from "../../protocol/ipv4.ts";
import { formatMac } from "../../protocol/mac.ts";
import type { Population } from "../../scenarios/population/population.ts";
import type { LeaseTable } from "../../server/lease/table/lease-table.ts";
import type {
  Acknowledgement,
  AnomalyKind,
  CompletedExchange,
  DhcpExchange,
  FailedExchange,
  FleetSink,
  SurrenderReason,
} from "../../simulator/device/exchange.ts";
import type { RetryPolicy } from "../../simulator/device/retry-policy.ts";
import {
  SafetyChecker,
  SafetyLog,
  type SafetySummary,
} from "../../simulator/measure/safety-checker.ts";
import { Fleet } from "../../simulator/worker/fleet.ts";

export const loopback = 0x7f00_0001;
const waitMsMax = 90_000;
/** Expected conditions may look into files: not in every turn. */
const lookMsMin = 10;
/** The clock of the leases has whole seconds, and both ends round. */
const clockSlackSeconds = 2;

/** Devices that ask again soon: a test does not wait for the times of RFC 2131. */
export const impatient: RetryPolicy = {
  firstDelayMs: 500,
  maxDelayMs: 2000,
  jitterMs: 200,
  transmissionsMax: 20,
  persistent: true,
  restartsMax: 20,
};

export interface HeadendPlan {
  readonly population: Population;
  readonly seed: number;
  /** Port of the server; relays have the same one, devices the next. */
  readonly port: number;
  readonly retry?: RetryPolicy;
  /** Longest datagram that `sendRaw` can send; 2,048 unless told. */
  readonly datagramBytesMax?: number;
}

/** What a device was promised. */
export interface HeldLease {
  readonly address: number;
  /** Seconds since the epoch. */
  readonly endsAtSeconds: number;
}

/** The relays and devices of a test in this process; keeps what was acknowledged to them. */
export class Headend implements FleetSink {
  readonly population: Population;
  readonly fleet: Fleet;
  /** By device: its last ACK, unless it gave the address back or was told that it has none. */
  readonly leaseOf = new Map<number, HeldLease>();
  /** Replies by message type, for whomever. */
  readonly replies = new Map<number, number>();
  readonly anomalies: string[] = [];
  acknowledgements = 0;
  completions = 0;
  /** Those that took no longer than a second, from when they were meant to begin. */
  promptCompletions = 0;
  refusals = 0;
  retransmissions = 0;
  /** Addresses acknowledged to another device than the one before. */
  handovers = 0;
  /** Messages of devices, with every repetition. */
  sent = 0;
  /** Exchanges that a test began and that are not over. */
  underWay = 0;
  serviceMsLast = 0;
  /** Sees each reply before the fleet does. */
  onReply: (packet: DhcpPacket) => void = () => undefined;
  readonly #port: number;
  readonly #relaySocket: UdpSocket;
  readonly #deviceSocket: UdpSocket;
  readonly #safety = new SafetyLog();
  readonly #checker: SafetyChecker;
  readonly #holderOf = new Map<number, number>();

  static async open(plan: HeadendPlan): Promise<Headend> {
    const { port, datagramBytesMax } = plan;
    const size = datagramBytesMax === undefined ? {} : { datagramBytesMax };
    const relaySocket = await openUdpSocket({ address: 0, port, sharesPort: true, ...size });
    const deviceSocket = await openUdpSocket({ address: 0, port: port + 1, sharesPort: true });
    return new Headend(plan, relaySocket, deviceSocket);
  }

  private constructor(plan: HeadendPlan, relaySocket: UdpSocket, deviceSocket: UdpSocket) {
    const { population, seed, port, retry } = plan;
    this.population = population;
    this.#port = port;
    this.#relaySocket = relaySocket;
    this.#deviceSocket = deviceSocket;
    this.#checker = new SafetyChecker(population);
    this.fleet = new Fleet(
      {
        population,
        seed,
        servers: [{ address: loopback, port }],
        startMs: systemClock.monotonicMs(),
        ownTimers: false,
        ...(retry === undefined ? {} : { retransmit: retry }),
      },
      this,
    );
  }

  close(): void {
    this.#relaySocket.close();
    this.#deviceSocket.close();
  }

  /** Begins an exchange now; false when the device cannot. */
  start(device: number, kind: DhcpExchange): boolean {
    const nowMs = systemClock.monotonicMs();
    this.underWay += 1;
    if (this.fleet.start(device, kind, nowMs, nowMs) === "started") return true;
    this.underWay -= 1;
    return false;
  }

  /** Queues bytes of any kind for the server, as from this address's relay. */
  sendRaw(bytes: Uint8Array, source: number): void {
    this.#relaySocket.slot().set(bytes);
    this.#relaySocket.push(bytes.length, loopback, this.#port, source);
  }

  /** Reads what has arrived and lets due timers run; returns how many datagrams there were. */
  receive(): number {
    const atRelays = this.#relaySocket.receive();
    const relayMs = systemClock.monotonicMs();
    for (let index = 0; index < atRelays; index += 1) {
      const packet = this.#decode(this.#relaySocket.bytes(index));
      const destination = this.#relaySocket.destinationAddress(index) || packet.giaddr;
      this.fleet.receiveAtRelay(packet, destination, relayMs, relayMs);
    }
    const atDevices = this.#deviceSocket.receive();
    const deviceMs = systemClock.monotonicMs();
    for (let index = 0; index < atDevices; index += 1) {
      const packet = this.#decode(this.#deviceSocket.bytes(index));
      const destination = this.#deviceSocket.destinationAddress(index) || packet.ciaddr;
      this.fleet.receiveAtDevice(packet, destination, deviceMs, deviceMs);
    }
    this.fleet.advance(systemClock.monotonicMs());
    return atRelays + atDevices;
  }

  flush(): void {
    this.#relaySocket.flush();
    this.#deviceSocket.flush();
  }

  /** What a server sent before it ended is acknowledged, read or not. */
  drain(): void {
    while (this.receive() > 0);
    this.flush();
  }

  /** Plays until `isOver`; `begin` starts what is due. */
  async play(isOver: (nowMs: number) => boolean, begin: (nowMs: number) => void): Promise<void> {
    const sockets = [this.#relaySocket, this.#deviceSocket];
    for (let nowMs = systemClock.monotonicMs(); !isOver(nowMs); nowMs = systemClock.monotonicMs()) {
      this.receive();
      begin(nowMs);
      this.flush();
      await waitReadable(sockets, 1);
    }
  }

  /** Plays until something is so; fails when that takes too long, and says what it waited for. */
  async playUntil(
    what: string,
    isSo: () => boolean,
    begin: (nowMs: number) => void = () => undefined,
  ): Promise<void> {
    const limitMs = systemClock.monotonicMs() + waitMsMax;
    let lookAtMs = 0;
    await this.play((nowMs) => {
      if (nowMs < lookAtMs) return false;
      lookAtMs = nowMs + lookMsMin;
      if (isSo()) return true;
      if (nowMs > limitMs) throw new Error(`waited ${waitMsMax} ms until ${what}`);
      return false;
    }, begin);
  }

  /** For `play`: starts devices in their order at a rate, whatever the answers are. */
  arrivals(perSecond: number, next: { device: number }): (nowMs: number) => void {
    const startMs = systemClock.monotonicMs();
    const first = next.device;
    return (nowMs) => {
      const due = first + Math.floor(((nowMs - startMs) * perSecond) / 1000);
      for (; next.device < due && next.device < this.population.size; next.device += 1) {
        this.start(next.device, "discover");
      }
    };
  }

  /** For `play`: as many exchanges under way as the window holds, at whatever rate that gives. */
  keepBusy(window: number, next: () => readonly [number, DhcpExchange]): () => void {
    return () => {
      for (let tries = 0; this.underWay < window && tries < window; tries += 1) {
        this.start(...next());
      }
    };
  }

  /** Leases that devices hold by their ACK and that a restarted server would not know, in words. */
  missingLeases(table: LeaseTable): string[] {
    const missing: string[] = [];
    for (const [device, { address, endsAtSeconds }] of this.leaseOf) {
      const index = table.indexOf(address);
      const mac = this.population.macOf(device);
      const isThere = table.isActive(index) && table.hasHardware(index, { type: 1, address: mac });
      const lacksSeconds = endsAtSeconds - table.endsAt(index);
      if (isThere && lacksSeconds <= clockSlackSeconds) continue;
      const found = isThere ? `lacks ${lacksSeconds} s` : `is ${table.stateOf(index)}`;
      missing.push(`${formatIpv4(address)} of ${formatMac(mac)} ${found}`);
    }
    return missing;
  }

  /** The simulator's own judgement of everything that was acknowledged so far. */
  judge(): SafetySummary {
    this.#checker.add(this.#safety.take());
    this.#checker.settle();
    return this.#checker.summary();
  }

  #decode(bytes: Uint8Array): DhcpPacket {
    // A reply that cannot be decoded is thrown: it fails whatever test sees it.
    const packet = decodePacket(bytes);
    const type = messageType(packet);
    this.replies.set(type, this.repliesOf(type) + 1);
    this.onReply(packet);
    return packet;
  }

  repliesOf(type: number): number {
    return this.replies.get(type) ?? 0;
  }

  relayBuffer(): Uint8Array {
    return this.#relaySocket.slot();
  }

  sendFromRelay(cmts: number, length: number, destination: number, port: number): void {
    this.sent += 1;
    this.#relaySocket.push(length, destination, port, this.population.cmts(cmts).giaddr);
  }

  deviceBuffer(): Uint8Array {
    return this.#deviceSocket.slot();
  }

  sendFromDevice(source: number, length: number, destination: number, port: number): void {
    this.sent += 1;
    this.#deviceSocket.push(length, destination, port, source);
  }

  completed({ origin, intendedAtMs, sentAtMs, receivedAtMs }: CompletedExchange): void {
    this.completions += 1;
    if (receivedAtMs - intendedAtMs <= 1000) this.promptCompletions += 1;
    this.serviceMsLast = receivedAtMs - sentAtMs;
    if (origin === "scenario") this.underWay -= 1;
  }

  failed({ origin }: FailedExchange): void {
    if (origin === "scenario") this.underWay -= 1;
  }

  retransmitted(): void {
    this.retransmissions += 1;
  }

  refused(): void {
    this.refusals += 1;
  }

  acknowledged(acknowledgement: Acknowledgement): void {
    const { device, address, leaseSeconds, leaseStartMs, receivedAtMs } = acknowledgement;
    const startSeconds = (systemClock.wallMs() - (receivedAtMs - leaseStartMs)) / 1000;
    this.acknowledgements += 1;
    this.leaseOf.set(device, { address, endsAtSeconds: Math.floor(startSeconds) + leaseSeconds });
    const holder = this.#holderOf.get(address);
    if (holder !== undefined && holder !== device) this.handovers += 1;
    this.#holderOf.set(address, device);
    this.#safety.acknowledged(acknowledgement);
  }

  surrendered(device: number, address: number, reason: SurrenderReason, atMs: number): void {
    if (reason !== "restarted") this.leaseOf.delete(device);
    this.#safety.surrendered(device, address, reason, atMs);
  }

  anomaly(kind: AnomalyKind, device: number, address: number, atMs: number): void {
    this.anomalies.push(`${kind}: device ${device}, ${formatIpv4(address)}`);
    this.#safety.anomaly(kind, device, address, atMs);
  }
}
