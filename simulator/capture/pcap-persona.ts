import { Offset } from "../../protocol/dhcp/header.ts";
import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import {
  CAPTURED_BYTES_MAX,
  type CapturedMessage,
  type CapturedOption,
  type CapturedPersona,
  HOPS_MAX,
  type MessageShape,
  messageBytes,
  messageShapes,
  PERSONA_SCHEMA,
} from "../../scenarios/population/captured-persona.ts";
import type { ValuePart } from "../../scenarios/population/captured-value.ts";
import { type ClientMessage, wireOptions } from "./pcap-conversation.ts";
import { anonymous, isPersonal, withOwnClientId, withPlaceholders } from "./pcap-value.ts";

interface PersonaChoices {
  readonly name: string;
  readonly mac: Uint8Array;
  /** Leave out what may tell who the captured device is. */
  readonly isAnonymous: boolean;
}

export interface MadePersona {
  readonly persona: CapturedPersona;
  /** Notes for the user, in sentences. */
  readonly notes: readonly string[];
}

// A capture on several interfaces has every message several times.
const SAME_MESSAGE_MS = 20;
// Two messages less than this apart may have the same `secs` by right.
const SECS_TELL_MS = 1500;
const DELAYS_MAX = 32;
const DELAY_MS_MAX = 86_400_000;

/** The conversation makes no persona; the message says why. */
export class NoPersona extends Error {
  override readonly name = "NoPersona";
}

/**
 * The persona of one device: the first captured message of each shape, from before a relay agent if the
 * capture has it. Throws NoPersona without a DISCOVER, or with one that no device can play.
 */
export function personaOf(
  conversation: readonly ClientMessage[],
  choices: PersonaChoices,
): MadePersona {
  const notes: string[] = [];
  const messages: Partial<Record<MessageShape, CapturedMessage>> = {};
  for (const shape of messageShapes) {
    const [first] = seenOf(conversation, shape);
    if (first === undefined) continue;
    messages[shape] = messageOf(first, choices, notes);
  }
  const { discover } = messages;
  if (discover === undefined) throw new NoPersona("there is no DISCOVER of this device");
  const informs = conversation.filter(({ shape }) => shape === "inform").length;
  if (informs > 0) notes.push(`${informs} INFORM: seen, and not played`);
  const made = messageShapes.filter((shape) => messages[shape] === undefined);
  if (made.length > 0) notes.push(`not captured, made from the others: ${made.join(", ")}`);
  const retransmit = delaysOf(conversation);
  const persona: CapturedPersona = {
    schema: PERSONA_SCHEMA,
    name: choices.name,
    secs: secsOf(conversation),
    ...(retransmit.length === 0 ? {} : { retransmit }),
    messages: { ...messages, discover },
  };
  return { persona, notes: [...new Set(notes)] };
}

/** All messages of a shape, each once; only those from before the relay if there are any. */
function seenOf(conversation: readonly ClientMessage[], shape: MessageShape): ClientMessage[] {
  const all = conversation.filter((message) => message.shape === shape);
  const direct = all.filter(({ isRelayed }) => !isRelayed);
  const kept: ClientMessage[] = [];
  for (const message of direct.length > 0 ? direct : all) {
    const before = kept.at(-1);
    const isCopy = before?.xid === message.xid && message.atMs - before.atMs < SAME_MESSAGE_MS;
    if (!isCopy) kept.push(message);
  }
  return kept;
}

function messageOf(
  { bytes, shape, isRelayed }: ClientMessage,
  choices: PersonaChoices,
  notes: string[],
): CapturedMessage {
  const wire = wireOptions(bytes);
  const options = wire.options.flatMap(({ code, value }): CapturedOption[] => {
    if (isRelayed && code === OptionCode.relayAgentInformation) return [];
    if (shape === "discover" && code === OptionCode.requestedAddress) {
      notes.push(
        "option 50 of the DISCOVER is left out: it names an earlier address of this device",
      );
      return [];
    }
    return [{ code, value: [...partsOf(code, value, choices, notes)] }];
  });
  if (!options.some(({ code }) => code === OptionCode.messageType)) {
    throw new NoPersona(`its ${shape} has the message type in an overloaded field`);
  }
  const hops = Math.max(0, bytes[Offset.hops] - (isRelayed ? 1 : 0));
  if (hops > HOPS_MAX)
    throw new NoPersona(`its ${shape} has ${hops} hops, and servers drop more than ${HOPS_MAX}`);
  const trailer = bytes.subarray(Math.min(wire.end + 1, bytes.length));
  const message: CapturedMessage = {
    flags: (bytes[Offset.flags] << 8) | bytes[Offset.flags + 1],
    hops,
    length: bytes.length,
    ...fieldOf("sname", bytes.subarray(Offset.sname, Offset.file)),
    ...fieldOf("file", bytes.subarray(Offset.file, Offset.cookie)),
    options,
    // Behind a relay agent the trailer is the agent's leftover, not the device's.
    ...(isRelayed ? {} : fieldOf("trailer", trailer)),
  };
  if (Math.max(message.length, messageBytes(message)) > CAPTURED_BYTES_MAX) {
    throw new NoPersona(`its ${shape} is longer than ${CAPTURED_BYTES_MAX} octets`);
  }
  return message;
}

function partsOf(
  code: number,
  value: Uint8Array,
  { mac, isAnonymous }: PersonaChoices,
  notes: string[],
): readonly ValuePart[] {
  let parts = withPlaceholders(code, value, mac);
  if (code === OptionCode.clientIdentifier && !parts.some(({ kind }) => kind === "mac")) {
    notes.push(
      "option 61 has nothing of the MAC: its last octets become those of each device's MAC",
    );
    parts = withOwnClientId(value);
  }
  if (isAnonymous) return anonymous(code, parts);
  if (code === OptionCode.authentication) {
    notes.push("option 90 (authentication) is copied: --anonymize leaves it out");
  } else if (isPersonal(code) && !parts.some(({ kind }) => kind === "mac")) {
    notes.push(`option ${code} is copied, with any name or serial number in it: see --anonymize`);
  }
  return parts;
}

/** A field without its trailing zeros; left out if it has only zeros. */
function fieldOf<Name extends "sname" | "file" | "trailer">(
  name: Name,
  bytes: Uint8Array,
): Partial<Record<Name, ValuePart[]>> {
  const length = bytes.findLastIndex((byte) => byte !== 0) + 1;
  if (length === 0) return {};
  const part: ValuePart = { kind: "bytes", bytes: bytes.subarray(0, length) };
  return { [name]: [part] } as Record<Name, ValuePart[]>;
}

/** One value where `secs` stands still while the device waits, else `elapsed`. */
function secsOf(conversation: readonly ClientMessage[]): CapturedPersona["secs"] {
  let constant: number | undefined;
  for (const shape of ["discover", "request-selecting"] as const) {
    for (const [before, after] of pairsOf(seenOf(conversation, shape))) {
      if (after.atMs - before.atMs < SECS_TELL_MS) continue;
      if (before.secs !== after.secs) return "elapsed";
      constant = after.secs;
    }
  }
  return constant ?? "elapsed";
}

/**
 * The waits between copies of one DISCOVER, or of one REQUEST where no DISCOVER had to be repeated: for each
 * repetition the median over the transactions, in whole milliseconds.
 */
function delaysOf(conversation: readonly ClientMessage[]): number[] {
  for (const shape of ["discover", "request-selecting", "request-rebooting"] as const) {
    const delays: number[][] = [];
    let attempt = 0;
    for (const [before, after] of pairsOf(seenOf(conversation, shape))) {
      attempt = before.xid === after.xid ? attempt + 1 : 0;
      if (attempt === 0 || attempt > DELAYS_MAX) continue;
      delays[attempt - 1] = [...(delays[attempt - 1] ?? []), after.atMs - before.atMs];
    }
    if (delays.length > 0)
      return delays.map((each) => Math.min(DELAY_MS_MAX, Math.round(medianOf(each))));
  }
  return [];
}

function pairsOf<Item>(items: readonly Item[]): (readonly [Item, Item])[] {
  return items.slice(1).map((item, index) => [items[index], item]);
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
