import {
  bytesFieldBytes,
  fieldsOf,
  MessageWriter,
  numberFieldBytes,
  ProtobufError,
} from "./protobuf.ts";

/** Messages of etcd's API v3 (etcdserverpb/rpc.proto, mvccpb/kv.proto): bytes in, values out. No I/O. */

/** A key with its value, which may be a view of the answer; `modRevision` 0: it was never written. */
export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
  readonly modRevision: number;
}

/** A condition for a transaction's puts. `modRevision` 0: the key does not exist. */
export type Guard =
  | { readonly key: string; readonly modRevision: number }
  | { readonly key: string; readonly value: Uint8Array };

export interface Put {
  readonly key: string;
  readonly value: Uint8Array;
  /** The key is deleted when this etcd lease ends; without one it stays. */
  readonly lease?: number;
}

/** If all guards hold, the puts happen at one revision; otherwise `reads` are read. */
export interface Transaction {
  readonly guards: readonly Guard[];
  readonly puts: readonly Put[];
  readonly reads: readonly string[];
}

export interface TransactionAnswer {
  readonly succeeded: boolean;
  /** The store's revision; when the puts happened, their revision. */
  readonly revision: number;
  /** The keys that the reads found when a guard did not hold. */
  readonly found: readonly KeyValue[];
}

export interface RangeQuery {
  readonly key: string;
  /** The first key after the range; without it, the range is `key` alone. */
  readonly end?: string;
  readonly limit?: number;
  /** Read as of this revision; 0 or absent = the newest. */
  readonly revision?: number;
}

export interface RangeAnswer {
  readonly revision: number;
  readonly found: readonly KeyValue[];
  readonly hasMore: boolean;
  /** Keys in the range, also those beyond the limit. */
  readonly count: number;
}

/** A key as it was put; or one that was deleted at `modRevision`, with an empty value. */
export interface WatchEvent extends KeyValue {
  readonly isDeleted: boolean;
}

export interface WatchAnswer {
  /** Why etcd ends the watch, in its own words; undefined while it goes on. */
  readonly cancelReason: string | undefined;
  /** Unless 0: etcd has compacted the wanted revisions away, up to this one. */
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

/** Writes into the transaction's own memory, because a transaction has hundreds of puts. */
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

/** The same message asks for a range and deletes one. */
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
  let count = 0;
  const found: KeyValue[] = [];
  for (const { field, number, bytes: part } of fieldsOf(bytes)) {
    if (field === 1) revision = revisionOf(part);
    else if (field === 2) found.push(keyValueOf(part));
    else if (field === 3) hasMore = number !== 0;
    else if (field === 4) count = number;
  }
  return { revision: checked(revision), found, hasMore, count };
}

/** Watches `key`, or the range from `key` to before `end`, from `startRevision` on. */
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

/** `lease` is the number of the new lease. etcd lengthens a time that is below its minimum. */
export function encodeLeaseGrant(lease: number, ttlSeconds: number): Uint8Array {
  return new MessageWriter().number(1, ttlSeconds).number(2, lease).finish();
}

/** The same message keeps a lease alive and revokes it. */
export function encodeLease(lease: number): Uint8Array {
  return new MessageWriter().number(1, lease).finish();
}

/**
 * The answer to a grant or a keep-alive: the seconds that the lease lives from now on; 0: it does not
 * exist any more.
 */
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

/** Reads only the store's revision, from the answer to a deletion or to a revocation. */
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

/** The token by which etcd knows the user from now on. */
export function decodeToken(bytes: Uint8Array): string {
  const field = fieldsOf(bytes).find(({ field }) => field === 2);
  const token = decoder.decode(field?.bytes);
  if (token === "") throw new ProtobufError("an answer without a token");
  return token;
}

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

/** Every answer of etcd carries a revision above 0: without one it is no answer. */
function checked(revision: number): number {
  if (revision === 0) throw new ProtobufError("an answer without a revision");
  return revision;
}
