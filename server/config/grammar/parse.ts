import { OptionRegistry } from "../language/option-registry.ts";
import type { ExecuteRule, VariableScope } from "../language/program.ts";
import { runStatements } from "../language/run-statements.ts";
import { Settings } from "../language/settings.ts";
import { BlockScope } from "../model/block-scope.ts";
import type { ParseOutcome, Scope, ServerConfig } from "../model/model.ts";
import { processSettingsOf } from "../model/process-settings.ts";
import { SubnetIndex } from "../model/subnet-index.ts";
import { Lexer } from "../text/lexer.ts";
import { SourceFile } from "../text/source-file.ts";
import { TooManyErrors } from "../text/token-reader.ts";
import { type ConfigReader, topBlock } from "./block.ts";
import { ConfigBuilder } from "./config-builder.ts";
import { cannotOpen, createDeclarations, parseFile } from "./declaration-parser.ts";
import { checkWhole } from "./final-checks.ts";
import { Parser } from "./parser.ts";

export type { ParseOutcome } from "../model/model.ts";
export { type Diagnostic, formatDiagnostic } from "../text/diagnostic.ts";
export type { ConfigReader } from "./block.ts";

/** What the operator allows a file to contain. */
export interface ParseOptions {
  /** `execute` statements, which run commands; "refused" when absent. */
  readonly execute?: ExecuteRule;
}

/**
 * Reads a dhcpd.conf (CONF-1 to CONF-13) and the files that it includes. What is wrong is reported
 * as far as it can be found in one go; what dhcpd knows and this server does not is an error that
 * names it. `reader` may throw any Error, which becomes a diagnostic.
 */
export function parseConfig(
  path: string,
  reader: ConfigReader,
  options: ParseOptions = {},
): ParseOutcome {
  let text: string;
  try {
    text = reader(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const message = cannotOpen(path, error);
    return { kind: "failed", diagnostics: [{ file: path, line: 1, column: 1, text: "", message }] };
  }
  const lexer = new Lexer(new SourceFile(path, text));
  const parser = new Parser(lexer, new OptionRegistry(), options.execute);
  const root = new BlockScope(undefined);
  const builder = new ConfigBuilder();
  try {
    parseFile(createDeclarations(parser, reader), topBlock(builder, root));
    checkWhole(parser, builder);
  } catch (error) {
    if (!(error instanceof TooManyErrors)) throw error;
  }
  if (parser.errors.length > 0) return { kind: "failed", diagnostics: parser.errors };
  return { kind: "ok", config: configOf(parser, builder, root), warnings: parser.warnings };
}

function configOf(parser: Parser, builder: ConfigBuilder, root: BlockScope): ServerConfig {
  const { networks, pools, classes, hosts, groups, keys, zones, subnets } = builder;
  const { failoverPeers } = builder;
  const index = new SubnetIndex(subnets);
  return {
    root,
    sharedNetworks: networks,
    pools,
    classes,
    hosts,
    groups,
    process: processSettingsOf(root.statements, parser.registry),
    definitions: parser.registry,
    keys: [...keys.values()],
    zones,
    failoverPeers: [...failoverPeers.values()],
    matching: new Settings(parser.registry, topLevelVariables(root, parser.registry)),
    execute: parser.execute,
    readsSettings: parser.readsSettings,
    hostNames: [...parser.hostNames],
    subnetOf: (address) => index.of(address),
  };
}

/** What the top level sets and defines without a packet, as when dhcpd starts. */
export function topLevelVariables(root: Scope, registry: OptionRegistry): VariableScope {
  const ran = new Settings(registry);
  runStatements(root.statements, { packet: undefined, known: false }, ran);
  return ran.variables;
}
