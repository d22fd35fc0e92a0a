import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import type { Population } from "../../scenarios/population/population.ts";
import { type RelayAgents, twinCmtsOf } from "../relay/cmts.ts";
import type { FleetSink } from "./exchange.ts";
import { leaseTimesOf } from "./lease-times.ts";
import type { Outbox } from "./outbox.ts";
import type { Personas } from "./persona/personas.ts";
import type { Reply } from "./reply.ts";

/**
 * The other devices with a MAC that exists twice. A twin boots on the next CMTS whenever its device does, with
 * the same DISCOVER; it takes every OFFER that it gets there, and has no timers: what is lost, its
 * device's next DISCOVER makes good.
 */
export class Twins {
  readonly #population: Population;
  readonly #outbox: Outbox;
  readonly #relays: RelayAgents;
  readonly #sink: FleetSink;
  readonly #personas: Personas;

  constructor(
    population: Population,
    outbox: Outbox,
    relays: RelayAgents,
    sink: FleetSink,
    personas: Personas,
  ) {
    this.#population = population;
    this.#outbox = outbox;
    this.#relays = relays;
    this.#sink = sink;
    this.#personas = personas;
  }

  /** Whether what was sent to this relay address is for the twin of a device. */
  isFor(device: number, local: number, destination: number): boolean {
    if (!this.#personas.behaviourOf(local).hasTwin) return false;
    return destination === this.#population.cmts(twinCmtsOf(this.#population, device)).giaddr;
  }

  /** A reply at the twin's relay; false when the twin does nothing about it. */
  receive(
    device: number,
    local: number,
    packet: Reply,
    nowMs: number,
    receivedAtMs: number,
  ): boolean {
    const cmts = twinCmtsOf(this.#population, device);
    const verdict = this.#relays.judge(device, packet, this.#population.cmts(cmts).giaddr, cmts);
    if (verdict === "not-for-us") return false;
    if (verdict === "not-echoed") {
      this.#sink.anomaly("relay-information-not-echoed", device, packet.yiaddr, nowMs);
    }
    const server = packet.options.getUInt32(OptionCode.serverIdentifier);
    switch (packet.options.getUInt8(OptionCode.messageType)) {
      case MessageType.offer:
        if (server === undefined || packet.yiaddr === 0) return false;
        this.#outbox.sendForTwin(device, local, packet, server);
        return true;
      case MessageType.ack:
        this.#takeAck(device, local, packet, nowMs, receivedAtMs);
        return true;
      default:
        return false;
    }
  }

  #takeAck(
    device: number,
    local: number,
    packet: Reply,
    nowMs: number,
    receivedAtMs: number,
  ): void {
    const times = leaseTimesOf(packet);
    if (times === undefined || packet.yiaddr === 0) {
      this.#sink.anomaly("option-missing", device, packet.yiaddr, nowMs);
      return;
    }
    if (this.#population.cmtsOfAddress(packet.yiaddr) !== twinCmtsOf(this.#population, device)) {
      this.#sink.anomaly("address-outside-network", device, packet.yiaddr, nowMs);
    }
    this.#personas.count(local, "twinLeases");
    this.#sink.acknowledgedToTwin?.({
      device,
      address: packet.yiaddr,
      leaseSeconds: times.leaseSeconds,
      leaseStartMs: nowMs,
      receivedAtMs,
      packet,
    });
  }
}
