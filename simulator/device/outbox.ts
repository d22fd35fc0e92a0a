import type { Population } from "../../scenarios/population.ts";
import type { FleetSink } from "../exchange.ts";
import type { RelayAgents, ServerAddress } from "../relay/cmts.ts";
import {
  DeviceState,
  type DeviceTable,
  ROW_DOUBLES,
  ROW_HALF_WORDS,
  ROW_WORDS,
} from "./device-table.ts";
import { type MessageFields, type MessageShape, MessageTemplates } from "./message-templates.ts";

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
  readonly #fields: MessageFields = { xid: 0, secs: 0, ciaddr: 0, requested: 0, server: 0 };

  constructor(
    population: Population,
    table: DeviceTable,
    relays: RelayAgents,
    servers: readonly ServerAddress[],
    sink: FleetSink,
  ) {
    this.#table = table;
    this.#templates = new MessageTemplates(population);
    this.#relays = relays;
    this.#servers = servers;
    this.#sink = sink;
  }

  /** Sends a message of the device, one more copy or the first (RFC 2131 table 4 says which way). */
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
      const length = this.#templates.write(device, shape, fields, this.#sink.deviceBuffer());
      const port = this.#portOf(fields.server);
      this.#sink.sendFromDevice(fields.ciaddr, length, fields.server, port);
      return;
    }
    const target = this.#relays.buffer();
    const length = this.#templates.write(device, shape, fields, target);
    this.#relays.forward(device, target, this.#templates.endOffset, length);
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

  /** A server identifier may be none of the addresses forwarded to; its port is then the first's. */
  #portOf(server: number): number {
    for (const { address, port } of this.#servers) if (address === server) return port;
    return this.#servers[0].port;
  }
}
