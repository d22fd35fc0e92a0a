import { sameValue } from "../text/bytes.ts";
import {
  type BindingValue,
  type FunctionValue,
  isFunction,
  type StoredValue,
  type VariableScope,
} from "./program.ts";

/** Variables and functions of one lease, or of one call of a function inside it. */
export class Variables implements VariableScope {
  readonly #outer: VariableScope | undefined;
  readonly #stored: (() => Iterable<readonly [name: string, value: StoredValue]>) | undefined;
  // Made when first needed: most packets look at no variable.
  /** A variable without a value still exists, and hides those of outer scopes, as in dhcpd. */
  #values: Map<string, BindingValue | undefined> | undefined;
  #changes = 0;

  /** `stored` returns the lease's variables; it is called at the first look at one of them. */
  constructor(
    outer?: VariableScope,
    stored?: () => Iterable<readonly [name: string, value: StoredValue]>,
  ) {
    this.#outer = outer;
    this.#stored = stored;
  }

  /** Somebody looked at a variable, or set one. */
  get isUsed(): boolean {
    return this.#values !== undefined;
  }

  /** How often a variable that can be stored changed its value. */
  get changes(): number {
    return this.#changes;
  }

  has(name: string): boolean {
    return this.#all().has(name.toLowerCase()) || this.#outer?.has(name) === true;
  }

  get(name: string): BindingValue | undefined {
    const own = this.#all();
    const key = name.toLowerCase();
    return own.has(key) ? own.get(key) : this.#outer?.get(name);
  }

  set(name: string, value: BindingValue | undefined): void {
    this.replace(name, () => value);
  }

  replace(name: string, work: () => BindingValue | undefined): void {
    const key = name.toLowerCase();
    const own = this.#all();
    if (!own.has(key) && this.#outer?.has(name) === true) {
      this.#outer.replace(name, work);
      return;
    }
    const before = own.get(key);
    own.set(key, undefined);
    const value = work();
    own.set(key, value);
    if (!isSame(before, value)) this.#changes += 1;
  }

  /** Makes a variable of this scope, whatever the outer ones hold: this passes arguments. */
  declare(name: string, value: BindingValue | undefined): void {
    this.#all().set(name.toLowerCase(), value);
  }

  declareFunctions(others: VariableScope): void {
    for (const [name, value] of others.functions()) this.#all().set(name, value);
  }

  *functions(): Iterable<readonly [name: string, value: FunctionValue]> {
    for (const [name, value] of this.#values ?? []) {
      if (value !== undefined && isFunction(value)) yield [name, value];
    }
  }

  /** The variables that can be stored with a lease, in order of first setting. */
  entries(): [name: string, value: StoredValue][] {
    const found: [string, StoredValue][] = [];
    for (const [name, value] of this.#all()) {
      if (value !== undefined && !isFunction(value)) found.push([name, value]);
    }
    return found;
  }

  #all(): Map<string, BindingValue | undefined> {
    if (this.#values === undefined) {
      this.#values = new Map();
      for (const [name, value] of this.#stored?.() ?? []) {
        this.#values.set(name.toLowerCase(), value);
      }
    }
    return this.#values;
  }
}

function isSame(left: BindingValue | undefined, right: BindingValue | undefined): boolean {
  const isStored = (value: BindingValue | undefined): boolean =>
    value !== undefined && !isFunction(value);
  return sameValue(left, right) || (!isStored(left) && !isStored(right));
}
