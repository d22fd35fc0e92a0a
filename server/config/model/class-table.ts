import type { ByteSpan } from "../language/byte-span.ts";
import type { BooleanExpression, DataExpression } from "../language/program.ts";
import type { BlockScope } from "./block-scope.ts";
import { ByteKeyTable } from "./byte-key-table.ts";
import type { ClassTable, ClientClass, ClientClassMember, Scope, SubclassTable } from "./model.ts";

const NONE = -1;
const noBytes = new Uint8Array(0);
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

  #plainMember: ClientClassMember | undefined;

  constructor(index: number, name: string, scope: BlockScope) {
    this.index = index;
    this.name = name;
    this.scope = scope;
    this.subclasses = new Subclasses(scope);
  }

  get plainMember(): ClientClassMember {
    const { scope, leaseLimit } = this;
    // One for all packets; what it holds is only known when the whole file has been read.
    this.#plainMember ??= { clientClass: this, subclass: NONE, key: undefined, scope, leaseLimit };
    return this.#plainMember;
  }

  memberOf(key: ByteSpan): ClientClassMember | undefined {
    const subclass = this.subclasses.indexOf(key);
    if (subclass !== NONE) return new SubclassMember(this, subclass);
    if (!this.spawning) return undefined;
    const { scope, leaseLimit } = this;
    const { bytes, start, end } = key;
    return { clientClass: this, subclass, key: bytes.slice(start, end), scope, leaseLimit };
  }
}

/** A member of a declared subclass, looked at when it is asked for. */
class SubclassMember implements ClientClassMember {
  readonly clientClass: ClassDeclaration;
  readonly subclass: number;

  constructor(clientClass: ClassDeclaration, subclass: number) {
    this.clientClass = clientClass;
    this.subclass = subclass;
  }

  get key(): Uint8Array {
    return this.clientClass.subclasses.keyOf(this.subclass);
  }

  get scope(): Scope {
    return this.clientClass.subclasses.scopeOf(this.subclass);
  }

  get leaseLimit(): number | undefined {
    const { subclasses, leaseLimit } = this.clientClass;
    return subclasses.leaseLimits.get(this.subclass) ?? leaseLimit;
  }
}

class Subclasses implements SubclassTable {
  /** Made with the first subclass: most classes have none. */
  #keys: ByteKeyTable | undefined;
  count = 0;
  /** Keys that look like a MAC, and like one behind its hardware type. */
  bareMacs = 0;
  typedMacs = 0;
  readonly #classScope: Scope;
  /** Only of subclasses that have statements, or a limit, of their own. */
  readonly scopes = new Map<number, BlockScope>();
  readonly leaseLimits = new Map<number, number>();

  constructor(classScope: Scope) {
    this.#classScope = classScope;
  }

  /** Index of the subclass with exactly these bytes, or -1. */
  indexOf({ bytes, start, end }: ByteSpan): number {
    return this.#keys?.findIn(0, bytes, start, end) ?? NONE;
  }

  keyOf(index: number): Uint8Array {
    return this.#keys?.has(index) ? this.#keys.keyOf(index) : noBytes;
  }

  /** The index of this key, new or not: a subclass may be written down twice. */
  add(key: Uint8Array): number {
    this.#keys ??= new ByteKeyTable();
    const index = this.#keys.find(0, key);
    if (index >= 0) return index;
    if (key.length === MAC_OCTETS) this.bareMacs += 1;
    else if (key.length === MAC_OCTETS + 1 && key[0] === ETHERNET) this.typedMacs += 1;
    this.#keys.add(0, key, this.count);
    this.count += 1;
    return this.count - 1;
  }

  /** The subclass's own block, inside the class's; without one, the class's. */
  scopeOf(index: number): Scope {
    return this.scopes.get(index) ?? this.#classScope;
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
