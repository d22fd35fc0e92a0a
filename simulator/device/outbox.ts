import type { MessageShape } from "../../scenarios/population/captured-persona.ts";
import type { Population } from "../../scenarios/population/population.ts";
import { type RelayAgents, type ServerAddress, twinCmtsOf } from "../relay/cmts.ts";
import {
  DeviceState,
  type DeviceTable,
  ROW_BYTES,
  ROW_DOUBLES,
  ROW_HALF_WORDS,
  ROW_WORDS,
} from "./device-table.ts";
import type { FleetSink } from "./exchange.ts";
import { type MessageFields, MessageTemplates } from "./message/message-templates.ts";
import { type MessageEnd, spoil } from "./persona/packet-faults.ts";
import type { Personas } from "./persona/personas.ts";
import type { Reply } from "./reply.ts";

const SECS_MAX = 0xffff;

/**
 * Builds a device's messages from its row of the table and hands them to its relay or, once the
 * device has an address, to the wire.
 */
export class Outbox {
  readonly #table: DeviceTable;
  readonly #templates: MessageTemplates;
  readonly #relays: RelayAgents;
  readonly #servers: readonly ServerAddress[];
  readonly #sink: FleetSink;
  readonly #population: Population;
  readonly #personas: Personas;
  readonly #end: MessageEnd = { endOffset: 0, length: 0, lengthMax: 0 };
  readonly #fields: MessageFields = { xid: 0, secs: 0, ciaddr: 0, requested: 0, server: 0 };

  constructor(
    population: Population,
    table: DeviceTable,
    relays: RelayAgents,
    servers: readonly ServerAddress[],
    sink: FleetSink,
    personas: Personas,
  ) {
    this.#population = population;
    this.#personas = personas;
    this.#table = table;
    this.#templates = new MessageTemplates(population);
    this.#relays = relays;
    this.#servers = servers;
    this.#sink = sink;
  }

  /** Sends a message of the device, whether first or repeated, the way of RFC 2131 table 4. */
  send(device: number, local: number, shape: MessageShape, nowMs: number): void {
    const table = this.#table;
    const fields = this.#fields;
    const hasAddress = shape === "request-extending" || shape === "release";
    fields.xid = table.xid[local * ROW_WORDS];
    fields.requested = table.requested[local * ROW_WORDS];
    fields.server = table.server[local * ROW_WORDS];
    fields.ciaddr = hasAddress ? table.address[local * ROW_WORDS] : 0;
    fields.secs = this.#secsOf(local, shape, nowMs);
    if (hasAddress && table.state(local) !== DeviceState.rebinding) {
      const { length } = this.#write(device, local, shape, this.#sink.deviceBuffer());
      const port = this.#portOf(fields.server);
      this.#sink.sendFromDevice(fields.ciaddr, length, fields.server, port);
      return;
    }
    const { hasTwin } = this.#personas.behaviourOf(local);
    this.#relay(device, local, shape);
    if (hasTwin && shape === "discover") this.#relay(device, local, shape, this.#twinCmts(device));
  }

  /** Sends the REQUEST of a device's twin for an OFFER that the twin got on its own CMTS. */
  sendForTwin(device: number, local: number, offer: Reply, server: number): void {
    const fields = this.#fields;
    fields.xid = offer.xid;
    fields.requested = offer.yiaddr;
    fields.server = server;
    fields.ciaddr = 0;
    fields.secs = this.#table.discoverSecs[local * ROW_HALF_WORDS];
    this.#relay(device, local, "request-selecting", this.#twinCmts(device));
  }

  #twinCmts(device: number): number {
    return twinCmtsOf(this.#population, device);
  }

  #relay(device: number, local: number, shape: MessageShape, cmts?: number): void {
    const target = this.#relays.buffer();
    const { endOffset, length, lengthMax } = this.#write(device, local, shape, target);
    const isFromWrongPort = this.#personas.behaviourOf(local).relayPortIsWrong;
    this.#relays.forward(device, target, endOffset, length, { cmts, lengthMax, isFromWrongPort });
  }

  #write(device: number, local: number, shape: MessageShape, target: Uint8Array): MessageEnd {
    const end = this.#end;
    const behaviour = this.#personas.behaviourOf(local);
    const templates = behaviour.templates ?? this.#templates;
    end.length = templates.write(device, shape, this.#fields, target);
    end.endOffset = templates.endOffset;
    end.lengthMax = Number.POSITIVE_INFINITY;
    const fault = behaviour.packets;
    if (fault !== "none") {
      spoil(fault, target, end, {
        boots: this.#personas.bootsOf(local),
        attempt: this.#table.attempt[local * ROW_BYTES],
      });
    }
    return end;
  }

  /** RFC 2131 section 4.4.1: a REQUEST repeats the `secs` of the DISCOVER that it follows. */
  #secsOf(local: number, shape: MessageShape, nowMs: number): number {
    const table = this.#table;
    if (shape === "release" || shape === "decline") return 0;
    if (shape === "request-selecting") return table.discoverSecs[local * ROW_HALF_WORDS];
    const secs = Math.min(
      SECS_MAX,
      Math.floor((nowMs - table.startedAtMs[local * ROW_DOUBLES]) / 1000),
    );
    if (shape === "discover") table.discoverSecs[local * ROW_HALF_WORDS] = secs;
    return secs;
  }

  /** The server's port. An identifier may be no known address; then the first server's port. */
  #portOf(server: number): number {
    for (const { address, port } of this.#servers) if (address === server) return port;
    return this.#servers[0].port;
  }
}
