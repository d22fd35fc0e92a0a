import {
  bytesFieldBytes,
  fieldsOf,
  MessageWriter,
  numberFieldBytes,
  ProtobufError,
} from "./protobuf.ts";

/** Messages of etcd's API v3 (etcdserverpb/rpc.proto, mvccpb/kv.proto): bytes in, values out. No I/O. */

/** `value` may be a view of the answer. `modRevision` is 0 when the key was never written. */
export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
  readonly modRevision: number;
}

/** A condition of a transaction's puts. `modRevision: 0` requires that the key does not exist. */
export type Guard =
  | { readonly key: string; readonly modRevision: number }
  | { readonly key: string; readonly value: Uint8Array };

export interface Put {
  readonly key: string;
  readonly value: Uint8Array;
  /** The etcd lease with which the key is deleted; without one the key stays. */
  readonly lease?: number;
}

/** When all guards hold, etcd carries out the puts at one revision; otherwise it reads `reads`. */
export interface Transaction {
  readonly guards: readonly Guard[];
  readonly puts: readonly Put[];
  readonly reads: readonly string[];
}

export interface TransactionAnswer {
  readonly succeeded: boolean;
  /** The store's revision after the transaction, which is also the puts' revision. */
  readonly revision: number;
  /** The existing keys of `reads`, when a guard did not hold. */
  readonly found: readonly KeyValue[];
}

export interface RangeQuery {
  readonly key: string;
  /** The first key behind the range; without it the range is `key` alone. */
  readonly end?: string;
  readonly limit?: number;
  /** Read as of this revision; 0 or absent = the newest. */
  readonly revision?: number;
}

export interface RangeAnswer {
  readonly revision: number;
  readonly found: readonly KeyValue[];
  readonly hasMore: boolean;
}

/** A put, or a deletion at `modRevision` with an empty value. */
export interface WatchEvent extends KeyValue {
  readonly isDeleted: boolean;
}

export interface WatchAnswer {
  /** etcd's reason for ending the watch; undefined while it goes on. */
  readonly cancelReason: string | undefined;
  /** Not 0 when etcd has compacted the requested revisions, up to this one. */
  readonly compactRevision: number;
  readonly events: readonly WatchEvent[];
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const EQUAL = 0;
const TARGET_MOD = 2;
const TARGET_VALUE = 3;

/** The first key after all keys that begin with `prefix`. */
export function endOfPrefix(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}

export function encodeTransaction({ guards, puts, reads }: Transaction): Uint8Array {
  const bytesExpected = puts.reduce((total, put) => total + put.value.length + 96, 512);
  const writer = new MessageWriter(bytesExpected);
  for (const guard of guards) {
    const compare = new MessageWriter().number(1, EQUAL);
    if ("value" in guard) {
      compare.number(2, TARGET_VALUE).bytes(3, encoder.encode(guard.key)).bytes(7, guard.value);
    } else {
      compare.number(2, TARGET_MOD).bytes(3, encoder.encode(guard.key));
      compare.number(6, guard.modRevision);
    }
    writer.message(1, compare);
  }
  for (const put of puts) writePut(writer, put);
  for (const key of reads) {
    const range = new MessageWriter().bytes(1, encoder.encode(key));
    writer.message(3, new MessageWriter().message(1, range));
  }
  return writer.finish();
}

/** Writes in place, because a transaction has hundreds of puts. */
function writePut(writer: MessageWriter, { key, value, lease }: Put): void {
  const keyBytes = encoder.encode(key);
  const leaseBytes = lease === undefined ? 0 : numberFieldBytes(lease);
  const putBytes = bytesFieldBytes(keyBytes.length) + bytesFieldBytes(value.length) + leaseBytes;
  writer.open(2, bytesFieldBytes(putBytes)).open(2, putBytes).bytes(1, keyBytes).bytes(2, value);
  if (lease !== undefined) writer.number(3, lease);
}

export function decodeTransaction(bytes: Uint8Array): TransactionAnswer {
  let succeeded = false;
  let revision = 0;
  const found: KeyValue[] = [];
  for (const { field, number, bytes: part } of fieldsOf(bytes)) {
    if (field === 1) revision = revisionOf(part);
    else if (field === 2) succeeded = number !== 0;
    else if (field === 3) {
      for (const response of fieldsOf(part)) {
        if (response.field === 1) found.push(...foundIn(response.bytes));
      }
    }
  }
  return { succeeded, revision: checked(revision), found };
}

/** The request of a range, and of a deletion. */
export function encodeRange(query: RangeQuery): Uint8Array {
  const writer = new MessageWriter().bytes(1, encoder.encode(query.key));
  if (query.end !== undefined) writer.bytes(2, encoder.encode(query.end));
  if (query.limit !== undefined) writer.number(3, query.limit);
  if (query.revision !== undefined) writer.number(4, query.revision);
  return writer.finish();
}

export function decodeRange(bytes: Uint8Array): RangeAnswer {
  let revision = 0;
  let hasMore = false;
  const found: KeyValue[] = [];
  for (const { field, number, bytes: part } of fieldsOf(bytes)) {
    if (field === 1) revision = revisionOf(part);
    else if (field === 2) found.push(keyValueOf(part));
    else if (field === 3) hasMore = number !== 0;
  }
  return { revision: checked(revision), found, hasMore };
}

/** Watches `key`, or the keys from it to before `end`, from `startRevision` on. */
export function encodeWatch(
  key: string,
  end: string | undefined,
  startRevision: number,
): Uint8Array {
  const create = new MessageWriter().bytes(1, encoder.encode(key));
  if (end !== undefined) create.bytes(2, encoder.encode(end));
  return new MessageWriter().message(1, create.number(3, startRevision)).finish();
}

export function decodeWatch(bytes: Uint8Array): WatchAnswer {
  let isCanceled = false;
  let cancelReason = "";
  let compactRevision = 0;
  const events: WatchEvent[] = [];
  for (const { field, number, bytes: part } of fieldsOf(bytes)) {
    if (field === 4) isCanceled = number !== 0;
    else if (field === 5) compactRevision = number;
    else if (field === 6) cancelReason = decoder.decode(part);
    else if (field === 11) events.push(...eventIn(part));
  }
  return { cancelReason: isCanceled ? cancelReason : undefined, compactRevision, events };
}

function eventIn(bytes: Uint8Array): readonly WatchEvent[] {
  const fields = fieldsOf(bytes);
  const isDeleted = fields.some(({ field, number }) => field === 1 && number !== 0);
  return fields
    .filter(({ field }) => field === 2)
    .map((field) => ({ ...keyValueOf(field.bytes), isDeleted }));
}

/** `lease` is the number of the new lease. etcd may raise the time to its own minimum. */
export function encodeLeaseGrant(lease: number, ttlSeconds: number): Uint8Array {
  return new MessageWriter().number(1, ttlSeconds).number(2, lease).finish();
}

/** The request of a keep-alive, and of a revocation. */
export function encodeLease(lease: number): Uint8Array {
  return new MessageWriter().number(1, lease).finish();
}

/** The answer to a grant or a keep-alive: the lease's seconds to live; 0 when it no longer exists. */
export function decodeLease(bytes: Uint8Array): number {
  let revision = 0;
  let ttlSeconds = 0;
  for (const { field, number, bytes: part } of fieldsOf(bytes)) {
    if (field === 1) revision = revisionOf(part);
    else if (field === 3) ttlSeconds = number;
  }
  checked(revision);
  return ttlSeconds;
}

/** The revision in the answer to a deletion or a revocation. */
export function decodeRevision(bytes: Uint8Array): number {
  const header = fieldsOf(bytes).find(({ field }) => field === 1);
  return checked(header === undefined ? 0 : revisionOf(header.bytes));
}

export function encodeAuthenticate(user: string, password: string): Uint8Array {
  return new MessageWriter()
    .bytes(1, encoder.encode(user))
    .bytes(2, encoder.encode(password))
    .finish();
}

/** The token that identifies the user in later calls. */
export function decodeToken(bytes: Uint8Array): string {
  const field = fieldsOf(bytes).find(({ field }) => field === 2);
  const token = decoder.decode(field?.bytes);
  if (token === "") throw new ProtobufError("an answer without a token");
  return token;
}

/** The keys that a range of a transaction found. */
function foundIn(range: Uint8Array): KeyValue[] {
  return fieldsOf(range)
    .filter(({ field }) => field === 2)
    .map(({ bytes }) => keyValueOf(bytes));
}

function keyValueOf(bytes: Uint8Array): KeyValue {
  let key = "";
  let value: Uint8Array = new Uint8Array(0);
  let modRevision = 0;
  for (const { field, number, bytes: part } of fieldsOf(bytes)) {
    if (field === 1) key = decoder.decode(part);
    else if (field === 3) modRevision = number;
    else if (field === 5) value = part;
  }
  return { key, value, modRevision };
}

function revisionOf(header: Uint8Array): number {
  return fieldsOf(header).find(({ field }) => field === 3)?.number ?? 0;
}

/** Every answer of etcd carries a revision above 0, so bytes without one are no answer. */
function checked(revision: number): number {
  if (revision === 0) throw new ProtobufError("an answer without a revision");
  return revision;
}
