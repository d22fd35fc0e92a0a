import type { Block } from "./block.ts";
import { BlockScope } from "./block-scope.ts";
import { warnOfIdleClasses } from "./class-parser.ts";
import { ConfigBuilder } from "./config-builder.ts";
import {
  type ConfigReader,
  cannotOpen,
  createDeclarations,
  parseFile,
} from "./declaration-parser.ts";
import { Lexer } from "./lexer.ts";
import type { ParseOutcome, ServerConfig } from "./model.ts";
import { OptionRegistry } from "./option-registry.ts";
import { Parser, TooManyErrors } from "./parser.ts";
import { processSettingsOf } from "./process-settings.ts";
import { SourceFile } from "./source-file.ts";
import { SubnetIndex } from "./subnet-index.ts";

export type { ConfigReader } from "./declaration-parser.ts";
export { type Diagnostic, formatDiagnostic } from "./diagnostic.ts";
export type { ParseOutcome } from "./model.ts";

/**
 * Reads a dhcpd.conf (CONF-1 to CONF-13) and the files that it includes. What is wrong is reported
 * as far as it can be found in one go; what dhcpd knows and this server does not is an error that
 * names it. `reader` may throw any Error, which becomes a diagnostic.
 */
export function parseConfig(path: string, reader: ConfigReader): ParseOutcome {
  let text: string;
  try {
    text = reader(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const message = cannotOpen(path, error);
    return { kind: "failed", diagnostics: [{ file: path, line: 1, column: 1, text: "", message }] };
  }
  const parser = new Parser(new Lexer(new SourceFile(path, text)), new OptionRegistry());
  const root = new BlockScope(undefined);
  const builder = new ConfigBuilder();
  const top: Block = {
    kind: "top",
    builder,
    scope: root,
    statements: root.statements,
    isTopLevel: true,
    depth: 0,
    includes: 0,
  };
  try {
    parseFile(createDeclarations(parser, reader), top);
    for (const { name, lexer, at } of parser.keyReferences) {
      parser.lexer = lexer;
      if (!builder.keys.has(name)) parser.report(`unknown key ${name}`, undefined, at);
    }
    warnOfIdleClasses(parser, builder.classPlaces);
  } catch (error) {
    if (!(error instanceof TooManyErrors)) throw error;
  }
  if (parser.errors.length > 0) return { kind: "failed", diagnostics: parser.errors };
  return { kind: "ok", config: configOf(parser, builder, root), warnings: parser.warnings };
}

function configOf(parser: Parser, builder: ConfigBuilder, root: BlockScope): ServerConfig {
  const { networks, pools, classes, hosts, groups, keys, zones, subnets } = builder;
  const index = new SubnetIndex(subnets);
  return {
    root,
    sharedNetworks: networks,
    pools,
    classes,
    hosts,
    groups,
    process: processSettingsOf(root, parser.registry),
    definitions: parser.registry,
    keys: [...keys.values()],
    zones,
    hostNames: [...parser.hostNames],
    subnetOf: (address) => index.of(address),
  };
}
