import { COOKIE, Offset } from "../../../protocol/dhcp/header.ts";
import { OptionCode } from "../../../protocol/dhcp/option-code.ts";
import { BootOperation } from "../../../protocol/dhcp/packet.ts";
import { writeIpv4 } from "../../../protocol/ipv4.ts";
import {
  type CapturedMessage,
  type CapturedOption,
  type CapturedPersona,
  type MessageShape,
  messageBytes,
  messageShapes,
} from "../../../scenarios/population/captured-persona.ts";
import {
  lengthOfPart,
  type Placeholder,
  type ValuePart,
  writeMacForm,
  writeUnitDigits,
} from "../../../scenarios/population/captured-value.ts";
import type { Population } from "../../../scenarios/population/population.ts";
import { type MessageFields, shapeDetails } from "./message-templates.ts";

interface Hole {
  readonly at: number;
  readonly part: Placeholder;
}

interface Template {
  readonly bytes: Uint8Array;
  readonly endOffset: number;
  readonly holes: readonly Hole[];
}

const ETHERNET = 1;
const MAC_BYTES = 6;

/** Which captured message a missing one is made from, the most similar first. */
const likest: Readonly<Record<MessageShape, readonly MessageShape[]>> = {
  discover: ["discover"],
  "request-selecting": ["request-selecting", "request-rebooting", "request-extending", "discover"],
  "request-rebooting": ["request-rebooting", "request-selecting", "request-extending", "discover"],
  "request-extending": ["request-extending", "request-selecting", "request-rebooting", "discover"],
  decline: ["decline", "discover"],
  release: ["release", "discover"],
};

/**
 * The messages of a captured device, for any device of the population that plays it: the captured bytes,
 * with each device's own values in their places.
 */
export class CapturedTemplates {
  readonly #population: Population;
  readonly #persona: CapturedPersona;
  readonly #templates: readonly Template[];
  readonly #mac = new Uint8Array(MAC_BYTES);
  #endOffset = 0;

  constructor(persona: CapturedPersona, population: Population) {
    this.#population = population;
    this.#persona = persona;
    this.#templates = messageShapes.map((shape) => templateOf(messageOf(persona, shape)));
  }

  /** As MessageTemplates.endOffset. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** As MessageTemplates.write. */
  write(device: number, shape: MessageShape, fields: MessageFields, target: Uint8Array): number {
    const { bytes, holes, endOffset } = this.#templates[messageShapes.indexOf(shape)];
    const { secs } = this.#persona;
    const mac = this.#mac;
    this.#population.writeMac(device, mac, 0);
    target.set(bytes);
    writeIpv4(target, Offset.xid, fields.xid);
    const written = secs === "elapsed" ? fields.secs : secs;
    target[Offset.secs] = written >>> 8;
    target[Offset.secs + 1] = written;
    writeIpv4(target, Offset.ciaddr, fields.ciaddr);
    target.set(mac, Offset.chaddr);
    for (let i = 0; i < holes.length; i += 1) {
      const { at, part } = holes[i];
      switch (part.kind) {
        case "mac":
          writeMacForm(part.form, part.octets, mac, target, at);
          break;
        case "unit":
          writeUnitDigits(this.#population.unitOf(device), part.digits, target, at);
          break;
        case "requested":
          writeIpv4(target, at, fields.requested);
          break;
        case "server":
          writeIpv4(target, at, fields.server);
      }
    }
    this.#endOffset = endOffset;
    return bytes.length;
  }
}

/** The captured message, or one made from the most similar. */
function messageOf({ messages }: CapturedPersona, shape: MessageShape): CapturedMessage {
  const found = likest[shape].find((each) => messages[each] !== undefined) ?? "discover";
  const source = messages[found] ?? messages.discover;
  return found === shape ? source : { ...source, options: madeOptions(source.options, shape) };
}

/** The options of the shape by RFC 2131 table 5, and the captured device's others. */
function madeOptions(options: readonly CapturedOption[], shape: MessageShape): CapturedOption[] {
  const { type, server, requested } = shapeDetails[shape];
  const isPlain = shape === "decline" || shape === "release";
  const head: CapturedOption[] = [
    { code: OptionCode.messageType, value: [{ kind: "bytes", bytes: Uint8Array.of(type) }] },
  ];
  if (server) head.push({ code: OptionCode.serverIdentifier, value: [{ kind: "server" }] });
  if (requested) head.push({ code: OptionCode.requestedAddress, value: [{ kind: "requested" }] });
  return options.flatMap((option) => {
    if (option.code === OptionCode.messageType) return head;
    if (option.code === OptionCode.serverIdentifier) return [];
    if (option.code === OptionCode.requestedAddress) return [];
    return isPlain && option.code !== OptionCode.clientIdentifier ? [] : [option];
  });
}

function templateOf(message: CapturedMessage): Template {
  const bytes = new Uint8Array(Math.max(message.length, messageBytes(message)));
  const holes: Hole[] = [];
  bytes[Offset.op] = BootOperation.request;
  bytes[Offset.htype] = ETHERNET;
  bytes[Offset.hlen] = MAC_BYTES;
  bytes[Offset.hops] = message.hops;
  bytes[Offset.flags] = message.flags >>> 8;
  bytes[Offset.flags + 1] = message.flags;
  writeIpv4(bytes, Offset.cookie, COOKIE);
  const write = (parts: readonly ValuePart[], start: number): number => {
    let at = start;
    for (const part of parts) {
      if (part.kind === "bytes") bytes.set(part.bytes, at);
      else holes.push({ at, part });
      at += lengthOfPart(part);
    }
    return at;
  };
  write(message.sname ?? [], Offset.sname);
  write(message.file ?? [], Offset.file);
  let at: number = Offset.options;
  for (const { code, value } of message.options) {
    bytes[at] = code;
    if (code === OptionCode.pad) {
      at += 1;
      continue;
    }
    const end = write(value, at + 2);
    bytes[at + 1] = end - at - 2;
    at = end;
  }
  bytes[at] = OptionCode.end;
  write(message.trailer ?? [], at + 1);
  return { bytes, endOffset: at, holes };
}
