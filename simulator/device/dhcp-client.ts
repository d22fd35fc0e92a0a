import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import type { MessageShape } from "../../scenarios/population/captured-persona.ts";
import type { Population } from "../../scenarios/population/population.ts";
import type { Shard } from "../../scenarios/population/shard.ts";
import type { DeviceRandom } from "./device-random.ts";
import {
  DeviceState,
  type DeviceTable,
  ROW_BYTES,
  ROW_DOUBLES,
  ROW_WORDS,
} from "./device-table.ts";
import type { DeviceTimers } from "./device-timers.ts";
import type {
  DhcpExchange,
  ExchangeOrigin,
  FailureReason,
  FleetSink,
  StartResult,
  SurrenderReason,
} from "./exchange.ts";
import { leaseTimesOf } from "./lease-times.ts";
import type { Outbox } from "./outbox.ts";
import type { Behaviour } from "./persona/behaviours.ts";
import { foreignAddressOf } from "./persona/foreign-address.ts";
import type { Personas } from "./persona/personas.ts";
import type { Reply } from "./reply.ts";
import type { RetryPolicy } from "./retry-policy.ts";

interface DhcpClientContext {
  readonly population: Population;
  readonly shard: Shard;
  readonly table: DeviceTable;
  readonly timers: DeviceTimers;
  readonly random: DeviceRandom;
  readonly outbox: Outbox;
  readonly sink: FleetSink;
  readonly retransmit: RetryPolicy;
  readonly ownTimers: boolean;
  readonly personas: Personas;
}

/** The message that a device repeats in a state, by number of the state. */
const shapeInState: readonly (MessageShape | undefined)[] = [
  undefined,
  "discover",
  "request-selecting",
  undefined,
  "request-extending",
  "request-extending",
  "request-rebooting",
];

const COUNTED_MAX = 255;
const RESTARTS_MAX = 3;
// Shorter than the ten seconds of RFC 2131 section 3.1: a device that declines in a loop is impatient.
const DECLINE_LOOP_MS_FIRST = 1000;

/**
 * The client of RFC 2131 section 4.4 and figure 5, for all devices of a table. Every method takes the
 * device's local number. A device has at most one exchange at a time, and one timer.
 */
export class DhcpClient {
  readonly #context: DhcpClientContext;
  readonly #table: DeviceTable;

  constructor(context: DhcpClientContext) {
    this.#context = context;
    this.#table = context.table;
  }

  start(local: number, kind: DhcpExchange, intendedAtMs: number, nowMs: number): StartResult {
    const table = this.#table;
    if (table.exchange(local) !== undefined) return "busy";
    if (kind !== "discover" && table.state(local) !== DeviceState.bound) return "not-bound";
    const isExtension = kind === "renew" || kind === "rebind";
    if (isExtension && !this.#behaviourOf(local).renews) return "not-bound";
    this.#begin(local, kind, "scenario", intendedAtMs, nowMs);
    return "started";
  }

  /** Forgets everything and sends nothing, as in a power cut. */
  powerOff(local: number, nowMs: number): void {
    this.#fail(local, "abandoned", nowMs);
    if (this.#table.address[local * ROW_WORDS] !== 0) this.#surrender(local, "restarted", nowMs);
    this.#table.setState(local, DeviceState.init);
    this.#context.timers.cancel(local);
  }

  /** Gives the address back because another host uses it (RFC 2131 section 3.1, item 5). */
  decline(local: number, nowMs: number): StartResult {
    const table = this.#table;
    if (table.address[local * ROW_WORDS] === 0) return "not-bound";
    this.#fail(local, "abandoned", nowMs);
    table.requested[local * ROW_WORDS] = table.address[local * ROW_WORDS];
    table.xid[local * ROW_WORDS] = this.#context.random(local);
    this.#send(local, "decline", nowMs);
    this.#surrender(local, "declined", nowMs);
    this.#context.timers.awaitRestartAfterDecline(local, nowMs);
    return "started";
  }

  /** The device's timer ran out. */
  timeOut(local: number, nowMs: number): void {
    const table = this.#table;
    if (table.address[local * ROW_WORDS] !== 0 && nowMs >= table.expiryAtMs(local)) {
      this.#expire(local, nowMs);
      return;
    }
    const state = table.state(local);
    const isPastT2 = table.address[local * ROW_WORDS] !== 0 && nowMs >= table.rebindingAtMs(local);
    if (state === DeviceState.init) {
      this.#acquire(local, nowMs);
    } else if (state === DeviceState.bound) {
      if (isPastT2) this.#reachT2(local, nowMs);
      this.#begin(local, isPastT2 ? "rebind" : "renew", "device", nowMs, nowMs);
    } else if (state === DeviceState.renewing && isPastT2) {
      this.#countRepetition(local);
      this.#reachT2(local, nowMs);
      this.#request(local, DeviceState.rebinding, nowMs);
    } else {
      this.#repeat(local, nowMs);
    }
  }

  /**
   * A reply to the device's current transaction id. False when the device does not wait for such a
   * message, and nothing changed.
   */
  receive(local: number, packet: Reply, nowMs: number, receivedAtMs: number): boolean {
    const state = this.#table.state(local);
    const awaitsVerdict = state >= DeviceState.requesting && state !== DeviceState.bound;
    switch (packet.options.getUInt8(OptionCode.messageType)) {
      case MessageType.offer:
        if (state !== DeviceState.selecting) return false;
        this.#takeOffer(local, packet, nowMs);
        return true;
      case MessageType.ack:
        if (!awaitsVerdict) return false;
        this.#takeAck(local, packet, nowMs, receivedAtMs);
        return true;
      case MessageType.nak:
        if (!awaitsVerdict) return false;
        this.#takeNak(local, nowMs);
        return true;
      default:
        return false;
    }
  }

  #begin(
    local: number,
    kind: DhcpExchange,
    origin: ExchangeOrigin,
    intendedAtMs: number,
    nowMs: number,
  ): void {
    const table = this.#table;
    table.beginExchange(local, kind, origin, intendedAtMs, nowMs);
    switch (kind) {
      case "discover":
        if (table.address[local * ROW_WORDS] !== 0) this.#surrender(local, "restarted", nowMs);
        this.#boot(local, nowMs);
        return;
      case "renew":
        this.#request(local, DeviceState.renewing, nowMs);
        return;
      case "rebind":
        this.#request(local, DeviceState.rebinding, nowMs);
        return;
      case "reboot":
        table.requested[local * ROW_WORDS] = table.address[local * ROW_WORDS];
        this.#request(local, DeviceState.rebooting, nowMs);
        return;
      case "release":
        table.xid[local * ROW_WORDS] = this.#context.random(local);
        this.#send(local, "release", nowMs);
        this.#complete(local, nowMs);
        this.#surrender(local, "released", nowMs);
    }
  }

  #boot(local: number, nowMs: number): void {
    const { population, personas } = this.#context;
    personas.boot(local);
    if (!this.#behaviourOf(local).asksForForeignAddress) {
      this.#discover(local, nowMs);
      return;
    }
    const foreign = foreignAddressOf(population, this.#deviceOf(local));
    this.#table.requested[local * ROW_WORDS] = foreign;
    this.#request(local, DeviceState.rebooting, nowMs);
  }

  #acquire(local: number, nowMs: number): void {
    if (this.#table.exchange(local) === undefined) {
      this.#table.beginExchange(local, "discover", "device", nowMs, nowMs);
    }
    this.#discover(local, nowMs);
  }

  /** Sends the first DISCOVER of an attempt, with a new transaction id. */
  #discover(local: number, nowMs: number): void {
    this.#table.xid[local * ROW_WORDS] = this.#context.random(local);
    this.#sendFirst(local, DeviceState.selecting, "discover", nowMs);
  }

  /** Sends the first REQUEST in a state. After an OFFER it keeps the OFFER's transaction id. */
  #request(local: number, state: number, nowMs: number): void {
    if (state !== DeviceState.requesting) {
      this.#table.xid[local * ROW_WORDS] = this.#context.random(local);
    }
    const shape = shapeInState[state];
    if (shape !== undefined) this.#sendFirst(local, state, shape, nowMs);
  }

  #sendFirst(local: number, state: number, shape: MessageShape, nowMs: number): void {
    const table = this.#table;
    table.setState(local, state);
    table.attempt[local * ROW_BYTES] = 0;
    // A lease counts from the first copy of its REQUEST, because the server may have taken that one.
    table.requestSentAtMs[local * ROW_DOUBLES] = nowMs;
    this.#send(local, shape, nowMs);
    this.#awaitReply(local, nowMs);
  }

  #awaitReply(local: number, nowMs: number): void {
    this.#context.timers.awaitReply(local, nowMs, this.#behaviourOf(local).retransmitMs);
  }

  #takeOffer(local: number, packet: Reply, nowMs: number): void {
    const table = this.#table;
    const server = packet.options.getUInt32(OptionCode.serverIdentifier);
    if (server === undefined || packet.yiaddr === 0) {
      this.#context.sink.anomaly("option-missing", this.#deviceOf(local), packet.yiaddr, nowMs);
      return;
    }
    table.server[local * ROW_WORDS] = server;
    table.requested[local * ROW_WORDS] = packet.yiaddr;
    this.#request(local, DeviceState.requesting, nowMs);
  }

  #takeAck(local: number, packet: Reply, nowMs: number, receivedAtMs: number): void {
    const table = this.#table;
    const { sink } = this.#context;
    const device = this.#deviceOf(local);
    const times = leaseTimesOf(packet);
    if (times === undefined || packet.yiaddr === 0) {
      sink.anomaly("option-missing", device, packet.yiaddr, nowMs);
      return;
    }
    this.#checkAddress(local, packet.yiaddr, nowMs);
    table.address[local * ROW_WORDS] = packet.yiaddr;
    // A server that answers a rebinding is the one to renew with from then on.
    const server = packet.options.getUInt32(OptionCode.serverIdentifier);
    if (server !== undefined) table.server[local * ROW_WORDS] = server;
    table.leaseSeconds[local * ROW_WORDS] = times.leaseSeconds;
    table.renewalSeconds[local * ROW_WORDS] = times.renewalSeconds;
    table.rebindingSeconds[local * ROW_WORDS] = times.rebindingSeconds;
    table.leaseStartMs[local * ROW_DOUBLES] = table.requestSentAtMs[local * ROW_DOUBLES];
    sink.acknowledged({
      device,
      address: packet.yiaddr,
      leaseSeconds: times.leaseSeconds,
      leaseStartMs: table.leaseStartMs[local * ROW_DOUBLES],
      receivedAtMs,
      packet,
    });
    const { declinesMax, requestsAfterAck } = this.#behaviourOf(local);
    if (this.#context.personas.declinesOf(local) < declinesMax && this.#isAcquiring(local)) {
      this.#declineAndGoOn(local, nowMs);
      return;
    }
    const acknowledged = shapeInState[table.state(local)];
    this.#complete(local, receivedAtMs);
    this.#settle(local, nowMs);
    if (acknowledged === undefined) return;
    for (let copy = 0; copy < requestsAfterAck; copy += 1) this.#send(local, acknowledged, nowMs);
  }

  #isAcquiring(local: number): boolean {
    return this.#table.exchange(local) === "discover";
  }

  /** The acquisition goes on with another address, after a wait that doubles each time. */
  #declineAndGoOn(local: number, nowMs: number): void {
    const table = this.#table;
    const { personas, random, timers } = this.#context;
    const waitMs = DECLINE_LOOP_MS_FIRST * 2 ** personas.declinesOf(local);
    table.requested[local * ROW_WORDS] = table.address[local * ROW_WORDS];
    table.xid[local * ROW_WORDS] = random(local);
    this.#send(local, "decline", nowMs);
    personas.count(local, "declines");
    this.#surrender(local, "declined", nowMs);
    timers.awaitNextTry(local, nowMs, waitMs);
  }

  #checkAddress(local: number, address: number, nowMs: number): void {
    const table = this.#table;
    const { population, sink } = this.#context;
    const device = this.#deviceOf(local);
    const isExtending = table.isExtending(local);
    const expected = isExtending
      ? table.address[local * ROW_WORDS]
      : table.requested[local * ROW_WORDS];
    if (address !== expected) {
      const kind = isExtending ? "address-changed" : "never-offered";
      sink.anomaly(kind, device, address, nowMs);
    }
    if (population.cmtsOfAddress(address) !== population.cmtsOf(device)) {
      sink.anomaly("address-outside-network", device, address, nowMs);
    }
  }

  #takeNak(local: number, nowMs: number): void {
    const table = this.#table;
    const { sink, retransmit, timers } = this.#context;
    const device = this.#deviceOf(local);
    const kind = table.exchange(local);
    if (kind !== undefined) sink.refused(device, kind);
    this.#context.personas.count(local, "naks");
    const isLeaseRunning =
      table.address[local * ROW_WORDS] !== 0 && nowMs < table.expiryAtMs(local);
    if (isLeaseRunning) {
      sink.anomaly("nak-unexpected", device, table.address[local * ROW_WORDS], nowMs);
    }
    if (this.#behaviourOf(local).ignoresNak) return;
    if (table.address[local * ROW_WORDS] !== 0) {
      this.#fail(local, "nak", nowMs);
      this.#surrender(local, "nak", nowMs);
    } else {
      // The offer is gone, so the same exchange starts over (RFC 2131 section 3.1, item 4).
      table.setState(local, DeviceState.init);
      const mayRestart =
        table.restarts[local * ROW_BYTES] < (retransmit.restartsMax ?? RESTARTS_MAX) ||
        this.#neverFails(local);
      if (mayRestart) this.#countRestart(local);
      else this.#fail(local, "nak", nowMs);
    }
    timers.awaitRestart(local, nowMs);
  }

  /** Sends the message once more, or gives up after the policy's last transmission. */
  #repeat(local: number, nowMs: number): void {
    const table = this.#table;
    const shape = shapeInState[table.state(local)];
    if (shape === undefined) return;
    const isLast =
      table.attempt[local * ROW_BYTES] + 1 >= this.#context.retransmit.transmissionsMax;
    if (isLast && !table.extendsByItself(local)) {
      this.#giveUp(local, nowMs);
      return;
    }
    countUp(table.attempt, local);
    this.#countRepetition(local);
    this.#send(local, shape, nowMs);
    this.#awaitReply(local, nowMs);
  }

  #giveUp(local: number, nowMs: number): void {
    const table = this.#table;
    if (table.address[local * ROW_WORDS] !== 0) {
      // Renewing, rebinding or rebooting (RFC 2131 section 3.2, item 3): the lease is good until it ends.
      this.#fail(local, "timeout", nowMs);
      this.#settle(local, nowMs);
    } else if (this.#neverFails(local) || table.state(local) === DeviceState.rebooting) {
      this.#countRestart(local);
      this.#countRepetition(local);
      this.#discover(local, nowMs);
    } else {
      this.#fail(local, "timeout", nowMs);
      table.setState(local, DeviceState.init);
    }
  }

  #expire(local: number, nowMs: number): void {
    this.#fail(local, "expired", nowMs);
    this.#surrender(local, "expired", nowMs);
    if (this.#context.ownTimers) this.#acquire(local, nowMs);
  }

  #settle(local: number, nowMs: number): void {
    this.#table.setState(local, DeviceState.bound);
    this.#context.timers.awaitLease(local, nowMs, this.#behaviourOf(local).renews);
  }

  #neverFails(local: number): boolean {
    return this.#context.retransmit.persistent || this.#table.origin(local) === "device";
  }

  #reachT2(local: number, nowMs: number): void {
    this.#context.sink.reachedT2?.(this.#deviceOf(local), nowMs);
  }

  #countRestart(local: number): void {
    countUp(this.#table.restarts, local);
  }

  #countRepetition(local: number): void {
    const kind = this.#table.exchange(local);
    if (kind !== undefined) {
      const intendedAtMs = this.#table.intendedAtMs[local * ROW_DOUBLES];
      this.#context.sink.retransmitted(this.#deviceOf(local), kind, intendedAtMs);
    }
    this.#context.personas.count(local, "retransmissions");
  }

  #complete(local: number, receivedAtMs: number): void {
    const table = this.#table;
    const kind = table.exchange(local);
    if (kind === undefined) return;
    this.#context.personas.count(local, "completed");
    this.#context.sink.completed({
      device: this.#deviceOf(local),
      kind,
      origin: table.origin(local),
      intendedAtMs: table.intendedAtMs[local * ROW_DOUBLES],
      sentAtMs: table.startedAtMs[local * ROW_DOUBLES],
      receivedAtMs,
    });
    table.endExchange(local);
  }

  #fail(local: number, reason: FailureReason, failedAtMs: number): void {
    const table = this.#table;
    const kind = table.exchange(local);
    if (kind === undefined) return;
    if (reason === "timeout") this.#context.personas.count(local, "timeouts");
    this.#context.sink.failed({
      device: this.#deviceOf(local),
      kind,
      origin: table.origin(local),
      reason,
      intendedAtMs: table.intendedAtMs[local * ROW_DOUBLES],
      failedAtMs,
    });
    table.endExchange(local);
  }

  #surrender(local: number, reason: SurrenderReason, atMs: number): void {
    const table = this.#table;
    this.#context.sink.surrendered(
      this.#deviceOf(local),
      table.address[local * ROW_WORDS],
      reason,
      atMs,
    );
    table.address[local * ROW_WORDS] = 0;
    table.setState(local, DeviceState.init);
    this.#context.timers.cancel(local);
  }

  #send(local: number, shape: MessageShape, nowMs: number): void {
    this.#context.outbox.send(this.#deviceOf(local), local, shape, nowMs);
  }

  #behaviourOf(local: number): Behaviour {
    return this.#context.personas.behaviourOf(local);
  }

  #deviceOf(local: number): number {
    return this.#context.shard.deviceOf(local);
  }
}

function countUp(column: Uint8Array, local: number): void {
  column[local * ROW_BYTES] = Math.min(column[local * ROW_BYTES] + 1, COUNTED_MAX);
}
