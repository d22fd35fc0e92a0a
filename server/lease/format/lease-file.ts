import { latin1Text } from "../../../protocol/latin1.ts";
import type { LeaseRecord } from "../lease.ts";
import { LeaseRow } from "../table/lease-row.ts";
import { Byte, LeaseLexer, LeaseSyntaxError, type SkippedStatement } from "./lease-lexer.ts";
import { parseLease } from "./lease-record-parser.ts";
import { LeaseRowReader } from "./lease-row-reader.ts";
import { formatRow, rowBytesMax } from "./lease-writer.ts";

/** The longest record, block or comment, and the longest torn end of a file. */
export const ITEM_BYTES_MAX = 1 << 20;

/** The declarations of a lease file other than leases, in the order in which a rewrite writes them. */
export const blockKinds = [
  ...["class", "subclass", "group", "host", "failover"],
  ...["server-duid", "ia-na", "ia-ta", "ia-pd"],
] as const;

export type BlockKind = (typeof blockKinds)[number];

/** A declaration other than a lease, kept as its text. */
export interface LeaseFileBlock {
  readonly kind: BlockKind;
  /** What it declares: a later block with the same key replaces an earlier one. */
  readonly key: string;
  /** The whole block, one character a byte. */
  readonly text: string;
}

export interface LeaseFileSink {
  /** The record's byte arrays may be views of the scanned bytes. */
  onLease(record: LeaseRecord): void;
  /**
   * Takes a lease that needed no parser; the row is reused. When it returns false, or is absent, the
   * lease is parsed and passed to `onLease`.
   */
  onRow?(row: LeaseRow): boolean;
  onBlock(block: LeaseFileBlock): void;
  /** Receives an unknown statement inside an item that was read. */
  onSkipped?(skipped: SkippedStatement): void;
  /**
   * Receives a comment's offsets, from its `#` to its newline or the end of the bytes; perhaps twice, when
   * the scan begins again after "more".
   */
  onComment?(start: number, end: number): void;
}

/**
 * How a scan ended; `consumed` is the offset after the last whole item, and `itemEnd` the same even where
 * only blanks and comments follow.
 */
export type ScanEnd =
  | { readonly kind: "complete" | "more"; readonly consumed: number; readonly itemEnd: number }
  | {
      readonly kind: "torn" | "damaged";
      readonly consumed: number;
      readonly itemEnd: number;
      readonly recordOffset: number;
      readonly offset: number;
      readonly message: string;
    };

/**
 * Reads items from `start` to `end`. When more bytes will follow (`isLast` false), an item that looks cut
 * off or damaged near the end is left for the next call: "more".
 */
export function scanLeases(
  bytes: Uint8Array,
  start: number,
  end: number,
  isLast: boolean,
  sink: LeaseFileSink,
): ScanEnd {
  const lexer = new LeaseLexer(bytes, start, end);
  if (sink.onComment !== undefined) lexer.onComment = (from, to) => sink.onComment?.(from, to);
  const rows = sink.onRow === undefined ? undefined : new LeaseRowReader();
  let consumed = start;
  while (lexer.peek() >= 0) {
    const recordOffset = lexer.at;
    const rowEnd = rows === undefined ? -1 : rows.read(bytes, recordOffset, end);
    if (rows !== undefined && rowEnd >= 0 && sink.onRow?.(rows.row) === true) {
      lexer.at = rowEnd;
      consumed = rowEnd;
      continue;
    }
    lexer.skipped = [];
    try {
      parseItem(lexer, sink);
    } catch (error) {
      if (!(error instanceof LeaseSyntaxError)) throw error;
      if (!isLast && end - recordOffset < ITEM_BYTES_MAX) {
        return { kind: "more", consumed, itemEnd: consumed };
      }
      const kind = isTorn(bytes, recordOffset, end, error, isLast) ? "torn" : "damaged";
      const { offset, message } = error;
      return { kind, consumed, itemEnd: consumed, recordOffset, offset, message };
    }
    consumed = lexer.at;
    for (const statement of lexer.skipped) sink.onSkipped?.(statement);
  }
  // Blanks and comments at the end may continue in the next bytes, so they are read again then.
  const kind = isLast ? "complete" : "more";
  return { kind, consumed: isLast ? end : consumed, itemEnd: consumed };
}

/**
 * A crash in the middle of an append leaves a record without its end, or pages of zeros that were never
 * written. Anything else is damage, and so is anything followed by a whole lease.
 */
function isTorn(
  bytes: Uint8Array,
  recordOffset: number,
  end: number,
  error: LeaseSyntaxError,
  isLast: boolean,
): boolean {
  if (!isLast || end - recordOffset > ITEM_BYTES_MAX) return false;
  if (!error.atEnd && !isCutByZeros(bytes, recordOffset, end)) return false;
  return !hasLease(bytes, recordOffset + 1, end);
}

/** Whether the zeros at the end cut the text off; they may stand inside a word. */
function isCutByZeros(bytes: Uint8Array, start: number, end: number): boolean {
  let textEnd = end;
  while (textEnd > start && bytes[textEnd - 1] === 0) textEnd -= 1;
  if (textEnd === end || textEnd === start) return textEnd === start;
  try {
    parseItem(new LeaseLexer(bytes, start, textEnd), { onLease: () => {}, onBlock: () => {} });
    return false;
  } catch (error) {
    if (!(error instanceof LeaseSyntaxError)) throw error;
    return error.atEnd;
  }
}

/** True when a whole, readable lease begins at the start of a line between `start` and `end`. */
function hasLease(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    if (bytes[at - 1] !== 0x0a || bytes[at] !== 0x6c) continue;
    const lexer = new LeaseLexer(bytes, at, end);
    try {
      lexer.word();
      if (lexer.wordText() === "lease" && parseLease(lexer)) return true;
    } catch (error) {
      if (!(error instanceof LeaseSyntaxError)) throw error;
    }
  }
  return false;
}

const kindOf: ReadonlyMap<string, BlockKind> = new Map(blockKinds.map((kind) => [kind, kind]));

function parseItem(lexer: LeaseLexer, sink: LeaseFileSink): void {
  lexer.word();
  if (lexer.isWord("lease")) {
    sink.onLease(parseLease(lexer));
    return;
  }
  const start = lexer.wordStart;
  const word = lexer.wordText();
  const kind = kindOf.get(word.toLowerCase());
  if (kind !== undefined) {
    sink.onBlock(parseBlock(lexer, kind, start));
  } else if (lexer.isWord("authoring-byte-order")) {
    // It concerns the numbers in DHCPv6 records.
    lexer.skipStatement();
  } else {
    skipDeclaration(lexer, word, start);
  }
}

/**
 * Skips an unknown declaration, but never a lease with it: neither a lease whose first word is damaged,
 * nor the leases after a missing brace.
 */
function skipDeclaration(lexer: LeaseLexer, word: string, start: number): void {
  const what = `unknown declaration '${word}'`;
  const next = lexer.peek();
  if (next >= 0x30 && next <= 0x39) lexer.fail(what, start);
  lexer.skip(what, start);
  refuseLeases(lexer, word, start);
}

function refuseLeases(lexer: LeaseLexer, word: string, start: number): void {
  if (!hasLease(lexer.bytes, start + 1, lexer.at)) return;
  throw new LeaseSyntaxError(`a lease before the '}' of '${word}'`, start, false);
}

function parseBlock(lexer: LeaseLexer, kind: BlockKind, start: number): LeaseFileBlock {
  if (kind === "server-duid") {
    lexer.skipStatement();
    return { kind, key: kind, text: latin1Text(lexer.bytes.subarray(start, lexer.at)) };
  }
  let byte = lexer.peek();
  while (byte !== Byte.openingBrace) {
    // A subclass may be empty.
    if (byte === Byte.semicolon && kind === "subclass") break;
    if (byte === Byte.quote) lexer.string();
    else if (byte <= 0 || byte === Byte.closingBrace || byte === Byte.semicolon)
      lexer.fail("expected '{'");
    else lexer.at += 1;
    byte = lexer.peek();
  }
  const key = latin1Text(lexer.bytes.subarray(start, lexer.at)).trim().replace(/\s+/g, " ");
  lexer.skipStatement();
  refuseLeases(lexer, kind, start);
  return { kind, key, text: latin1Text(lexer.bytes.subarray(start, lexer.at)) };
}

/** A host or group that OMAPI created and deleted again: a rewrite leaves it out (LEASE-6). */
export function isPurgeable(block: LeaseFileBlock): boolean {
  const body = block.text.slice(block.text.indexOf("{"));
  return /[{;\s]dynamic\s*;/.test(body) && /[{;\s]deleted\s*;/.test(body);
}

export function countLines(bytes: Uint8Array, start: number, end: number): number {
  let lines = 0;
  for (let at = start; at < end; at += 1) if (bytes[at] === 0x0a) lines += 1;
  return lines;
}

/** The record as ISC writes it, with a newline at its end; all bytes are ASCII. */
export function writeRecord(record: LeaseRecord): string {
  const row = new LeaseRow();
  row.setRecord(record);
  const target = new Uint8Array(rowBytesMax(row));
  return latin1Text(target.subarray(0, formatRow(row, target, 0)));
}
