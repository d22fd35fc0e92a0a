import type { BlockScope } from "./block-scope.ts";
import { ByteKeyTable } from "./byte-key-table.ts";
import type { BooleanExpression, DataExpression } from "./expression.ts";
import type { ClassTable, ClientClass, Scope, SubclassTable } from "./model.ts";

const ETHERNET = 1;
const MAC_OCTETS = 6;

/** A class while it is being read, and the ClientClass that it becomes. */
export class ClassDeclaration implements ClientClass {
  readonly index: number;
  readonly name: string;
  readonly scope: BlockScope;
  matchIf: BooleanExpression | undefined;
  match: DataExpression | undefined;
  spawning = false;
  leaseLimit: number | undefined;
  readonly subclasses: Subclasses;

  constructor(index: number, name: string, scope: BlockScope) {
    this.index = index;
    this.name = name;
    this.scope = scope;
    this.subclasses = new Subclasses(scope);
  }
}

class Subclasses implements SubclassTable {
  /** Made with the first subclass: most classes have none. */
  #keys: ByteKeyTable | undefined;
  /** Keys that look like a MAC, and like one behind its hardware type. */
  bareMacs = 0;
  typedMacs = 0;
  readonly #classScope: Scope;
  /** Only of subclasses that have statements, or a limit, of their own. */
  readonly #scopes = new Map<number, BlockScope>();
  readonly #leaseLimits = new Map<number, number>();

  constructor(classScope: Scope) {
    this.#classScope = classScope;
  }

  get count(): number {
    return this.#keys?.count ?? 0;
  }

  indexOf(key: Uint8Array): number {
    return this.#keys?.find(0, key) ?? -1;
  }

  /** The index of this key, new or not: a subclass may be written down twice. */
  add(key: Uint8Array): number {
    this.#keys ??= new ByteKeyTable();
    const index = this.#keys.find(0, key);
    if (index >= 0) return index;
    if (key.length === MAC_OCTETS) this.bareMacs += 1;
    else if (key.length === MAC_OCTETS + 1 && key[0] === ETHERNET) this.typedMacs += 1;
    return this.#keys.add(0, key, 0);
  }

  scopeOf(index: number): Scope {
    return this.#scopes.get(index) ?? this.#classScope;
  }

  ownScopeOf(index: number): BlockScope | undefined {
    return this.#scopes.get(index);
  }

  setScope(index: number, scope: BlockScope): void {
    this.#scopes.set(index, scope);
  }

  leaseLimitOf(index: number): number | undefined {
    return this.#leaseLimits.get(index);
  }

  setLeaseLimit(index: number, limit: number): void {
    this.#leaseLimits.set(index, limit);
  }
}

export class DeclaredClasses implements ClassTable {
  readonly all: ClassDeclaration[] = [];
  readonly #byName = new Map<string, ClassDeclaration>();

  byName(name: string): ClassDeclaration | undefined {
    return this.#byName.get(name);
  }

  add(name: string, scope: BlockScope): ClassDeclaration {
    const declared = new ClassDeclaration(this.all.length, name, scope);
    this.all.push(declared);
    this.#byName.set(name, declared);
    return declared;
  }
}
