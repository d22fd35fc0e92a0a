import { hardware } from "../language/data-expressions.ts";
import { suggestion } from "../text/hints.ts";
import type { ConfigBuilder } from "./config-builder.ts";
import { expressionNames } from "./expression-functions.ts";
import type { Parser } from "./parser.ts";

/** Variables that dhcpd itself keeps with a lease (server/ddns.c). */
const leaseVariables: ReadonlySet<string> = new Set([
  ...["ddns-fwd-name", "ddns-rev-name", "ddns-txt", "ddns-dhcid", "ddns-client-fqdn"],
]);

/** Checks that need the whole configuration. */
export function checkWhole(parser: Parser, builder: ConfigBuilder): void {
  const { lexer } = parser;
  checkKeys(parser, builder);
  checkReferences(parser);
  checkSpaces(parser);
  checkClasses(parser, builder);
  checkFailover(parser, builder);
  parser.lexer = lexer;
}

function checkKeys(parser: Parser, { keys }: ConfigBuilder): void {
  for (const { name, lexer, at } of parser.keyReferences) {
    parser.lexer = lexer;
    if (!keys.has(name)) parser.report(`unknown key ${name}`, suggestion(name, keys.keys()), at);
  }
}

/** Only what the pool itself declares counts, not what its network declares. */
function checkFailover(parser: Parser, { failoverPlaces, pools }: ConfigBuilder): void {
  for (const { name, lexer, at } of failoverPlaces) {
    if (pools.some(({ failoverPeer }) => failoverPeer === name)) continue;
    parser.lexer = lexer;
    const hint = `refer to it in at least one pool: failover peer "${name}";`;
    parser.report(`Failover peer, ${name}, has no referring pools.`, hint, at);
  }
}

/** dhcpd accepts these silently, and the value is null. */
function checkReferences(parser: Parser): void {
  for (const [key, { name, kind, lexer, at }] of parser.references) {
    if (parser.variablesSet.has(key) || leaseVariables.has(key)) continue;
    parser.lexer = lexer;
    const hint =
      suggestion(name, [...expressionNames, ...parser.variablesSet]) ??
      (kind === "function" ? "define NAME (…) { … } makes one." : "set NAME = …; gives it one.");
    const lack = kind === "function" ? "is nowhere defined" : "never has a value";
    parser.warn(`${kind} ${name.slice(0, 60)} ${lack}.`, hint, at);
  }
}

/** ERR-18 */
function checkSpaces(parser: Parser): void {
  for (const { name, lexer, at } of parser.spaceReferences) {
    if (parser.registry.space(name) !== undefined) continue;
    parser.lexer = lexer;
    const hint = `declare it: option space ${name.slice(0, 60)};`;
    parser.warn(`no option space named ${name.slice(0, 60)}: nothing is sent.`, hint, at);
  }
}

/** Classes that can never have a member (ERR-6), and subclasses that never match (ERR-13). */
function checkClasses(parser: Parser, { classPlaces, classes }: ConfigBuilder): void {
  for (const { name, lexer, at } of classPlaces) {
    const clientClass = classes.byName(name);
    if (clientClass === undefined) continue;
    const { match, matchIf, subclasses } = clientClass;
    parser.lexer = lexer;
    if (match === undefined && subclasses.count > 0) {
      const hint = "say what to look up: match substring (hardware, 1, 6);";
      parser.warn(`class ${name} has subclasses but nothing to match them with.`, hint, at);
    } else if (match === undefined && matchIf === undefined) {
      const hint = "match if, match or spawn with says who does.";
      parser.warn(`class ${name} has no match statement: no client belongs to it.`, hint, at);
    } else if (subclasses.bareMacs > 0 && subclasses.typedMacs > 0) {
      const counts = `${subclasses.typedMacs} with the type (1:MAC), ${subclasses.bareMacs} without`;
      const message = `subclasses of class ${name} have two forms: ${counts}.`;
      parser.warn(message, "only one of them can be what the class matches.", at);
    } else if (match === hardware && subclasses.bareMacs > 0) {
      const message = `class ${name} matches hardware, which begins with its type.`;
      parser.warn(message, "write the subclasses as 1:MAC.", at);
    }
  }
}
