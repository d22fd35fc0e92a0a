import { TimerWheel } from "../../base/timer-wheel.ts";
import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import { BootOperation } from "../../protocol/dhcp/packet.ts";
import type { PersonaRoll } from "../../scenarios/population/personas.ts";
import type { Population } from "../../scenarios/population/population.ts";
import { Shard } from "../../scenarios/population/shard.ts";
import { deviceRandom } from "../device/device-random.ts";
import {
  DeviceState,
  type DeviceStateName,
  DeviceTable,
  deviceStates,
  ROW_BYTES,
  ROW_DOUBLES,
  ROW_WORDS,
} from "../device/device-table.ts";
import { DeviceTimers } from "../device/device-timers.ts";
import { DhcpClient } from "../device/dhcp-client.ts";
import type { DhcpExchange, FleetSink, StartResult } from "../device/exchange.ts";
import { Outbox } from "../device/outbox.ts";
import { type PersonaCounts, Personas } from "../device/persona/personas.ts";
import type { Reply } from "../device/reply.ts";
import { type RetryPolicy, rfc2131Retry } from "../device/retry-policy.ts";
import { Twins } from "../device/twins.ts";
import { RelayAgents, type ServerAddress } from "../relay/cmts.ts";

export interface FleetPlan {
  readonly population: Population;
  /** Which share of the population this fleet plays; all of it when left out. */
  readonly shard?: { readonly index: number; readonly count: number };
  /** Decides transaction ids and jitter; the same devices draw the same numbers in any shard. */
  readonly seed: number;
  /** Where the relays forward to: every server gets a copy. */
  readonly servers: readonly ServerAddress[];
  readonly retransmit?: RetryPolicy;
  /** Whether devices act on their own timers: T1, T2, expiry, a new start after a NAK. */
  readonly ownTimers?: boolean;
  /** The time now, on the scale of every `nowMs` that follows. */
  readonly startMs: number;
  /** Resolution of all timers, 1 ms when left out. */
  readonly tickMs?: number;
  /** The devices with a persona; none when left out. */
  readonly personas?: PersonaRoll | undefined;
}

/**
 * All devices of one worker: routes every start, reply and timer to its device. Nothing is asynchronous, and
 * nothing is stored beyond the columns of the device table. Packets and news go to the sink while a call
 * runs.
 */
export class Fleet {
  readonly population: Population;
  /** Replies that no device acted upon, by reason. */
  readonly ignored = {
    /** Not a BOOTREPLY, or for the hardware address of no device here. */
    notOurs: 0,
    /** At another relay or address than the device's. */
    wrongPath: 0,
    /** For a transaction that is over: a late answer to an earlier attempt. */
    staleTransaction: 0,
    /** For the right transaction, but the device does not wait for it: a duplicate, a second offer. */
    unexpected: 0,
  };
  readonly #shard: Shard;
  readonly #table: DeviceTable;
  readonly #timers: TimerWheel;
  readonly #relays: RelayAgents;
  readonly #client: DhcpClient;
  readonly #sink: FleetSink;
  readonly #personas: Personas;
  readonly #twins: Twins;
  #nowMs: number;
  // One function for the life of the fleet instead of one a tick.
  readonly #onDue = (local: number): void => this.#client.timeOut(local, this.#nowMs);

  /** Throws RangeError for an impossible plan. */
  constructor(plan: FleetPlan, sink: FleetSink) {
    this.population = plan.population;
    this.#shard = new Shard(plan.population, plan.shard?.index ?? 0, plan.shard?.count ?? 1);
    this.#table = new DeviceTable(this.#shard.size);
    this.#timers = new TimerWheel(Math.max(1, this.#shard.size), plan.tickMs ?? 1, plan.startMs);
    this.#relays = new RelayAgents(plan.population, plan.servers, sink);
    this.#sink = sink;
    this.#nowMs = plan.startMs;
    const table = this.#table;
    const retransmit = plan.retransmit ?? rfc2131Retry;
    const ownTimers = plan.ownTimers ?? true;
    const random = deviceRandom(plan.seed, this.#shard, table);
    const personas = new Personas(plan.personas, this.#shard);
    this.#personas = personas;
    const outbox = new Outbox(plan.population, table, this.#relays, plan.servers, sink, personas);
    const { population } = plan;
    this.#twins = new Twins({ population, outbox, relays: this.#relays, sink, personas });
    this.#client = new DhcpClient({
      population: plan.population,
      shard: this.#shard,
      table,
      timers: new DeviceTimers(this.#timers, table, random, { retransmit, ownTimers }),
      random,
      outbox,
      personas,
      sink,
      retransmit,
      ownTimers,
    });
  }

  /** Devices in this fleet. */
  get size(): number {
    return this.#shard.size;
  }

  /** Whether a device of the population is in this fleet. */
  owns(device: number): boolean {
    return this.#shard.localOf(device) >= 0;
  }

  /** The population's number of this fleet's device 0, 1, 2, ... `size` - 1. */
  deviceAt(index: number): number {
    return this.#shard.deviceOf(index);
  }

  /**
   * Tells a device to begin an exchange that was wanted at `intendedAtMs`. "busy": it is in one
   * already; "not-bound": the exchange needs a lease and the device has none. Neither sends anything.
   */
  start(device: number, kind: DhcpExchange, intendedAtMs: number, nowMs: number): StartResult {
    return this.#client.start(this.#localOf(device), kind, intendedAtMs, nowMs);
  }

  /** A power cut: the device forgets its lease, stops, and says nothing to the server. */
  powerOff(device: number, nowMs: number): void {
    this.#client.powerOff(this.#localOf(device), nowMs);
  }

  /** Tells a device that another host uses its address: it declines (RFC 2131 section 3.1, 5). */
  conflict(device: number, nowMs: number): StartResult {
    return this.#client.decline(this.#localOf(device), nowMs);
  }

  /** A reply that arrived at a relay: `destination` is the relay address it was sent to. */
  receiveAtRelay(packet: Reply, destination: number, nowMs: number, receivedAtMs: number): void {
    const device = this.#deviceOf(packet);
    if (device < 0) return;
    const local = this.#shard.localOf(device);
    if (this.#twins.isFor(device, local, destination)) {
      const isTaken =
        this.#table.xid[local * ROW_WORDS] === packet.xid &&
        this.#twins.receive(device, local, packet, nowMs, receivedAtMs);
      if (!isTaken) this.ignored.unexpected += 1;
      return;
    }
    const verdict = this.#relays.judge(device, packet, destination);
    if (verdict === "not-for-us") {
      this.ignored.wrongPath += 1;
      return;
    }
    if (verdict === "not-echoed") {
      this.#sink.anomaly("relay-information-not-echoed", device, packet.yiaddr, nowMs);
    }
    this.#deliver(device, packet, nowMs, receivedAtMs);
  }

  /** A reply that was sent to a device's own address, `destination`. */
  receiveAtDevice(packet: Reply, destination: number, nowMs: number, receivedAtMs: number): void {
    const device = this.#deviceOf(packet);
    if (device < 0) return;
    if (this.#table.address[this.#shard.localOf(device) * ROW_WORDS] !== destination) {
      this.ignored.wrongPath += 1;
      return;
    }
    this.#deliver(device, packet, nowMs, receivedAtMs);
  }

  /** Lets everything happen that is due at `nowMs`. Call it at `nextDueMs`, or every tick. */
  advance(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#timers.advance(nowMs, this.#onDue);
  }

  /** When something is due next; undefined when no timer runs. May be early, never late. */
  nextDueMs(): number | undefined {
    return this.#timers.nextDueMs();
  }

  stateOf(device: number): DeviceStateName {
    return deviceStates[this.#table.state(this.#localOf(device))];
  }

  /** Number of the latest copy of the message that waits for an answer: 1 is the first. */
  transmissionOf(device: number): number {
    return this.#table.attempt[this.#localOf(device) * ROW_BYTES] + 1;
  }

  /** The address that the device has a lease for, 0 without one. */
  addressOf(device: number): number {
    return this.#table.address[this.#localOf(device) * ROW_WORDS];
  }

  /** When the lease ends; infinity for one without end, 0 without a lease. */
  leaseEndsAtMs(device: number): number {
    const local = this.#localOf(device);
    return this.#table.address[local * ROW_WORDS] === 0 ? 0 : this.#table.expiryAtMs(local);
  }

  /** The exchange that the device is in; undefined when it is in none. */
  exchangeOf(device: number): DhcpExchange | undefined {
    return this.#table.exchange(this.#localOf(device));
  }

  countIn(state: DeviceStateName): number {
    return this.#table.countInState(DeviceState[state]);
  }

  /** Devices with a lease that they may use: bound, renewing or rebinding. */
  get bound(): number {
    return this.countIn("bound") + this.countIn("renewing") + this.countIn("rebinding");
  }

  /** Counts for devices with a persona, by share of the roll. */
  personaCounts(): readonly PersonaCounts[] {
    return this.#personas.report((local) => this.#table.address[local * ROW_WORDS] !== 0);
  }

  #localOf(device: number): number {
    const local = this.#shard.localOf(device);
    if (local < 0) throw new RangeError(`device ${device} is not in this fleet`);
    return local;
  }

  #deviceOf(packet: Reply): number {
    const device =
      packet.op === BootOperation.reply ? this.population.deviceOfMac(packet.chaddr) : -1;
    if (device >= 0 && this.#shard.localOf(device) >= 0) return device;
    this.ignored.notOurs += 1;
    return -1;
  }

  #deliver(device: number, packet: Reply, nowMs: number, receivedAtMs: number): void {
    const local = this.#shard.localOf(device);
    if (this.#table.xid[local * ROW_WORDS] !== packet.xid) {
      this.ignored.staleTransaction += 1;
    } else if (!this.#client.receive(local, packet, nowMs, receivedAtMs)) {
      this.ignored.unexpected += 1;
      this.#noteSecondAck(local, packet, receivedAtMs);
    }
  }

  /** The transaction is the device's present one, so the ACK is for its REQUEST. */
  #noteSecondAck(local: number, packet: Reply, receivedAtMs: number): void {
    if (packet.options.getUInt8(OptionCode.messageType) !== MessageType.ack) return;
    const sentAtMs = this.#table.requestSentAtMs[local * ROW_DOUBLES];
    this.#sink.acknowledgedAgain?.(packet, sentAtMs, receivedAtMs);
  }
}
