import type { LeaseRecord } from "../lease.ts";
import { countLines, type LeaseFileBlock, type LeaseFileSink, scanLeases } from "./lease-file.ts";
import type { SkippedStatement } from "./lease-lexer.ts";

/** Where and why a part of the file cannot be read. `line` counts from 1. */
interface LeaseFileProblem {
  /** Where the unreadable record or block begins. */
  readonly recordOffset: number;
  readonly recordLine: number;
  /** Where in it the reading failed. */
  readonly offset: number;
  readonly line: number;
  readonly message: string;
}

interface ParsedLeaseFile {
  readonly records: readonly LeaseRecord[];
  readonly blocks: readonly LeaseFileBlock[];
  /** Unknown statements that were skipped. */
  readonly skipped: readonly SkippedStatement[];
  /** A crash cut off the last record. It was never acknowledged, so it is left out. */
  readonly tornTail?: LeaseFileProblem;
  /** The file is damaged before its end; `records` are those before the damage. */
  readonly error?: LeaseFileProblem;
}

/** Reads a whole lease file in ISC's grammar; records view the bytes. Never throws. */
export function parseLeaseFile(input: string | Uint8Array): ParsedLeaseFile {
  const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
  const records: LeaseRecord[] = [];
  const blocks: LeaseFileBlock[] = [];
  const skipped: SkippedStatement[] = [];
  const sink: LeaseFileSink = {
    onLease: (record) => records.push(record),
    onBlock: (block) => blocks.push(block),
    onSkipped: (statement) => skipped.push(statement),
  };
  const found = { records, blocks, skipped };
  const end = scanLeases(bytes, 0, bytes.length, true, sink);
  if (end.kind !== "torn" && end.kind !== "damaged") return found;
  const problem: LeaseFileProblem = {
    recordOffset: end.recordOffset,
    recordLine: 1 + countLines(bytes, 0, end.recordOffset),
    offset: end.offset,
    line: 1 + countLines(bytes, 0, end.offset),
    message: end.message,
  };
  return end.kind === "torn" ? { ...found, tornTail: problem } : { ...found, error: problem };
}
