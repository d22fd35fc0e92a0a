import { MessageType } from "../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import type { Population } from "../../scenarios/population/population.ts";
import { type RelayAgents, twinCmtsOf } from "../relay/cmts.ts";
import type { FleetSink } from "./exchange.ts";
import { leaseTimesOf } from "./lease-times.ts";
import type { Outbox } from "./outbox.ts";
import type { Personas } from "./persona/personas.ts";
import type { Reply } from "./reply.ts";

/** The parts of a fleet that twins work with. */
export interface TwinsParts {
  readonly population: Population;
  readonly outbox: Outbox;
  readonly relays: RelayAgents;
  readonly sink: FleetSink;
  readonly personas: Personas;
}

/**
 * The other devices with a MAC that exists twice. A twin boots on the next CMTS whenever its device does, with
 * the same DISCOVER; it takes every OFFER that it gets there, and has no timers: what is lost, its
 * device's next DISCOVER makes good.
 */
export class Twins {
  readonly #parts: TwinsParts;

  constructor(parts: TwinsParts) {
    this.#parts = parts;
  }

  /** Whether what was sent to this relay address is for the twin of a device. */
  isFor(device: number, local: number, destination: number): boolean {
    if (!this.#parts.personas.behaviourOf(local).hasTwin) return false;
    return (
      destination === this.#parts.population.cmts(twinCmtsOf(this.#parts.population, device)).giaddr
    );
  }

  /** A reply at the twin's relay; false when the twin does nothing about it. */
  receive(
    device: number,
    local: number,
    packet: Reply,
    nowMs: number,
    receivedAtMs: number,
  ): boolean {
    const cmts = twinCmtsOf(this.#parts.population, device);
    const verdict = this.#parts.relays.judge(
      device,
      packet,
      this.#parts.population.cmts(cmts).giaddr,
      cmts,
    );
    if (verdict === "not-for-us") return false;
    if (verdict === "not-echoed") {
      this.#parts.sink.anomaly("relay-information-not-echoed", device, packet.yiaddr, nowMs);
    }
    const server = packet.options.getUInt32(OptionCode.serverIdentifier);
    switch (packet.options.getUInt8(OptionCode.messageType)) {
      case MessageType.offer:
        if (server === undefined || packet.yiaddr === 0) return false;
        this.#parts.outbox.sendForTwin(device, local, packet, server);
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
      this.#parts.sink.anomaly("option-missing", device, packet.yiaddr, nowMs);
      return;
    }
    if (
      this.#parts.population.cmtsOfAddress(packet.yiaddr) !==
      twinCmtsOf(this.#parts.population, device)
    ) {
      this.#parts.sink.anomaly("address-outside-network", device, packet.yiaddr, nowMs);
    }
    this.#parts.personas.count(local, "twinLeases");
    this.#parts.sink.acknowledgedToTwin?.({
      device,
      address: packet.yiaddr,
      leaseSeconds: times.leaseSeconds,
      leaseStartMs: nowMs,
      receivedAtMs,
      packet,
    });
  }
}
