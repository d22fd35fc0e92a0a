import type { LeaseBilling } from "../lease.ts";
import { type LeaseLexer, latin1 } from "./lease-lexer.ts";

const LINE_FEED = 0x0a;
const QUOTE = 0x22;
const SEMICOLON = 0x3b;
const BACKSLASH = 0x5c;

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
  const className = latin1(name, 0, name.length);
  if (lexer.peek() === SEMICOLON || !isSubclass) {
    lexer.expect(SEMICOLON);
    return { className };
  }
  const hash = lexer.peek() === QUOTE ? lexer.string() : lexer.hexList();
  lexer.expect(SEMICOLON);
  return { className, hash };
}

function unescaped(lexer: LeaseLexer, kind: "class" | "subclass"): LeaseBilling | undefined {
  const { bytes, end, at: start } = lexer;
  let at = start;
  let quotes = 0;
  let hasBackslash = false;
  for (; at < end && bytes[at] !== LINE_FEED; at += 1) {
    if (bytes[at] === QUOTE) quotes += 1;
    else if (bytes[at] === BACKSLASH) hasBackslash = true;
  }
  if (!hasBackslash && (quotes === 2 || (quotes === 4 && kind === "subclass"))) return undefined;
  const line = latin1(bytes, start, at);
  if (escaped.test(line)) return undefined;
  const [, className, hash] = asWritten[kind].exec(line) ?? [];
  if (className === undefined) return undefined;
  lexer.at = at;
  if (hash === undefined) return { className };
  return { className, hash: Uint8Array.from(hash, (character) => character.charCodeAt(0)) };
}
