import type { BlockScope } from "./block-scope.ts";
import type { ClassDeclaration } from "./class-table.ts";
import type {
  ConfigBuilder,
  NetworkDeclaration,
  PoolDeclaration,
  SubnetDeclaration,
} from "./config-builder.ts";
import type { Scope } from "./model.ts";
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
  readonly network?: NetworkDeclaration;
  readonly subnet?: SubnetDeclaration;
  readonly pool?: PoolDeclaration;
  readonly host?: HostDraft | undefined;
  readonly clientClass?: ClassDeclaration;
  /** Index of the subclass in its class. */
  readonly subclass?: number;
  /** The files included inside each other here, outermost first. */
  readonly includes: readonly string[];
}

/** A host while its block is read. */
export interface HostDraft {
  readonly name: string;
  hardware: { readonly type: number; readonly address: Uint8Array } | undefined;
  clientId: Uint8Array | undefined;
  fixedAddresses: number[];
  group: Scope | undefined;
}

/** A block inside another: what is not said anew is as it was around it. */
export function innerBlock(outer: Block, kind: BlockKind, scope: BlockScope): Block {
  const { statements } = scope;
  return { ...outer, kind, scope, statements, isTopLevel: false, depth: 0, labels: undefined };
}
