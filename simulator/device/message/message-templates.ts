import { Offset } from "../../../protocol/dhcp/header.ts";
import { MessageType } from "../../../protocol/dhcp/message-type.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import {
  BootOperation,
  type EncodeLimits,
  encodePacket,
  encodingLength,
  type OutgoingOption,
  type OutgoingPacket,
} from "../../../protocol/dhcp/packet.ts";
import { writeIpv4 } from "../../../protocol/ipv4.ts";
import {
  type MessageShape,
  messageShapes,
} from "../../../scenarios/population/captured-persona.ts";
import type { Population } from "../../../scenarios/population/population.ts";
import { deviceModels, identityOptions, modelIndexOf } from "./identity.ts";

/** The message type (option 53) of each shape, and whether options 54 and 50 are in it. */
export const shapeDetails: Readonly<
  Record<MessageShape, { type: number; server: boolean; requested: boolean }>
> = {
  discover: { type: MessageType.discover, server: false, requested: false },
  "request-selecting": { type: MessageType.request, server: true, requested: true },
  "request-rebooting": { type: MessageType.request, server: false, requested: true },
  "request-extending": { type: MessageType.request, server: false, requested: false },
  decline: { type: MessageType.decline, server: true, requested: true },
  release: { type: MessageType.release, server: true, requested: false },
};

/** The values that differ between messages of one shape; addresses that do not occur are 0. */
export interface MessageFields {
  xid: number;
  secs: number;
  ciaddr: number;
  requested: number;
  server: number;
}

/** A finished message with holes for a device's own values, by offset; -1 for no hole. */
interface Template {
  readonly bytes: Uint8Array;
  readonly endOffset: number;
  readonly macOffset: number;
  readonly unitOffset: number;
  readonly requestedOffset: number;
  readonly serverOffset: number;
  readonly leaseOffset: number;
}

const limits: EncodeLimits = { optionBytesMax: 700, packetBytesMin: 300, overload: false };
const EMPTY = new Uint8Array(0);
const FOUR = new Uint8Array(4);
const UNIT_DIGITS = 6;
const hexDigits = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

/**
 * Every message that any device can send, encoded once for each model and shape. Sending one is a
 * copy of some 300 bytes and a dozen stores, never an encoding.
 */
export class MessageTemplates {
  readonly #population: Population;
  readonly #templates: readonly (readonly Template[])[];
  #endOffset = 0;

  constructor(population: Population) {
    this.#population = population;
    const asksForLeaseTime = population.plan.leaseSeconds !== undefined;
    this.#templates = deviceModels.map((model) => {
      const identity = identityOptions(model);
      return messageShapes.map((shape) => buildTemplate(shape, identity, asksForLeaseTime));
    });
  }

  /** The offset of the End option of the message written last: a relay adds its option there. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** Writes a device's message to the start of `target`; returns its length. */
  write(device: number, shape: MessageShape, fields: MessageFields, target: Uint8Array): number {
    const model = this.#templates[modelIndexOf(this.#population, device)];
    const template = model[messageShapes.indexOf(shape)];
    target.set(template.bytes);
    writeIpv4(target, Offset.xid, fields.xid);
    target[Offset.secs] = fields.secs >>> 8;
    target[Offset.secs + 1] = fields.secs;
    writeIpv4(target, Offset.ciaddr, fields.ciaddr);
    this.#population.writeMac(device, target, Offset.chaddr);
    if (template.macOffset >= 0) this.#population.writeMac(device, target, template.macOffset);
    if (template.unitOffset >= 0) {
      writeUnit(this.#population.unitOf(device), target, template.unitOffset);
    }
    if (template.requestedOffset >= 0) {
      writeIpv4(target, template.requestedOffset, fields.requested);
    }
    if (template.serverOffset >= 0) writeIpv4(target, template.serverOffset, fields.server);
    if (template.leaseOffset >= 0) {
      writeIpv4(target, template.leaseOffset, this.#population.leaseSecondsOf(device));
    }
    this.#endOffset = template.endOffset;
    return template.bytes.length;
  }
}

function buildTemplate(
  shape: MessageShape,
  identity: readonly OutgoingOption[],
  asksForLeaseTime: boolean,
): Template {
  const { type, server, requested } = shapeDetails[shape];
  const options: OutgoingOption[] = [{ code: OptionCode.messageType, value: Uint8Array.of(type) }];
  if (server) options.push({ code: OptionCode.serverIdentifier, value: FOUR });
  if (requested) options.push({ code: OptionCode.requestedAddress, value: FOUR });
  // RFC 2131 table 5: DECLINE and RELEASE carry nothing but the client's identity besides.
  const isPlain = shape === "decline" || shape === "release";
  if (asksForLeaseTime && !isPlain) options.push({ code: OptionCode.leaseTime, value: FOUR });
  options.push(...identity.filter(({ code }) => !isPlain || code === OptionCode.clientIdentifier));
  const packet: OutgoingPacket = {
    op: BootOperation.request,
    htype: 1,
    hops: 0,
    xid: 0,
    secs: 0,
    flags: 0,
    ciaddr: 0,
    yiaddr: 0,
    siaddr: 0,
    giaddr: 0,
    chaddr: new Uint8Array(6),
    sname: EMPTY,
    file: EMPTY,
    options,
  };
  const bytes = new Uint8Array(encodingLength(packet, limits));
  encodePacket(packet, bytes, 0, limits);
  return { bytes, ...holesOf(bytes) };
}

function holesOf(bytes: Uint8Array): Omit<Template, "bytes"> {
  const holes = {
    endOffset: -1,
    macOffset: -1,
    unitOffset: -1,
    requestedOffset: -1,
    serverOffset: -1,
    leaseOffset: -1,
  };
  let at: number = Offset.options;
  while (bytes[at] !== OptionCode.end) {
    const value = at + 2;
    const end = value + bytes[at + 1];
    if (bytes[at] === OptionCode.clientIdentifier) holes.macOffset = value + 1;
    if (bytes[at] === OptionCode.requestedAddress) holes.requestedOffset = value;
    if (bytes[at] === OptionCode.serverIdentifier) holes.serverOffset = value;
    if (bytes[at] === OptionCode.leaseTime) holes.leaseOffset = value;
    if (bytes[at] === OptionCode.vendorEncapsulatedOptions || bytes[at] === OptionCode.hostName) {
      holes.unitOffset = zerosAt(bytes, value, end);
    }
    at = end;
  }
  holes.endOffset = at;
  return holes;
}

/** The unit mark of an option's text: six zero bytes in a row. */
function zerosAt(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at + UNIT_DIGITS <= end; at += 1) {
    if (bytes.subarray(at, at + UNIT_DIGITS).every((byte) => byte === 0)) return at;
  }
  return -1;
}

function writeUnit(unit: number, target: Uint8Array, start: number): void {
  for (let digit = 0; digit < UNIT_DIGITS; digit += 1) {
    target[start + digit] = hexDigits[(unit >>> (4 * (UNIT_DIGITS - 1 - digit))) & 0x0f];
  }
}
