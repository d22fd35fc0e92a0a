import { isVariableName, type LeaseValue } from "../lease.ts";
import { Byte, type LeaseLexer } from "./lease-lexer.ts";

const PERCENT = 0x25;

/**
 * Reads the value after `set NAME =` in a lease: a string, bytes as `1:a:ff`, `%NUMBER`, `true` or
 * `false`. Returns undefined and does not move the lexer when the name or the value is of another kind.
 */
export function parseVariable(lexer: LeaseLexer, name: string): LeaseValue | undefined {
  if (!isVariableName(name)) return undefined;
  const first = lexer.peek();
  if (first === Byte.quote) return lexer.string();
  if (first === PERCENT) {
    lexer.at += 1;
    return lexer.signedInteger(Number.MAX_SAFE_INTEGER);
  }
  const start = lexer.at;
  if (!isWordStart(first)) return undefined;
  lexer.word();
  if (lexer.isWord("true")) return true;
  if (lexer.isWord("false")) return false;
  const isByte = /^[0-9a-f]{1,2}$/i.test(lexer.wordText());
  lexer.at = start;
  return isByte ? lexer.hexList() : undefined;
}

function isWordStart(byte: number): boolean {
  const small = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (small >= 0x61 && small <= 0x7a);
}
