import type { Statement } from "../language/program.ts";
import type { Scope } from "./model.ts";

/** A block while it is being read, and the Scope that it becomes. */
export class BlockScope implements Scope {
  readonly parent: Scope | undefined;
  readonly statements: Statement[] = [];
  ownAuthoritative: boolean | undefined;

  constructor(parent: Scope | undefined) {
    this.parent = parent;
    this.ownAuthoritative = undefined;
  }

  get authoritative(): boolean {
    return this.ownAuthoritative ?? this.parent?.authoritative ?? false;
  }

  /** A block without statements can be left out of the chain. */
  get isEmpty(): boolean {
    return this.statements.length === 0 && this.ownAuthoritative === undefined;
  }
}
