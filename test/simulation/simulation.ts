import { VirtualClock } from "../../base/virtual-clock.testing.ts";
import { bytesEqual } from "../../protocol/bytes.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { type DhcpPacket, decodePacket, messageType } from "../../protocol/dhcp/packet.ts";
import { Population } from "../../scenarios/population/population.ts";
import type {
  Acknowledgement,
  AnomalyKind,
  CompletedExchange,
  DhcpExchange,
  FailedExchange,
  FleetSink,
  SurrenderReason,
} from "../../simulator/device/exchange.ts";
import { rfc2131Retry } from "../../simulator/device/retry-policy.ts";
import {
  SafetyChecker,
  SafetyLog,
  type SafetySummary,
} from "../../simulator/measure/safety-checker.ts";
import { PACKET_BYTES_MAX } from "../../simulator/relay/cmts.ts";
import { Fleet } from "../../simulator/worker/fleet.ts";
import { Digest } from "./digest.ts";
import { EventQueue } from "./event-queue.ts";
import { LossyLink } from "./lossy-link.ts";
import {
  buildConfig,
  type Incident,
  SERVER_ADDRESS,
  SERVER_PORT,
  type SimulationPlan,
  schedule,
} from "./plan.ts";
import { VirtualServer } from "./virtual-server.ts";

/** Tue 2026-11-24 00:00:00 UTC, and not on a full second: clocks do not start together. */
const WALL_MS_AT_START = 1_795_478_400_250;
/** A crash that waits for a commit waits this long. */
const CRASH_WAIT_MS_MAX = 60_000;
/** Seconds by which a record may end before what the ACK promised: the ACK left after its commit. */
const COMMIT_SECONDS_MAX = 2;

type Event =
  | Incident
  | { readonly kind: "to-server"; readonly bytes: Uint8Array }
  | { readonly kind: "to-relay" | "to-device"; readonly bytes: Uint8Array; readonly to: number }
  | { readonly kind: "restart" };

export interface SimulationResult {
  readonly seed: number;
  readonly digest: string;
  readonly safety: SafetySummary;
  /** ACKs that left the server before the disk had their lease. */
  readonly acknowledgedBeforeDurable: number;
  /** Leases that devices had been acknowledged and a restarted server did not know. */
  readonly leasesMissingAfterRestart: number;
  readonly completed: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  readonly surrendered: Readonly<Record<string, number>>;
  readonly retransmissions: number;
  readonly refusals: number;
  readonly bound: number;
  readonly link: LossyLink["counters"];
  readonly server: VirtualServer["counters"];
}

/**
 * A whole access network in virtual time: devices, relays, a network that fails them, and a server
 * that crashes. One seed decides everything, and nothing else does.
 */
export class Simulation implements FleetSink {
  readonly #plan: SimulationPlan;
  readonly #population: Population;
  readonly #clock = new VirtualClock(WALL_MS_AT_START);
  readonly #queue = new EventQueue<Event>();
  readonly #link: LossyLink;
  readonly #server: VirtualServer;
  readonly #fleet: Fleet;
  readonly #log = new SafetyLog();
  readonly #checker: SafetyChecker;
  readonly #digest = new Digest();
  readonly #relayBuffer = new Uint8Array(PACKET_BYTES_MAX);
  readonly #deviceBuffer = new Uint8Array(PACKET_BYTES_MAX);
  readonly #completed: Record<string, number> = {};
  readonly #failed: Record<string, number> = {};
  readonly #surrendered: Record<string, number> = {};
  #retransmissions = 0;
  #refusals = 0;
  #acknowledgedBeforeDurable = 0;
  #leasesMissingAfterRestart = 0;
  // A crash that waits for the next commit: its incident and its last moment.
  #crash: { readonly downMs: number; readonly latestMs: number } | undefined;

  constructor(plan: SimulationPlan) {
    this.#plan = plan;
    this.#population = new Population(plan.population);
    this.#checker = new SafetyChecker(this.#population);
    this.#link = new LossyLink(plan.link, plan.seed, 2);
    this.#server = new VirtualServer({
      config: buildConfig(this.#population, plan.leaseSeconds),
      clock: this.#clock,
      seed: plan.seed,
      address: SERVER_ADDRESS,
      port: SERVER_PORT,
      defect: plan.defect,
      send: (bytes, destination, isRelay) => this.#fromServer(bytes, destination, isRelay),
    });
    this.#fleet = new Fleet(
      {
        population: this.#population,
        seed: plan.seed,
        servers: [{ address: SERVER_ADDRESS, port: SERVER_PORT }],
        retransmit: { ...rfc2131Retry, persistent: true },
        startMs: this.#clock.monotonicMs(),
      },
      this,
    );
    for (const { atMs, incident } of schedule(plan, this.#population)) {
      this.#queue.push(atMs, incident);
    }
  }

  /** Plays the whole plan; the safety rules are looked at after every step. */
  run(): SimulationResult {
    const endMs = this.#plan.hours * 3_600_000;
    for (;;) {
      const nextMs = this.#nextMs();
      if (nextMs > endMs) break;
      this.#step(nextMs);
    }
    return this.#result();
  }

  #nextMs(): number {
    const crashMs = this.#crash?.latestMs ?? Number.POSITIVE_INFINITY;
    const timerMs = this.#fleet.nextDueMs() ?? Number.POSITIVE_INFINITY;
    return Math.min(this.#queue.nextMs, timerMs, this.#server.nextDueMs(), crashMs);
  }

  #step(atMs: number): void {
    // A timer wheel may name a moment a fraction too early; time never steps back for it.
    this.#clock.advance(Math.max(0, atMs - this.#clock.monotonicMs()));
    const nowMs = this.#clock.monotonicMs();
    while (this.#queue.nextMs <= nowMs) {
      const event = this.#queue.pop();
      if (event !== undefined) this.#happen(event, nowMs);
    }
    this.#fleet.advance(nowMs);
    this.#crashIfDue(nowMs);
    this.#server.advance();
    if (this.#log.count > 0) {
      this.#checker.add(this.#log.take());
      this.#checker.settle(nowMs);
    }
  }

  #happen(event: Event, nowMs: number): void {
    switch (event.kind) {
      case "to-server":
        this.#server.receive(event.bytes);
        return;
      case "to-relay":
        this.#fleet.receiveAtRelay(decodePacket(event.bytes), event.to, nowMs, nowMs);
        return;
      case "to-device":
        this.#fleet.receiveAtDevice(decodePacket(event.bytes), event.to, nowMs, nowMs);
        return;
      case "start":
        this.#fleet.start(event.device, event.exchange, nowMs, nowMs);
        return;
      case "power-cycle":
        this.#fleet.powerOff(event.device, nowMs);
        return;
      case "conflict":
        this.#fleet.conflict(event.device, nowMs);
        return;
      case "crash": {
        const latestMs = event.inCommit ? nowMs + CRASH_WAIT_MS_MAX : nowMs;
        if (this.#server.isUp) this.#crash ??= { downMs: event.downMs, latestMs };
        return;
      }
      case "restart":
        this.#server.restart();
        this.#auditAfterRestart(nowMs);
    }
  }

  #crashIfDue(nowMs: number): void {
    const crash = this.#crash;
    if (crash === undefined) return;
    if (nowMs < crash.latestMs && !this.#server.isCommitting) return;
    this.#crash = undefined;
    this.#server.crash();
    this.#queue.push(nowMs + crash.downMs, { kind: "restart" });
  }

  /** After any crash every acknowledged lease is there, with its client and its full time. */
  #auditAfterRestart(nowMs: number): void {
    const { leases } = this.#server;
    this.#checker.forEachLease(nowMs, (device, address, untilMs) => {
      const index = leases.indexOf(address);
      const isThere =
        index >= 0 &&
        leases.isActive(index) &&
        leases.hasHardware(index, { type: 1, address: this.#population.macOf(device) }) &&
        leases.endsAt(index) >= Math.floor((WALL_MS_AT_START + untilMs) / 1000);
      if (!isThere) this.#leasesMissingAfterRestart += 1;
    });
  }

  #fromServer(bytes: Uint8Array, to: number, isRelay: boolean): void {
    const packet = decodePacket(bytes);
    this.#digest.add(4, this.#clock.monotonicMs(), packet.xid, packet.yiaddr);
    if (messageType(packet) === MessageType.ack && !this.#isDurable(packet)) {
      this.#acknowledgedBeforeDurable += 1;
    }
    const kind = isRelay ? "to-relay" : "to-device";
    this.#link.carry(this.#clock.monotonicMs(), (atMs) =>
      this.#queue.push(atMs, { kind, bytes, to }),
    );
  }

  /** Is what this ACK promises on the disk at the moment it leaves? */
  #isDurable(ack: DhcpPacket): boolean {
    const record = this.#server.store.recordOf(ack.yiaddr);
    const leaseSeconds = ack.options.getUInt32(OptionCode.leaseTime) ?? 0;
    const promised = Math.floor(this.#clock.wallMs() / 1000) + leaseSeconds;
    return (
      record !== undefined &&
      record.bindingState === "active" &&
      record.hardware !== undefined &&
      bytesEqual(record.hardware.address, ack.chaddr) &&
      (record.endsAt === null || record.endsAt >= promised - COMMIT_SECONDS_MAX)
    );
  }

  #toServer(bytes: Uint8Array): void {
    this.#digest.add(5, this.#clock.monotonicMs(), bytes.length);
    this.#link.carry(this.#clock.monotonicMs(), (atMs) =>
      this.#queue.push(atMs, { kind: "to-server", bytes }),
    );
  }

  #result(): SimulationResult {
    return {
      seed: this.#plan.seed,
      digest: this.#digest.toString(),
      safety: this.#checker.summary(),
      acknowledgedBeforeDurable: this.#acknowledgedBeforeDurable,
      leasesMissingAfterRestart: this.#leasesMissingAfterRestart,
      completed: this.#completed,
      failed: this.#failed,
      surrendered: this.#surrendered,
      retransmissions: this.#retransmissions,
      refusals: this.#refusals,
      bound: this.#fleet.bound,
      link: this.#link.counters,
      server: this.#server.counters,
    };
  }

  relayBuffer(): Uint8Array {
    return this.#relayBuffer;
  }

  sendFromRelay(_cmts: number, length: number): void {
    this.#toServer(this.#relayBuffer.slice(0, length));
  }

  deviceBuffer(): Uint8Array {
    return this.#deviceBuffer;
  }

  sendFromDevice(_source: number, length: number): void {
    this.#toServer(this.#deviceBuffer.slice(0, length));
  }

  completed(exchange: CompletedExchange): void {
    count(this.#completed, exchange.kind);
    this.#digest.add(1, exchange.device, exchange.sentAtMs, exchange.receivedAtMs);
  }

  failed(exchange: FailedExchange): void {
    count(this.#failed, `${exchange.kind}: ${exchange.reason}`);
    this.#digest.add(2, exchange.device, exchange.failedAtMs);
  }

  retransmitted(): void {
    this.#retransmissions += 1;
  }

  refused(_device: number, _kind: DhcpExchange): void {
    this.#refusals += 1;
  }

  acknowledged(acknowledgement: Acknowledgement): void {
    this.#log.acknowledged(acknowledgement);
    this.#digest.add(3, acknowledgement.device, acknowledgement.address);
  }

  surrendered(device: number, address: number, reason: SurrenderReason, atMs: number): void {
    this.#log.surrendered(device, address, reason, atMs);
    count(this.#surrendered, reason);
  }

  anomaly(kind: AnomalyKind, device: number, address: number, atMs: number): void {
    this.#log.anomaly(kind, device, address, atMs);
  }
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
