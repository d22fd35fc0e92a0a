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
interface TwinsParts {
  readonly population: Population;
  readonly outbox: Outbox;
  readonly relays: RelayAgents;
  readonly sink: FleetSink;
  readonly personas: Personas;
}

/**
 * The second devices of MACs that exist twice. A twin boots on the next CMTS whenever its device does, with
 * the same DISCOVER. It takes every OFFER that it gets there, and has no timers: its device's next
 * DISCOVER replaces what is lost.
 */
export class Twins {
  readonly #parts: TwinsParts;

  constructor(parts: TwinsParts) {
    this.#parts = parts;
  }

  /** Whether what was sent to this relay address is for the twin of a device. */
  isFor(device: number, local: number, destination: number): boolean {
    const { population, personas } = this.#parts;
    if (!personas.behaviourOf(local).hasTwin) return false;
    return destination === population.cmts(twinCmtsOf(population, device)).giaddr;
  }

  /** A reply at the twin's relay; false when the twin does nothing about it. */
  receive(
    device: number,
    local: number,
    packet: Reply,
    nowMs: number,
    receivedAtMs: number,
  ): boolean {
    const { population, outbox, relays, sink } = this.#parts;
    const cmts = twinCmtsOf(population, device);
    const verdict = relays.judge(device, packet, population.cmts(cmts).giaddr, cmts);
    if (verdict === "not-for-us") return false;
    if (verdict === "not-echoed") {
      sink.anomaly("relay-information-not-echoed", device, packet.yiaddr, nowMs);
    }
    const server = packet.options.getUInt32(OptionCode.serverIdentifier);
    switch (packet.options.getUInt8(OptionCode.messageType)) {
      case MessageType.offer:
        if (server === undefined || packet.yiaddr === 0) return false;
        outbox.sendForTwin(device, local, packet, server);
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
    const { population, personas, sink } = this.#parts;
    const { yiaddr: address } = packet;
    const leaseSeconds = leaseTimesOf(packet)?.leaseSeconds;
    if (leaseSeconds === undefined || address === 0) {
      sink.anomaly("option-missing", device, address, nowMs);
      return;
    }
    if (population.cmtsOfAddress(address) !== twinCmtsOf(population, device)) {
      sink.anomaly("address-outside-network", device, address, nowMs);
    }
    personas.count(local, "twinLeases");
    const times = { leaseSeconds, leaseStartMs: nowMs, receivedAtMs };
    sink.acknowledgedToTwin?.({ device, address, packet, ...times });
  }
}
