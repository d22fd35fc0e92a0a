import { latin1Bytes, latin1Text } from "../../../protocol/latin1.ts";
import type { LeaseBilling } from "../lease.ts";
import { Byte, type LeaseLexer } from "./lease-lexer.ts";

const LINE_FEED = 0x0a;

/** A string as the lexer reads it: quotes and backslashes inside it are escaped with a backslash. */
const escaped = /^\s*"(?:[^"\\]|\\.)*"(?:\s+(?:"(?:[^"\\]|\\.)*"|[0-9a-f:]+))?\s*;/i;
/** As dhcpd writes it: name and text between quotes, with any bytes inside, alone on the line. */
const asWritten = {
  class: /^\s*"(.+)";\s*$/,
  subclass: /^\s*"(.+?)" "(.+)";\s*$/,
} as const;

/**
 * Reads `class "NAME";` or `subclass "NAME" HASH;` after `billing`. dhcpd does not escape the name, nor
 * the text that chose the subclass, and cannot read them back itself when they contain a quote. Such a
 * lease must not prevent a start.
 */
export function parseBilling(lexer: LeaseLexer): LeaseBilling {
  lexer.word();
  const isSubclass = lexer.isWord("subclass");
  if (!isSubclass && !lexer.isWord("class")) {
    lexer.fail("expected 'class' or 'subclass'", lexer.wordStart);
  }
  return unescaped(lexer, isSubclass ? "subclass" : "class") ?? parseEscaped(lexer, isSubclass);
}

function parseEscaped(lexer: LeaseLexer, isSubclass: boolean): LeaseBilling {
  const name = lexer.string();
  const className = latin1Text(name);
  if (lexer.peek() === Byte.semicolon || !isSubclass) {
    lexer.expect(Byte.semicolon);
    return { className };
  }
  const hash = lexer.data();
  lexer.expect(Byte.semicolon);
  return { className, hash };
}

function unescaped(lexer: LeaseLexer, kind: "class" | "subclass"): LeaseBilling | undefined {
  const { bytes, end, at: start } = lexer;
  let at = start;
  let quotes = 0;
  let hasBackslash = false;
  for (; at < end && bytes[at] !== LINE_FEED; at += 1) {
    if (bytes[at] === Byte.quote) quotes += 1;
    else if (bytes[at] === Byte.backslash) hasBackslash = true;
  }
  if (!hasBackslash && (quotes === 2 || (quotes === 4 && kind === "subclass"))) return undefined;
  const line = latin1Text(bytes.subarray(start, at));
  if (escaped.test(line)) return undefined;
  const [, className, hash] = asWritten[kind].exec(line) ?? [];
  if (className === undefined) return undefined;
  lexer.at = at;
  if (hash === undefined) return { className };
  return { className, hash: latin1Bytes(hash) };
}
