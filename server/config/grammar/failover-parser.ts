import type { FailoverPeer } from "../model/model.ts";
import { Token } from "../text/lexer.ts";
import type { Block, Declarations } from "./block.ts";
import type { Parser } from "./parser.ts";

const SPLIT_MAX = 256;
const HBA_OCTETS = 32;
const NUMBER_MAX = 0x7fff_ffff;

/**
 * What to use instead of failover: a warning of `-t`, and the reason why the server does not start.
 */
export const failoverReplacement =
  "run a warm-standby pair: one server on a lease file that both machines share, started on the other one " +
  "when the first fails; never both at once: remove this block and the failover lines of its pools.";

/** Statements of a peer that take one number. */
const numbers: ReadonlySet<string> = new Set([
  ...["port", "max-response-delay", "max-unacked-updates", "mclt", "auto-partner-down"],
  ...["max-lease-misbalance", "max-lease-ownership", "max-balance", "min-balance"],
]);

interface PeerDraft {
  role: FailoverPeer["role"];
  hasPartner: boolean;
  hasSplit: boolean;
  hasMclt: boolean;
}

/**
 * `failover peer "NAME" { … }`, or in a shared network `failover peer "NAME";`. The block is read to
 * its end, with dhcpd's own errors, and then warned of: a server does not start with it, because two
 * that both lend from a pool and do not talk to each other would give the same address twice.
 */
export function parseFailover(declarations: Declarations, block: Block): void {
  const { parser } = declarations;
  const { at } = parser;
  if (block.kind !== "top" && block.kind !== "shared-network") {
    const hint = "at the top level or in a shared-network.";
    parser.fail("failover peers may only be defined in shared-network", hint);
  }
  parser.lexer.next();
  parser.expectWord("peer");
  const name = takePeerName(parser);
  if (parser.accept(";")) {
    if (block.kind === "top") {
      const message = "failover peer reference not in shared-network declaration";
      parser.fail(message, undefined, at);
    }
    requirePeer(parser, block, name, at);
    return;
  }
  if (block.builder.failoverPeers.has(name)) {
    parser.fail(`redeclaration of failover peer ${name}`, undefined, at);
  }
  const errorsBefore = parser.errors.length;
  const draft = parsePeer(parser);
  block.builder.failoverPeers.set(name, { name, role: draft.role });
  block.builder.failoverPlaces.push({ name, lexer: parser.lexer, at });
  const missing = whatIsMissing(draft);
  if (parser.errors.length > errorsBefore) return;
  if (missing === undefined) {
    const message = `failover peer ${name} keeps the server from starting: the failover protocol is not spoken.`;
    parser.warn(message, failoverReplacement, at);
  } else {
    parser.report(missing, undefined, parser.closedAt);
  }
}

/** In a pool: `failover peer "NAME";`, `no failover peer;`. */
export function parsePoolFailover(parser: Parser, block: Block): void {
  const { at } = parser;
  const isNone = parser.acceptWord("no");
  parser.expectWord("failover");
  parser.expectWord("peer");
  const name = isNone ? undefined : parser.takeText("expecting string.");
  // dhcpd wants no semicolon after "no failover peer".
  if (isNone) parser.accept(";");
  else parser.endStatement();
  if (name !== undefined) requirePeer(parser, block, name, at);
  if (block.pool !== undefined) block.pool.failoverPeer = name;
}

function requirePeer(parser: Parser, block: Block, name: string, at: number): void {
  if (block.builder.failoverPeers.has(name)) return;
  parser.report(`failover peer ${name}: not found`, "a peer is declared before its pools.", at);
}

function takePeerName(parser: Parser): string {
  const message = "expecting failover peer name.";
  return parser.lexer.kind === Token.string ? parser.takeText(message) : parser.takeWord(message);
}

function parsePeer(parser: Parser): PeerDraft {
  const draft: PeerDraft = {
    role: undefined,
    hasPartner: false,
    hasSplit: false,
    hasMclt: false,
  };
  parser.openBrace("expecting left brace");
  while (!parser.lexer.is("}") && parser.lexer.kind !== Token.end) {
    parsePeerStatement(parser, draft);
    parser.endStatement();
  }
  parser.closeBrace();
  return draft;
}

function parsePeerStatement(parser: Parser, draft: PeerDraft): void {
  const isPartner = parser.acceptWord("peer");
  const { at } = parser;
  const word = parser.takeWord("invalid statement in peer declaration").toLowerCase();
  if (word === "primary" || word === "secondary") {
    draft.role = word;
  } else if (word === "address") {
    draft.hasPartner ||= isPartner;
    if (parser.isDottedQuad) parser.takeIpv4();
    else parser.takeDotted("expecting an address or a host name.");
  } else if (numbers.has(word)) {
    draft.hasMclt ||= word === "mclt";
    parser.takeNumber(0, NUMBER_MAX);
  } else if (word === "split" || word === "hba") {
    draft.hasSplit = true;
    takeBalance(parser, word);
    if (draft.role === "secondary") {
      parser.report("secondary may not define load balance settings.", undefined, at);
    }
  } else if (word === "load") {
    parser.expectWord("balance");
    parser.expectWord("max");
    if (!parser.acceptWord("secs")) parser.expectWord("seconds");
    parser.takeNumber(0, NUMBER_MAX);
  } else {
    parser.fail("invalid statement in peer declaration", undefined, at);
  }
}

function takeBalance(parser: Parser, word: "split" | "hba"): void {
  const { at } = parser;
  if (word === "split") {
    const split = parser.takeNumber(0, NUMBER_MAX);
    if (split <= SPLIT_MAX) return;
    parser.report("split must be between 0 and 256, inclusive", undefined, at);
  } else if (parser.takeHexList("expecting hexadecimal octets.").length !== HBA_OCTETS) {
    parser.report("HBA must be exactly 32 bytes.", undefined, at);
  }
}

function whatIsMissing(draft: PeerDraft): string | undefined {
  if (!draft.hasPartner) return "peer address may not be omitted";
  if (draft.role !== "primary") return undefined;
  if (!draft.hasSplit) return "primary failover server must have hba or split.";
  return draft.hasMclt ? undefined : "primary failover server must have mclt.";
}
