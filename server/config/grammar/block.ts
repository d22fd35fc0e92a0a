import type { BlockScope } from "../model/block-scope.ts";
import type { ClassDeclaration } from "../model/class-table.ts";
import type { HostDeclaration } from "../model/host-table.ts";
import type { Scope } from "../model/model.ts";
import type {
  ConfigBuilder,
  NetworkDeclaration,
  PoolDeclaration,
  SubnetDeclaration,
} from "./config-builder.ts";
import type { Parser } from "./parser.ts";
import type { StatementTarget } from "./statement-target.ts";

export type BlockKind =
  | "top"
  | "group"
  | "shared-network"
  | "subnet"
  | "pool"
  | "host"
  | "class"
  | "subclass";

/** The block that is being read, and the declarations that it stands in. */
export interface Block extends StatementTarget {
  readonly kind: BlockKind;
  readonly builder: ConfigBuilder;
  readonly network?: NetworkDeclaration | undefined;
  readonly subnet?: SubnetDeclaration | undefined;
  readonly pool?: PoolDeclaration | undefined;
  readonly host?: HostDraft | undefined;
  readonly clientClass?: ClassDeclaration | undefined;
  /** Index of the subclass in its class. */
  readonly subclass?: number | undefined;
  /** The files included inside each other here, outermost first. */
  readonly includes: readonly string[];
}

/** A host while its block is read. */
export type HostDraft = { -readonly [Field in keyof HostDeclaration]: HostDeclaration[Field] } & {
  readonly fixedAddresses: number[];
  readonly fixedNames: string[];
};

/** The outermost block of a configuration. */
export function topBlock(builder: ConfigBuilder, scope: BlockScope): Block {
  const { statements } = scope;
  return { kind: "top", builder, scope, statements, isTopLevel: true, depth: 0, includes: [] };
}

export function newHost(name: string, group?: Scope): HostDraft {
  return {
    name,
    hardware: undefined,
    clientId: undefined,
    fixedAddresses: [],
    fixedNames: [],
    identifier: undefined,
    group,
  };
}

/** Every field is named: a copy by spreading is slow, and a file may have a million hosts. */
type WholeBlock = { readonly [Field in keyof Required<Block>]: Block[Field] };

/** A block inside another one. It inherits whatever is not given anew. */
export function innerBlock(
  outer: Block,
  kind: BlockKind,
  scope: BlockScope,
  host: HostDraft | undefined = outer.host,
): Block {
  const whole: WholeBlock = {
    kind,
    builder: outer.builder,
    network: outer.network,
    subnet: outer.subnet,
    pool: outer.pool,
    host,
    clientClass: outer.clientClass,
    subclass: outer.subclass,
    includes: outer.includes,
    scope,
    statements: scope.statements,
    isTopLevel: false,
    depth: 0,
    labels: undefined,
  };
  return whole;
}

/**
 * Returns the text of a file by its path, one character for each byte ("latin1"), whatever its encoding.
 * Throws an Error when the file cannot be read.
 */
export type ConfigReader = (path: string) => string;

/** What the declaration parsers need of each other. */
export interface Declarations {
  readonly parser: Parser;
  readonly reader: ConfigReader;
  /** Parses `{`, the statements and declarations in between, and `}`. */
  parseBlock(block: Block): void;
}
