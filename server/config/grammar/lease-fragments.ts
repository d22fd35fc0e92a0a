import type { OnEvent, Statement } from "../language/program.ts";
import { BlockScope } from "../model/block-scope.ts";
import type { Scope, ServerConfig } from "../model/model.ts";
import { Lexer, Token } from "../text/lexer.ts";
import { SourceFile } from "../text/source-file.ts";
import { SyntaxFailure, TooManyErrors } from "../text/token-reader.ts";
import { type HostDraft, innerBlock, newHost, topBlock } from "./block.ts";
import { ConfigBuilder } from "./config-builder.ts";
import { createDeclarations } from "./declaration-parser.ts";
import { Parser } from "./parser.ts";
import { parseStatement } from "./statement-parser.ts";

/** A part of a lease file in the language of dhcpd.conf: parsed, or the reason why it is invalid. */
export type Fragment<Part> =
  | { readonly kind: "ok"; readonly part: Part }
  | { readonly kind: "failed"; readonly message: string };

/** `on EVENT [or EVENT]… { … }`, as a lease remembers it. */
export function parseLeaseEvent(config: ServerConfig, text: string): Fragment<OnEvent> {
  const parser: Parser = parserOf(config, text);
  const statements: Statement[] = [];
  const scope = new BlockScope(undefined);
  return attempt(parser, () => {
    parseStatement(parser, { scope, statements, isTopLevel: false, depth: 0 });
    const [statement] = statements;
    if (statement?.kind !== "on") parser.fail("expecting on EVENT.");
    return statement;
  });
}

/** The statements of a host that was made while a server ran; `group` names one of dhcpd.conf. */
export function parseHostStatements(
  config: ServerConfig,
  text: string,
  groupName: string | undefined,
): Fragment<HostDraft & { readonly scope: Scope }> {
  const parser = parserOf(config, `{ ${text} }`);
  const group = groupName === undefined ? undefined : config.groups.get(groupName);
  if (groupName !== undefined && group === undefined) {
    return { kind: "failed", message: `unknown group ${groupName}` };
  }
  const scope = new BlockScope(group ?? config.root);
  const top = topBlock(new ConfigBuilder(), new BlockScope(undefined));
  const host = newHost("", group);
  const noFiles = (): never => {
    throw new Error("not in a lease file");
  };
  return attempt(parser, () => {
    createDeclarations(parser, noFiles).parseBlock({ ...innerBlock(top, "host", scope), host });
    return { ...host, scope };
  });
}

function parserOf(config: ServerConfig, text: string): Parser {
  const lexer = new Lexer(new SourceFile("lease file", text));
  return new Parser(lexer, config.definitions, config.execute);
}

function attempt<Part>(parser: Parser, parse: () => Part): Fragment<Part> {
  let part: Part | undefined;
  try {
    part = parse();
    if (parser.lexer.kind !== Token.end) parser.fail("unexpected text after the end.");
  } catch (error) {
    if (!(error instanceof SyntaxFailure || error instanceof TooManyErrors)) throw error;
  }
  const [error] = parser.errors;
  if (error !== undefined) return { kind: "failed", message: error.message };
  return part === undefined ? { kind: "failed", message: "not understood" } : { kind: "ok", part };
}
