import { BlockScope } from "../model/block-scope.ts";
import type { ClassDeclaration } from "../model/class-table.ts";
import { hasTypographicQuote, QUOTE_HINT, suggestion } from "../text/hints.ts";
import { Token } from "../text/lexer.ts";
import type { Declarations } from "./block.ts";
import { type Block, innerBlock } from "./block.ts";
import { parseBooleanExpression, parseDataExpression } from "./expression-parser.ts";
import type { Parser } from "./parser.ts";

const LEASE_LIMIT_MAX = 0x7fff_ffff;

/** `class "NAME" { … }`; a class can be opened again to add to it. */
export function parseClass(declarations: Declarations, block: Block): void {
  const { parser } = declarations;
  refuseInside(parser, block, "class");
  parser.lexer.next();
  const { at, lexer } = parser;
  const name = parser.takeText("Expecting class name");
  const { classes } = block.builder;
  let clientClass = classes.byName(name);
  if (clientClass === undefined) {
    clientClass = classes.add(name, new BlockScope(block.scope));
    block.builder.classPlaces.push({ name, lexer, at });
  }
  const inner = innerBlock(block, "class", clientClass.scope);
  declarations.parseBlock({ ...inner, host: undefined, clientClass });
}

/** `subclass "CLASS" VALUE;` or with a block of its own (CLASS-11, CLASS-12). */
export function parseSubclass(declarations: Declarations, block: Block): void {
  const { parser } = declarations;
  refuseInside(parser, block, "subclass");
  parser.lexer.next();
  const nameAt = parser.at;
  const name = parser.takeText("Expecting class name");
  const clientClass =
    block.builder.classes.byName(name) ??
    parser.fail(`no class named ${name}`, missingClassHint(name, block), nameAt);
  const { subclasses } = clientClass;
  const key =
    parser.lexer.kind === Token.string
      ? parser.takeString("")
      : parser.takeHexList("Expecting string or hex list.");
  const index = subclasses.add(key);
  if (!parser.lexer.is("{")) {
    parser.endStatement();
    return;
  }
  const before = subclasses.scopes.get(index);
  const scope = before ?? new BlockScope(clientClass.scope);
  const inner = innerBlock(block, "subclass", scope);
  declarations.parseBlock({ ...inner, host: undefined, clientClass, subclass: index });
  if (!scope.isEmpty) subclasses.scopes.set(index, scope);
}

function missingClassHint(name: string, { builder }: Block): string {
  if (hasTypographicQuote(name)) return QUOTE_HINT;
  const names = builder.classes.all.map((other) => other.name);
  return suggestion(name, names) ?? "a class is declared before its subclasses.";
}

/** Parses what only a class or a subclass can say; false when it is something else. */
export function parseClassStatement(
  parser: Parser,
  block: Block,
  clientClass: ClassDeclaration,
): boolean {
  const { lexer, at } = parser;
  const { word } = lexer;
  if (word !== "match" && word !== "spawn" && word !== "lease") return false;
  if (block.subclass !== undefined && word !== "lease") {
    parser.fail(`invalid ${word} in subclass.`, "the class says what is looked up.");
  }
  lexer.next();
  if (word === "lease") {
    parser.expectWord("limit");
    const limit = parser.takeNumber(0, LEASE_LIMIT_MAX);
    parser.endStatement();
    if (block.subclass === undefined) clientClass.leaseLimit = limit;
    else clientClass.subclasses.leaseLimits.set(block.subclass, limit);
  } else if (word === "match" && parser.acceptWord("if")) {
    const condition = parseBooleanExpression(parser);
    parser.endStatement();
    if (clientClass.matchIf !== undefined) {
      parser.report("A class may only have one 'match if' clause.", undefined, at);
    }
    clientClass.matchIf = condition;
  } else {
    if (word === "spawn") parser.expectWord("with");
    const data = parseDataExpression(parser);
    parser.endStatement();
    if (clientClass.match !== undefined) {
      parser.report("can't override existing submatch/spawn.", undefined, at);
    }
    clientClass.match = data;
    clientClass.spawning = word === "spawn";
  }
  return true;
}

function refuseInside(parser: Parser, block: Block, what: string): void {
  if (block.clientClass === undefined) return;
  parser.fail(`${what} declarations not allowed here.`, "is a } missing further up?");
}
