import { systemReason } from "../../process/start-error.ts";
import { BlockScope } from "../model/block-scope.ts";
import { misreadHint } from "../text/hints.ts";
import { Lexer, Token } from "../text/lexer.ts";
import { SourceFile } from "../text/source-file.ts";
import { type Block, type ConfigReader, type Declarations, innerBlock } from "./block.ts";
import { parseClass, parseClassStatement, parseSubclass } from "./class-parser.ts";
import { parseFailover, parsePoolFailover } from "./failover-parser.ts";
import { joinGroup, parseHost, parseHostStatement } from "./host-parser.ts";
import { parseKey, parseZone } from "./key-parser.ts";
import {
  parsePermit,
  parsePool,
  parseRange,
  parseSharedNetwork,
  parseSubnet,
} from "./network-parser.ts";
import type { Parser } from "./parser.ts";
import { parseStatement, statementHint } from "./statement-parser.ts";

const INCLUDES_MAX = 16;
/** A file that stands in several places counts each time. */
const FILES_MAX = 4096;
const BLOCKS_MAX = 100;

type DeclarationParser = (declarations: Declarations, block: Block) => void;

// Each is called with its keyword still to be taken.
const declarationParsers: Readonly<Record<string, DeclarationParser>> = {
  include: parseInclude,
  "shared-network": parseSharedNetwork,
  subnet: parseSubnet,
  pool: parsePool,
  range: parseRange,
  host: parseHost,
  group: parseGroup,
  class: parseClass,
  subclass: parseSubclass,
  key: parseKey,
  zone: parseZone,
  failover: parseFailover,
};

/**
 * Parts that each kind of block counts for. A subnet stands in several tables, so it counts for
 * more.
 */
const partsOfBlock: Readonly<Record<string, number>> = {
  ...{ subnet: 16, "shared-network": 4, pool: 4, group: 4, class: 4, key: 4, zone: 4 },
};

export function createDeclarations(parser: Parser, reader: ConfigReader): Declarations {
  const declarations: Declarations = {
    parser,
    reader,
    parseBlock(block) {
      if (parser.braces >= BLOCKS_MAX) parser.fail("too many blocks inside each other.");
      parser.openBrace("left brace expected.", braceHint(parser));
      parser.takeItems(() => parseItem(declarations, block));
      parser.closeBrace();
    },
  };
  return declarations;
}

/** A name that goes on after its end was one with blanks in it (ERR-3). */
function braceHint(parser: Parser): string | undefined {
  const { lexer } = parser;
  const goesOn = lexer.kind === Token.word || lexer.is("/");
  return goesOn && !lexer.startsLine ? "a name with blanks or / in it needs quotes." : undefined;
}

/** A whole file; a `}` that closes nothing is an error. */
export function parseFile(declarations: Declarations, block: Block): void {
  const { parser } = declarations;
  for (;;) {
    parser.takeItems(() => parseItem(declarations, block));
    if (parser.lexer.kind === Token.end) return;
    parser.report("right brace closes nothing.", "there is one } too many, or a { is missing.");
    parser.lexer.next();
  }
}

function parseItem(declarations: Declarations, block: Block): void {
  const { parser } = declarations;
  if (block.host !== undefined && parseHostStatement(parser, block.host)) return;
  if (block.clientClass !== undefined && parseClassStatement(parser, block, block.clientClass)) {
    return;
  }
  const { word } = parser.lexer;
  if (block.pool !== undefined && (word === "allow" || word === "deny")) {
    parsePermit(parser, block, block.pool);
    return;
  }
  if (block.pool !== undefined && (word === "failover" || word === "no")) {
    parsePoolFailover(parser, block);
    return;
  }
  if (word === "interface" && (block.kind === "shared-network" || block.kind === "subnet")) {
    parseInterface(parser);
    return;
  }
  if (block.host !== undefined && (word === "authoritative" || word === "not")) {
    parser.fail("authority makes no sense here.", "it belongs to a network or the top level.");
  }
  if (Object.hasOwn(declarationParsers, word)) {
    // A host only names its group.
    if (block.host === undefined) parser.countParts(partsOfBlock[word] ?? 0);
    declarationParsers[word](declarations, block);
    return;
  }
  if (parseStatement(parser, block)) return;
  parser.fail(
    "expecting a parameter or declaration",
    word === ""
      ? misreadHint(parser.lexer)
      : (statementHint(word) ?? `"${word.slice(0, 60)}" is not a statement of dhcpd.conf.`),
  );
}

/** `interface NAME;` in a network: which one it is follows from its addresses. */
function parseInterface(parser: Parser): void {
  const { at, lexer } = parser;
  lexer.next();
  if (lexer.kind === Token.string) parser.takeText("");
  else parser.takeWord("expecting an interface name.");
  parser.endStatement();
  const hint = "a network is on the interface that has an address in it.";
  parser.warn("interface has no effect.", hint, at);
}

/** `group { … }`, `group NAME { … }`; inside a host, `group NAME;`. */
function parseGroup(declarations: Declarations, block: Block): void {
  const { parser } = declarations;
  const { lexer, at } = parser;
  if (block.host !== undefined) {
    lexer.next();
    joinGroup(parser, block, block.host);
    return;
  }
  if (block.clientClass !== undefined) parser.fail("group declarations not allowed here.");
  lexer.next();
  const name = lexer.is("{") ? undefined : parser.takeLabel("expecting left brace.");
  const scope = new BlockScope(block.scope);
  declarations.parseBlock(innerBlock(block, "group", scope));
  if (name === undefined) return;
  // Only now, as in dhcpd: a host inside the group cannot join it.
  if (block.builder.groups.has(name)) {
    parser.warn(`group ${name} is declared again.`, "hosts below get the new one.", at);
  }
  block.builder.groups.set(name, scope);
}

/**
 * `include "FILE";`: its statements count as if they stood here. A relative path is looked up where
 * the server was started, as dhcpd does.
 */
function parseInclude(declarations: Declarations, block: Block): void {
  const { parser, reader } = declarations;
  parser.lexer.next();
  const { at } = parser;
  const path = parser.takeText("filename string expected.");
  parser.endStatement();
  const { includes } = block;
  if (includes.includes(path) || parser.lexer.file.path === path) {
    parser.fail(`${path}: this file includes itself.`, [...includes, path].join(" > "), at);
  }
  if (includes.length >= INCLUDES_MAX) {
    parser.fail(`${path}: more than ${INCLUDES_MAX} files include each other.`, undefined, at);
  }
  block.builder.filesIncluded += 1;
  if (block.builder.filesIncluded > FILES_MAX) {
    parser.fail(`${path}: more than ${FILES_MAX} files are included.`, undefined, at);
  }
  let text: string;
  try {
    text = reader(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    parser.report(cannotOpen(path, error), undefined, at);
    return;
  }
  const outer = parser.lexer;
  parser.lexer = new Lexer(new SourceFile(path, text));
  try {
    parseFile(declarations, { ...block, includes: [...includes, path] });
  } finally {
    parser.lexer = outer;
  }
}

/** The message when a file cannot be opened. */
export function cannotOpen(path: string, error: Error): string {
  return `Can't open ${path}: ${systemReason(error)}`;
}
