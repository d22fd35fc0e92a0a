import { latin1Bytes, latin1Text } from "../latin1.ts";

// OMAPI as ISC dhcpd speaks it (omapip/protocol.c, message.c and connection.c of 4.4.3-P1). There is no document that
// is right about the header; the bytes that omshell and dhcpd exchange are.

/** The port that omshell and other clients assume. */
export const OMAPI_PORT = 7911;
const VERSION = 100;
const HEADER_BYTES = 24;
const INTRODUCTION_BYTES = 8;
/** The signature covers everything behind this. */
const AUTHENTICATOR_BYTES = 4;

/** No message of a client is longer; dhcpd itself takes what a peer announces. */
export const MESSAGE_BYTES_MAX = 64 * 1024;
const VALUES_MAX = 64;
/** Of an HMAC with SHA-512. */
const SIGNATURE_BYTES_MAX = 64;

/** On the wire: the index and one. */
export const omapiOperations = ["open", "refresh", "update", "notify", "status", "delete"] as const;
export type OmapiOperation = (typeof omapiOperations)[number];

/** Names and values in the order in which they were written. An empty value unsets its attribute. */
export type OmapiValues = readonly (readonly [name: string, value: Uint8Array])[];

export interface OmapiMessage {
  /** The handle of the key's object; 0: not signed. */
  readonly authenticator: number;
  readonly operation: OmapiOperation;
  /** Of the object that the message is about; 0 if none. */
  readonly handle: number;
  /** The sender's own count of its messages. */
  readonly id: number;
  /** `id` of the message that this one answers, else 0. */
  readonly answers: number;
  /** About the message: `type`, `create`, `result`, … */
  readonly about: OmapiValues;
  /** Attributes of the object. */
  readonly object: OmapiValues;
}

export interface ReceivedMessage extends OmapiMessage {
  /** What the signature covers: a view of the received bytes, like `signature`. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

/** Makes a signature over bytes; always as long as `bytes`. */
export interface OmapiSigner {
  readonly bytes: number;
  readonly sign: (bytes: Uint8Array) => Uint8Array;
}

export type Decoded<What> =
  | ({ readonly kind: "whole"; readonly bytes: number } & What)
  /** More bytes have to come. */
  | { readonly kind: "part" }
  /** The peer does not speak OMAPI, or says more than we hear: close the connection. */
  | { readonly kind: "malformed"; readonly why: string };

const part = { kind: "part" } as const;
const malformed = (why: string) => ({ kind: "malformed", why }) as const;
const tooLong = malformed(`a message of more than ${MESSAGE_BYTES_MAX} bytes`);

/** What each side says first. */
export function encodeIntroduction(): Uint8Array {
  const bytes = new Uint8Array(INTRODUCTION_BYTES);
  const view = viewOf(bytes);
  view.setUint32(0, VERSION);
  view.setUint32(4, HEADER_BYTES);
  return bytes;
}

/** Reads what the peer says first; `headerBytes` is how long the header of its messages is. */
export function decodeIntroduction(bytes: Uint8Array): Decoded<{ readonly headerBytes: number }> {
  if (bytes.length < INTRODUCTION_BYTES) return part;
  const view = viewOf(bytes);
  const version = view.getUint32(0);
  const headerBytes = view.getUint32(4);
  if (version !== VERSION) return malformed(`version ${version} of the protocol`);
  if (headerBytes < HEADER_BYTES || headerBytes > MESSAGE_BYTES_MAX) {
    return malformed(`a header of ${headerBytes} bytes`);
  }
  return { kind: "whole", bytes: INTRODUCTION_BYTES, headerBytes };
}

/**
 * Reads the message at the beginning of `bytes`, which may go on behind it. The surplus of a header that is longer than
 * ours is passed over.
 */
export function decodeMessage(
  bytes: Uint8Array,
  headerBytes = HEADER_BYTES,
): Decoded<{ readonly message: ReceivedMessage }> {
  if (bytes.length < headerBytes) return part;
  const view = viewOf(bytes);
  const signatureBytes = view.getUint32(4);
  const operation = omapiOperations[view.getUint32(8) - 1];
  if (signatureBytes > SIGNATURE_BYTES_MAX) return malformed("a signature that is no HMAC");
  if (operation === undefined) return malformed(`operation ${view.getUint32(8)}`);
  const about = decodeValues(view, headerBytes);
  if (about.kind !== "whole") return about;
  const object = decodeValues(view, about.bytes);
  if (object.kind !== "whole") return object;
  const end = object.bytes + signatureBytes;
  if (end > MESSAGE_BYTES_MAX) return tooLong;
  if (end > bytes.length) return part;
  const message = {
    authenticator: view.getUint32(0),
    operation,
    handle: view.getUint32(12),
    id: view.getUint32(16),
    answers: view.getUint32(20),
    about: about.values,
    object: object.values,
    signed: bytes.subarray(AUTHENTICATOR_BYTES, object.bytes),
    signature: bytes.subarray(object.bytes, end),
  };
  return { kind: "whole", bytes: end, message };
}

/** `bytes` is where the list ends. */
function decodeValues(view: DataView, start: number): Decoded<{ readonly values: OmapiValues }> {
  const values: [string, Uint8Array][] = [];
  const { length } = bytesOf(view);
  let at = start;
  for (;;) {
    // What is longer may not even be waited for.
    if (at > MESSAGE_BYTES_MAX) return tooLong;
    if (at + 2 > length) return part;
    const nameBytes = view.getUint16(at);
    if (nameBytes === 0) return { kind: "whole", bytes: at + 2, values };
    if (values.length >= VALUES_MAX) return malformed(`more than ${VALUES_MAX} values`);
    const valueAt = at + 2 + nameBytes + 4;
    if (valueAt > MESSAGE_BYTES_MAX) return tooLong;
    if (valueAt > length) return part;
    const end = valueAt + view.getUint32(valueAt - 4);
    if (end > MESSAGE_BYTES_MAX) return tooLong;
    if (end > length) return part;
    const name = latin1Text(bytesOf(view).subarray(at + 2, at + 2 + nameBytes));
    values.push([name, bytesOf(view).slice(valueAt, end)]);
    at = end;
  }
}

/** The bytes of a message, signed if its `authenticator` is not 0: then `signer` is that key's. */
export function encodeMessage(message: OmapiMessage, signer?: OmapiSigner): Uint8Array {
  const signatureBytes = message.authenticator === 0 ? 0 : (signer?.bytes ?? 0);
  const end = HEADER_BYTES + bytesFor(message.about) + bytesFor(message.object);
  const bytes = new Uint8Array(end + signatureBytes);
  const view = viewOf(bytes);
  const operation = omapiOperations.indexOf(message.operation) + 1;
  const { authenticator, handle, id, answers } = message;
  const words = [authenticator, signatureBytes, operation, handle, id, answers];
  for (const [place, word] of words.entries()) view.setUint32(4 * place, word);
  writeValues(view, writeValues(view, HEADER_BYTES, message.about), message.object);
  if (signer !== undefined && signatureBytes > 0) {
    bytes.set(signer.sign(bytes.subarray(AUTHENTICATOR_BYTES, end)), end);
  }
  return bytes;
}

function bytesFor(values: OmapiValues): number {
  return values.reduce((sum, [name, value]) => sum + 2 + name.length + 4 + value.length, 2);
}

/** Returns where the list ends. */
function writeValues(view: DataView, start: number, values: OmapiValues): number {
  const bytes = bytesOf(view);
  let at = start;
  for (const [name, value] of values) {
    view.setUint16(at, name.length);
    bytes.set(latin1Bytes(name), at + 2);
    view.setUint32(at + 2 + name.length, value.length);
    bytes.set(value, at + 6 + name.length);
    at += 6 + name.length + value.length;
  }
  view.setUint16(at, 0);
  return at + 2;
}

/** The value of a name, the last one if it stands twice. */
export function valueNamed(values: OmapiValues, name: string): Uint8Array | undefined {
  return values.findLast(([one]) => one === name)?.[1];
}

function viewOf({ buffer, byteOffset, length }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, length);
}

function bytesOf({ buffer, byteOffset, byteLength }: DataView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
