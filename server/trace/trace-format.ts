import { latin1Text } from "../../protocol/latin1.ts";
import type { LocalInterface } from "../dhcp/exchange/outcome.ts";
import type { TftpPair } from "../dhcp/policy/crossed-tftp.ts";

/** The first line of a trace file; the number is the version of the format (docs/trace.md). */
export const TRACE_FIRST_LINE = "provlab-dhcp-trace 1\n";

/** Precedes every record: one byte for its type, four for the length of its content. */
export const FRAME_BYTES = 5;
/** The longest content of a record; a file is split into as many pieces as it needs. */
export const CONTENT_BYTES_MAX = 1 << 20;

/** Record types are letters, so that a hex dump of a trace is readable. */
export const RecordType = {
  file: 0x46,
  piece: 0x42,
  setup: 0x53,
  turn: 0x54,
  packet: 0x50,
  decision: 0x44,
  expiry: 0x45,
  commit: 0x43,
  reply: 0x52,
  hostName: 0x48,
  addressName: 0x4e,
  end: 0x5a,
} as const;

/** Which function of the engine decided. */
export const engineCalls = ["respond", "ping-answered", "ping-timed-out"] as const;
export type EngineCall = (typeof engineCalls)[number];

export const verdicts = ["reply", "changed", "ping", "drop"] as const;
export type Verdict = (typeof verdicts)[number];

/** `stopped`: in good order; `failed`: by an error of the server itself; `full`: at the size limit. */
export const endReasons = ["stopped", "failed", "full"] as const;
export type EndReason = (typeof endReasons)[number];

/** What replies depend on besides configuration, leases and packets. Addresses are 32-bit numbers. */
export interface TraceSetup {
  readonly program: string;
  readonly configFile: string;
  /** Both clocks at the time when the record was written. */
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly ports: { readonly server: number; readonly client: number };
  /** The port that the socket is bound to. */
  readonly localPort: number;
  readonly interfaces: readonly LocalInterface[];
  /**
   * The socket is bound to one address, so every datagram that it receives is served, on any interface.
   */
  readonly anyInterface: boolean;
  readonly ownAddresses: readonly number[];
  /** Indexes of the interfaces that can send raw frames. */
  readonly frameInterfaces: readonly number[];
  readonly broadcastAddress: number;
  readonly tftpServers: TftpPair | undefined;
  /** The result of `gethostname()`. */
  readonly serverHostName: string | undefined;
}

/** The part of the setup that the server's loop knows. */
export type ServedSetup = Omit<TraceSetup, "program" | "configFile" | "wallMs" | "monotonicMs">;

/** A received datagram. `arrivedMs` is on the same clock as the setup's `monotonicMs`. */
export interface TracedPacket {
  readonly arrivedMs: number;
  readonly sourceAddress: number;
  readonly sourcePort: number;
  readonly destinationAddress: number;
  /** 0 when the socket does not know it. */
  readonly interfaceIndex: number;
  readonly bytes: Uint8Array;
}

/** A sent datagram. `source` and `interfaceIndex` are 0 where the system chose. */
export interface TracedReply {
  /** Destination hardware address of a raw frame; undefined: sent through the socket. */
  readonly hardware: Uint8Array | undefined;
  readonly destination: number;
  readonly port: number;
  readonly source: number;
  readonly interfaceIndex: number;
  readonly bytes: Uint8Array;
}

export interface TracedDecision {
  /** Packets count from 1, in the order of their records. */
  readonly packet: number;
  readonly call: EngineCall;
  readonly verdict: Verdict;
  /** Why the recorded server dropped the packet, in its own words; empty with any other verdict. */
  readonly reason: string;
  readonly nowSeconds: number;
  readonly nowMs: number;
  /** The interface that the engine was given. */
  readonly interfaceIndex: number;
}

export type TraceRecord =
  /** The pieces that follow contain it: a configuration file, or the leases. */
  | { readonly kind: "file"; readonly of: "configuration" | "leases"; readonly path: string }
  | { readonly kind: "piece"; readonly bytes: Uint8Array }
  | { readonly kind: "setup"; readonly setup: TraceSetup }
  /** A turn of the loop begins. Everything promised in the turn before is on disk and sent. */
  | { readonly kind: "turn" }
  | { readonly kind: "packet"; readonly packet: TracedPacket }
  | ({ readonly kind: "decision" } & TracedDecision)
  | { readonly kind: "expiry"; readonly nowSeconds: number }
  /** `code` is empty when the commit succeeded, otherwise the system's or the store's code. */
  | { readonly kind: "commit"; readonly code: string }
  | { readonly kind: "reply"; readonly packet: number; readonly reply: TracedReply }
  /** From here on the name has these addresses; undefined: none is known. */
  | {
      readonly kind: "host-name";
      readonly name: string;
      readonly addresses: readonly number[] | undefined;
    }
  /** From here on the address has this name; undefined: none is known, as at the start. */
  | { readonly kind: "address-name"; readonly address: number; readonly name: string | undefined }
  | { readonly kind: "end"; readonly reason: EndReason };

/** The content of a record does not fit its type. */
export class TraceFormatError extends Error {
  override readonly name = "TraceFormatError";
}

/** Lengths of the fixed parts of the contents. */
export const contentBytes = {
  packet: 8 + 4 + 2 + 4 + 4,
  decision: 4 + 1 + 1 + 8 + 8 + 4,
  reply: 4 + 1 + 6 + 4 + 2 + 4 + 4,
  addressName: 4 + 1,
} as const;

const utf8 = new TextDecoder("utf-8");

/** Decodes one record. Its byte arrays are views of `content`. */
export function decodeRecord(type: number, content: Uint8Array): TraceRecord {
  try {
    return decode(type, content);
  } catch (error) {
    // A DataView read beyond its end, or invalid JSON.
    if (error instanceof RangeError || error instanceof SyntaxError) {
      throw new TraceFormatError(`a record of type ${type} that is too short or damaged`);
    }
    throw error;
  }
}

function decode(type: number, content: Uint8Array): TraceRecord {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  switch (type) {
    case RecordType.file: {
      const of = view.getUint8(0) === 0 ? "configuration" : "leases";
      return { kind: "file", of, path: utf8.decode(content.subarray(1)) };
    }
    case RecordType.piece:
      return { kind: "piece", bytes: content };
    case RecordType.setup:
      return { kind: "setup", setup: decodeSetup(utf8.decode(content)) };
    case RecordType.turn:
      return { kind: "turn" };
    case RecordType.packet:
      return { kind: "packet", packet: decodePacketRecord(view, content) };
    case RecordType.decision:
      return { kind: "decision", ...decodeDecision(view, content) };
    case RecordType.expiry:
      return { kind: "expiry", nowSeconds: view.getFloat64(0) };
    case RecordType.commit:
      return { kind: "commit", code: latin1Text(content) };
    case RecordType.reply:
      return { kind: "reply", packet: view.getUint32(0), reply: decodeReplyRecord(view, content) };
    case RecordType.hostName:
      return decodeHostName(view, content);
    case RecordType.addressName: {
      const name = utf8.decode(content.subarray(contentBytes.addressName));
      const isKnown = view.getUint8(4) !== 0;
      return {
        kind: "address-name",
        address: view.getUint32(0),
        name: isKnown ? name : undefined,
      };
    }
    case RecordType.end:
      return { kind: "end", reason: wordOf(endReasons, view.getUint8(0)) };
    default:
      throw new TraceFormatError(`a record of the unknown type ${type}`);
  }
}

function decodePacketRecord(view: DataView, content: Uint8Array): TracedPacket {
  return {
    arrivedMs: view.getFloat64(0),
    sourceAddress: view.getUint32(8),
    sourcePort: view.getUint16(12),
    destinationAddress: view.getUint32(14),
    interfaceIndex: view.getUint32(18),
    bytes: content.subarray(contentBytes.packet),
  };
}

function decodeDecision(view: DataView, content: Uint8Array): TracedDecision {
  return {
    packet: view.getUint32(0),
    call: wordOf(engineCalls, view.getUint8(4)),
    verdict: wordOf(verdicts, view.getUint8(5)),
    nowSeconds: view.getFloat64(6),
    nowMs: view.getFloat64(14),
    interfaceIndex: view.getUint32(22),
    reason: latin1Text(content.subarray(contentBytes.decision)),
  };
}

function decodeReplyRecord(view: DataView, content: Uint8Array): TracedReply {
  return {
    hardware: view.getUint8(4) === 0 ? undefined : content.subarray(5, 11),
    destination: view.getUint32(11),
    port: view.getUint16(15),
    source: view.getUint32(17),
    interfaceIndex: view.getUint32(21),
    bytes: content.subarray(contentBytes.reply),
  };
}

function decodeHostName(view: DataView, content: Uint8Array): TraceRecord {
  const count = view.getUint8(0);
  const addresses = Array.from({ length: view.getUint8(1) }, (_, at) => view.getUint32(2 + 4 * at));
  const name = latin1Text(content.subarray(2 + 4 * addresses.length));
  return { kind: "host-name", name, addresses: count === 0 ? undefined : addresses };
}

function wordOf<Word extends string>(words: readonly Word[], index: number): Word {
  const word = words[index];
  if (word === undefined) throw new TraceFormatError(`a number ${index} that means nothing`);
  return word;
}

/** As JSON; hardware addresses become lists of numbers. */
export function encodeSetup(setup: TraceSetup): string {
  return JSON.stringify({
    ...setup,
    interfaces: setup.interfaces.map((one) => ({
      ...one,
      hardwareAddress: [...one.hardwareAddress],
    })),
  });
}

type EncodedSetup = Omit<TraceSetup, "interfaces"> & {
  readonly interfaces: readonly (Omit<LocalInterface, "hardwareAddress"> & {
    readonly hardwareAddress: readonly number[];
  })[];
};

function decodeSetup(text: string): TraceSetup {
  const setup: unknown = JSON.parse(text);
  if (!isSetup(setup)) {
    throw new TraceFormatError("a setup that lacks a field, or has one of another type");
  }
  const encoded = setup as EncodedSetup;
  return {
    ...encoded,
    interfaces: encoded.interfaces.map((one) => ({
      ...one,
      hardwareAddress: Uint8Array.from(one.hardwareAddress),
    })),
  };
}

type Check = (value: unknown) => boolean;

const isNumber: Check = (value) => typeof value === "number";
const isText: Check = (value) => typeof value === "string";
const listOf =
  (isItem: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(isItem);
const objectOf =
  (shape: Readonly<Record<string, Check>>): Check =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(shape).every(([name, isField]) => isField(Reflect.get(value, name)));
const optional =
  (isPresent: Check): Check =>
  (value) =>
    value === undefined || isPresent(value);

const isSetup = objectOf({
  program: isText,
  configFile: isText,
  wallMs: isNumber,
  monotonicMs: isNumber,
  ports: objectOf({ server: isNumber, client: isNumber }),
  localPort: isNumber,
  interfaces: listOf(
    objectOf({
      index: isNumber,
      name: isText,
      addresses: listOf(objectOf({ address: isNumber, mask: isNumber })),
      hardwareAddress: listOf(isNumber),
    }),
  ),
  anyInterface: (value) => typeof value === "boolean",
  ownAddresses: listOf(isNumber),
  frameInterfaces: listOf(isNumber),
  broadcastAddress: isNumber,
  tftpServers: optional(objectOf({ own: isNumber, other: isNumber })),
  serverHostName: optional(isText),
} satisfies Record<keyof TraceSetup, Check>);
