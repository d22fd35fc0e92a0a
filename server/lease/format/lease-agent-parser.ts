import { bytesOf } from "../../../protocol/bytes.ts";
import {
  type AgentValueKind,
  agentOptionCode,
  agentOptionNames,
  agentValueKind,
} from "../agent-option.ts";
import { Byte, hashWord, type LeaseLexer } from "./lease-lexer.ts";

/** A sub-option of option 82 (RFC 3046). */
export interface AgentOption {
  readonly code: number;
  /** At most 255 bytes. */
  readonly value: Uint8Array;
}

const agentByHash = new Map(
  agentOptionNames.map((name, code) => [hashWord(name), { name, code }] as const),
);

/**
 * Reads `agent.NAME VALUE;` after the `option` or `supersede` at `start`. dhcpd skips any other option of
 * a lease, and so do we: the result is then undefined.
 */
export function parseAgentOption(lexer: LeaseLexer, start: number): AgentOption | undefined {
  const known = agentByHash.get(lexer.word());
  const isKnown = known !== undefined && lexer.isWord(known.name);
  const code = isKnown ? known.code : agentOptionCode(lexer.wordText());
  if (code === undefined) {
    lexer.skip(`option '${lexer.wordText()}', which no lease has`, start);
    return undefined;
  }
  // Only `supersede` has an equals sign.
  if (lexer.peek() === Byte.equals) lexer.at += 1;
  // `unknown-5` is accepted for a code that has a name: older releases of ISC knew fewer names.
  const value = readAgentValue(lexer, isKnown ? agentValueKind(code) : "bytes");
  lexer.expect(Byte.semicolon);
  if (value.length > 255) lexer.fail(`sub-option ${code} has ${value.length} bytes`);
  return { code, value };
}

function readAgentValue(lexer: LeaseLexer, kind: AgentValueKind): Uint8Array {
  const first = lexer.peek();
  if (first === Byte.semicolon) return new Uint8Array(0);
  if (first === Byte.quote) return lexer.string();
  if (kind === "address") return bytesOf(lexer.address(), 4);
  if (kind === "u32") return bytesOf(lexer.integer(0xffff_ffff), 4);
  return lexer.hexList();
}
