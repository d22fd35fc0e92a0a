import { latin1Bytes } from "../../../protocol/latin1.ts";
import { bindingStates } from "../lease.ts";
import { LeaseFlag, NEVER, toStored } from "../table/lease-codes.ts";
import type { LeaseRow } from "../table/lease-row.ts";
import { formatDate, formatEpoch } from "./lease-date.ts";
import { put, putText } from "./lease-text.ts";

const starts = latin1Bytes("  starts ");
const ends = latin1Bytes("  ends ");
const tstp = latin1Bytes("  tstp ");
const tsfp = latin1Bytes("  tsfp ");
const atsfp = latin1Bytes("  atsfp ");
const cltt = latin1Bytes("  cltt ");
const never = latin1Bytes("never");
const binding = latin1Bytes("  binding state ");
const nextBinding = latin1Bytes("  next binding state ");
const rewindBinding = latin1Bytes("  rewind binding state ");
const statementEnd = latin1Bytes(";\n");
const lineEnd = latin1Bytes("\n");
/** Text of each state, by state code. */
const stateTexts = ["", ...bindingStates].map(latin1Bytes);

/** Number of recent terms that are kept: leases that begin in the same second differ only in length. */
const TERMS_KEPT = 8;
const KEY_WORDS = 5;
const keptKeys = new Uint32Array(TERMS_KEPT * KEY_WORDS);
const keptTexts: Uint8Array[] = Array.from({ length: TERMS_KEPT }, () => new Uint8Array(0));
const keyFlags = LeaseFlag.reserved | LeaseFlag.bootp;

/**
 * Writes the fields that leases beginning in the same second share: times, states and flags, in ISC's
 * order. Returns the end offset.
 */
export function putTerm(
  row: LeaseRow,
  target: Uint8Array,
  start: number,
  isLocal: boolean,
): number {
  const { rare, startsAt, endsAt } = row;
  // Rare: fields of a failover pair. Local times depend on the time zone, so they are not kept.
  if (isLocal || rare?.tsfp !== undefined || rare?.atsfp !== undefined) {
    return formatTerm(row, target, start, isLocal);
  }
  const words = row.state | (row.next << 4) | (row.rewind << 8) | ((row.flags & keyFlags) << 12);
  const place = (endsAt ^ row.state) & (TERMS_KEPT - 1);
  const key = place * KEY_WORDS;
  if (
    keptKeys[key] === words &&
    keptKeys[key + 1] === startsAt &&
    keptKeys[key + 2] === endsAt &&
    keptKeys[key + 3] === row.tstp &&
    keptKeys[key + 4] === row.cltt
  ) {
    const text = keptTexts[place];
    target.set(text, start);
    return start + text.length;
  }
  const end = formatTerm(row, target, start, isLocal);
  keptKeys[key] = words;
  keptKeys[key + 1] = startsAt;
  keptKeys[key + 2] = endsAt;
  keptKeys[key + 3] = row.tstp;
  keptKeys[key + 4] = row.cltt;
  keptTexts[place] = target.slice(start, end);
  return end;
}

function formatTerm(row: LeaseRow, target: Uint8Array, start: number, isLocal: boolean): number {
  const { rare, state } = row;
  let at = putDate(target, start, starts, row.startsAt, isLocal);
  at = putDate(target, at, ends, row.endsAt, isLocal);
  at = putDate(target, at, tstp, row.tstp, isLocal);
  if (rare !== undefined) {
    at = putDate(target, at, tsfp, toStored(rare.tsfp), isLocal);
    at = putDate(target, at, atsfp, toStored(rare.atsfp), isLocal);
  }
  at = putDate(target, at, cltt, row.cltt, isLocal);
  at = putState(target, at, binding, state);
  if (row.next !== 0 && row.next !== state) at = putState(target, at, nextBinding, row.next);
  if (row.rewind !== 0 && row.rewind !== state) {
    at = putState(target, at, rewindBinding, row.rewind);
  }
  if ((row.flags & LeaseFlag.reserved) !== 0) at = putText(target, at, "  reserved;\n");
  if ((row.flags & LeaseFlag.bootp) !== 0) at = putText(target, at, "  dynamic-bootp;\n");
  return at;
}

function putDate(
  target: Uint8Array,
  start: number,
  name: Uint8Array,
  stored: number,
  isLocal: boolean,
): number {
  if (stored === 0) return start;
  const at = put(target, start, name);
  if (stored === NEVER) return put(target, put(target, at, never), statementEnd);
  // The comment extends to the end of the line, so it already includes the semicolon.
  if (isLocal) return put(target, formatEpoch(stored, target, at), lineEnd);
  return put(target, formatDate(stored, target, at), statementEnd);
}

function putState(target: Uint8Array, start: number, name: Uint8Array, code: number): number {
  return put(target, put(target, put(target, start, name), stateTexts[code]), statementEnd);
}
