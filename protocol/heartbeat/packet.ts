import { EncodeError } from "../encode-error.ts";

/** The port of Heartbeat (`udpport 694` of HA-28). */
export const HEARTBEAT_PORT = 694;
export const HEARTBEAT_BYTES_MAX = 256;
export const NODE_NAME_BYTES_MAX = 64;

/** What a node is doing, in the usual order. On the wire: the index. */
export const nodeRoles = [
  "starting",
  "standby",
  "claiming",
  "active",
  "demoting",
  "failed",
] as const;

export type NodeRole = (typeof nodeRoles)[number];

/** On the wire, bit 0 is the first one. */
const flagNames = [
  "failureInProgress",
  "isInSync",
  "isAble",
  "gatewayAnswers",
  "dataPlaneTurns",
  "storeWrites",
  "isLeaving",
  "diskWorks",
  "filesInStep",
] as const;

export interface HeartbeatFlags {
  /** HA-13, step 1: set from a fail-over until the fail-back. */
  readonly failureInProgress: boolean;
  /** It has every lease of the active node up to `revision`. */
  readonly isInSync: boolean;
  /** It could serve at once. */
  readonly isAble: boolean;
  /** HA-12. True when no gateway is watched. */
  readonly gatewayAnswers: boolean;
  /** HA-11: the loop that answers DHCP turns. */
  readonly dataPlaneTurns: boolean;
  /** HA-11: the store of the leases accepts commits. */
  readonly storeWrites: boolean;
  /** An orderly shutdown, not a failure. */
  readonly isLeaving: boolean;
  /** HA-34. True when no disk is watched. */
  readonly diskWorks: boolean;
  /**
   * It has all files that the active node's TFTP serves. True on the active node, and when nothing is
   * mirrored.
   */
  readonly filesInStep: boolean;
}

/** How far a standby node is with what is bulky. A total of 0: nothing of the kind is under way. */
export interface CatchUp {
  readonly leasesRead: number;
  readonly leasesInAll: number;
  readonly filesFetched: number;
  readonly filesInAll: number;
}

/**
 * The last heartbeat that its sender heard on this link: it proves that the sender hears, and gives a
 * round-trip time.
 */
export interface HeartbeatEcho {
  readonly bootId: string;
  readonly sequence: number;
  /** `sentAtMs` of the heard heartbeat, so on the clock of the node that reads this. */
  readonly sentAtMs: number;
  /** Time from hearing that heartbeat to sending this one. */
  readonly heldMs: number;
}

/** One sign of life from one node to the other over one link. */
export interface Heartbeat {
  /** 1 to 64 printable ASCII characters. */
  readonly node: string;
  /** Drawn at random when the node's program started: 16 hexadecimal digits. */
  readonly bootId: string;
  /** Rises with every heartbeat of this boot on this link. */
  readonly sequence: number;
  /** 0 for the first link. */
  readonly link: number;
  readonly role: NodeRole;
  /** Epoch of the leadership that the sender saw last; 0 when there was none. */
  readonly epoch: number;
  /** The store's revision up to which the sender has, or has written, every lease. */
  readonly revision: number;
  readonly flags: HeartbeatFlags;
  /** On the sender's monotonic clock. */
  readonly sentAtMs: number;
  /** The sender's wall clock at sending, since the Unix epoch. */
  readonly wallMs: number;
  /** The sender's time of leases at sending, since the Unix epoch. */
  readonly leaseMs: number;
  readonly echo: HeartbeatEcho | undefined;
  /** Undefined, and not on the wire, while nothing bulky is under way. */
  readonly catchUp?: CatchUp | undefined;
}

/** HMAC-SHA256 with the key of both nodes: 32 bytes for any input. */
export type HeartbeatSigner = (bytes: Uint8Array) => Uint8Array;

const catchUpNames = [
  "leasesRead",
  "leasesInAll",
  "filesFetched",
  "filesInAll",
] as const satisfies readonly (keyof CatchUp)[];

export const heartbeatRefusals = ["truncated", "format", "value", "authentication"] as const;
export type HeartbeatRefusal = (typeof heartbeatRefusals)[number];

const MAGIC = 0x5056_4842;
const VERSION = 1;
const SIGNATURE_BYTES = 32;
const CATCH_UP_BYTES = 16;
const NAME_OFFSET = 98;
const LINK_OFFSET = 96;
const NO_BOOT = "0000000000000000";
const bootIdPattern = /^[0-9a-f]{16}$/;
const namePattern = /^[\x21-\x7e]+$/;

/**
 * Layout, most significant byte first: "PVHB", version, role, flags 2, boot id 8, sequence 8,
 * epoch 8, revision 8, sentAtMs 8; the echo's boot id 8 (zeros: no echo), sequence 8, sentAtMs 8,
 * heldMs 8; wallMs 8, leaseMs 8; link; the name's length, the name; while something bulky is under way,
 * the four numbers of CatchUp, 4 each; 32 bytes of HMAC-SHA256 over all before.
 * Times are IEEE 754 doubles. Throws EncodeError for a value that does not fit.
 */
export function encodeHeartbeat(heartbeat: Heartbeat, sign: HeartbeatSigner): Uint8Array {
  const { node, bootId, echo, catchUp } = heartbeat;
  if (node.length > NODE_NAME_BYTES_MAX || !namePattern.test(node)) {
    throw new EncodeError(`node name "${node}" is not 1 to 64 printable ASCII characters`);
  }
  const nameEnd = NAME_OFFSET + node.length;
  const end = nameEnd + (catchUp === undefined ? 0 : CATCH_UP_BYTES);
  const bytes = new Uint8Array(end + SIGNATURE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC);
  bytes[4] = VERSION;
  bytes[5] = nodeRoles.indexOf(heartbeat.role);
  const bitsOf = (bits: number, name: (typeof flagNames)[number], bit: number): number =>
    bits | (heartbeat.flags[name] ? 1 << bit : 0);
  view.setUint16(6, flagNames.reduce(bitsOf, 0));
  if (!(heartbeat.link >= 0 && heartbeat.link <= 255)) throw new EncodeError("link is not a byte");
  bytes[LINK_OFFSET] = heartbeat.link;
  writeBootId(view, 8, bootId);
  writeCount(view, 16, "sequence", heartbeat.sequence);
  writeCount(view, 24, "epoch", heartbeat.epoch);
  writeCount(view, 32, "revision", heartbeat.revision);
  writeTime(view, 40, "sentAtMs", heartbeat.sentAtMs);
  if (echo !== undefined) {
    writeBootId(view, 48, echo.bootId);
    writeCount(view, 56, "echo.sequence", echo.sequence);
    writeTime(view, 64, "echo.sentAtMs", echo.sentAtMs);
    writeTime(view, 72, "echo.heldMs", echo.heldMs);
  }
  writeTime(view, 80, "wallMs", heartbeat.wallMs);
  writeTime(view, 88, "leaseMs", heartbeat.leaseMs);
  bytes[NAME_OFFSET - 1] = node.length;
  for (let at = 0; at < node.length; at += 1) bytes[NAME_OFFSET + at] = node.charCodeAt(at);
  if (catchUp !== undefined) {
    for (const [place, name] of catchUpNames.entries()) {
      writeWord(view, nameEnd + 4 * place, name, catchUp[name]);
    }
  }
  bytes.set(sign(bytes.subarray(0, end)), end);
  return bytes;
}

/**
 * Returns the heartbeat, or why the bytes are refused. The signature is checked before anything else is
 * read.
 */
export function decodeHeartbeat(
  bytes: Uint8Array,
  sign: HeartbeatSigner,
): Heartbeat | HeartbeatRefusal {
  if (bytes.length < NAME_OFFSET + 1 + SIGNATURE_BYTES) return "truncated";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const nameLength = bytes[NAME_OFFSET - 1];
  const end = bytes.length - SIGNATURE_BYTES;
  const extraBytes = end - NAME_OFFSET - nameLength;
  if (view.getUint32(0) !== MAGIC || bytes[4] !== VERSION) return "format";
  if (nameLength > NODE_NAME_BYTES_MAX) return "format";
  if (extraBytes !== 0 && extraBytes !== CATCH_UP_BYTES) return "format";
  if (!isSame(bytes.subarray(end), sign(bytes.subarray(0, end)))) return "authentication";
  return readSigned(bytes, view) ?? "value";
}

function readSigned(bytes: Uint8Array, view: DataView): Heartbeat | undefined {
  const role = nodeRoles[bytes[5]];
  const nameEnd = NAME_OFFSET + bytes[NAME_OFFSET - 1];
  const node = String.fromCharCode(...bytes.subarray(NAME_OFFSET, nameEnd));
  const bootId = readBootId(view, 8);
  const [sequence, epoch, revision] = [16, 24, 32].map((at) => readCount(view, at));
  const [sentAtMs, wallMs, leaseMs] = [40, 80, 88].map((at) => readTime(view, at));
  const echo = readEcho(view);
  if (role === undefined || !namePattern.test(node) || bootId === NO_BOOT) return undefined;
  if (sequence === undefined || epoch === undefined || revision === undefined) return undefined;
  if (sentAtMs === undefined || wallMs === undefined || leaseMs === undefined) return undefined;
  const bits = view.getUint16(6);
  if (echo === "bad" || bits >>> flagNames.length !== 0) return undefined;
  const flags = Object.fromEntries(
    flagNames.map((name, bit) => [name, (bits & (1 << bit)) !== 0]),
  ) as Record<(typeof flagNames)[number], boolean>;
  const link = bytes[LINK_OFFSET];
  const counted = { sequence, link, role, epoch, revision, flags };
  const catchUp =
    nameEnd + SIGNATURE_BYTES === bytes.length ? undefined : readCatchUp(view, nameEnd);
  return { node, bootId, ...counted, sentAtMs, wallMs, leaseMs, echo, catchUp };
}

function readCatchUp(view: DataView, at: number): CatchUp {
  const numbers = catchUpNames.map((name, place) => [name, view.getUint32(at + 4 * place)]);
  return Object.fromEntries(numbers) as Record<(typeof catchUpNames)[number], number>;
}

function readEcho(view: DataView): HeartbeatEcho | undefined | "bad" {
  const bootId = readBootId(view, 48);
  if (bootId === NO_BOOT) {
    return [56, 64, 72].every((at) => view.getBigUint64(at) === 0n) ? undefined : "bad";
  }
  const sequence = readCount(view, 56);
  const sentAtMs = readTime(view, 64);
  const heldMs = readTime(view, 72);
  if (sequence === undefined || sentAtMs === undefined || heldMs === undefined) return "bad";
  return { bootId, sequence, sentAtMs, heldMs };
}

/** Compares in constant time, so that timing does not help a guess. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.length ^ other.length;
  for (let at = 0; at < one.length; at += 1) difference |= one[at] ^ other[at];
  return difference === 0;
}

function writeBootId(view: DataView, at: number, bootId: string): void {
  if (!bootIdPattern.test(bootId) || bootId === NO_BOOT) {
    throw new EncodeError(`boot id "${bootId}" is not 16 hexadecimal digits, or all zeros`);
  }
  view.setBigUint64(at, BigInt(`0x${bootId}`));
}

function readBootId(view: DataView, at: number): string {
  return view.getBigUint64(at).toString(16).padStart(16, "0");
}

function writeCount(view: DataView, at: number, name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new EncodeError(`${name} is ${value}, not a whole number from 0 to 2^53`);
  }
  view.setBigUint64(at, BigInt(value));
}

function readCount(view: DataView, at: number): number | undefined {
  const value = Number(view.getBigUint64(at));
  return Number.isSafeInteger(value) ? value : undefined;
}

function writeWord(view: DataView, at: number, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new EncodeError(`${name} is ${value}, not a whole number below 2^32`);
  }
  view.setUint32(at, value);
}

function writeTime(view: DataView, at: number, name: string, ms: number): void {
  if (!(ms >= 0 && ms < Number.POSITIVE_INFINITY)) {
    throw new EncodeError(`${name} is ${ms}, not a time from 0 on`);
  }
  view.setFloat64(at, ms);
}

function readTime(view: DataView, at: number): number | undefined {
  const ms = view.getFloat64(at);
  return ms >= 0 && ms < Number.POSITIVE_INFINITY ? ms : undefined;
}
