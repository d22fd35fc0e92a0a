import { sameBytes } from "../text/bytes.ts";
import type { Statement } from "./statement.ts";

/** What a variable holds: dhcpd's bindings of data, numbers, truth values and functions. */
export type BindingValue = Uint8Array | number | boolean | FunctionValue;

/** What can be stored with a lease: functions cannot. */
export type StoredValue = Exclude<BindingValue, FunctionValue>;

/** `define NAME (PARAMETERS) { … }`. */
export interface FunctionValue {
  readonly parameters: readonly string[];
  readonly body: readonly Statement[];
}

/** Variables and functions of one lease, or of one call of a function inside it. */
export class Variables {
  readonly #outer: Variables | undefined;
  readonly #stored: (() => Iterable<readonly [name: string, value: StoredValue]>) | undefined;
  // Made when first needed: most packets look at no variable.
  /** One without a value is there all the same, and hides those around it, as in dhcpd. */
  #values: Map<string, BindingValue | undefined> | undefined;
  #changes = 0;

  /** `stored` gives out those of a lease; it is asked when one of them is first looked at. */
  constructor(
    outer?: Variables,
    stored?: () => Iterable<readonly [name: string, value: StoredValue]>,
  ) {
    this.#outer = outer;
    this.#stored = stored;
  }

  /** Somebody looked at a variable, or set one. */
  get isUsed(): boolean {
    return this.#values !== undefined;
  }

  /** How often one that can be stored got another value. */
  get changes(): number {
    return this.#changes;
  }

  /** Names know no case. */
  get(name: string): BindingValue | undefined {
    const key = name.toLowerCase();
    const home = this.#home(key);
    return home === undefined ? undefined : home.#all().get(key);
  }

  /**
   * Gives the innermost variable of that name its value, or makes a new one here. Without a value it
   * is as if it had never been set.
   */
  set(name: string, value: BindingValue | undefined): void {
    this.replace(name, () => value);
  }

  /** The same with a value that is worked out while the variable has none, as dhcpd does it. */
  replace(name: string, work: () => BindingValue | undefined): void {
    const key = name.toLowerCase();
    const home = this.#home(key) ?? this;
    const values = home.#all();
    const before = values.get(key);
    values.set(key, undefined);
    const value = work();
    values.set(key, value);
    if (!isSame(before, value)) home.#changes += 1;
  }

  /** A variable of this scope, whatever those around it have: how arguments are passed. */
  declare(name: string, value: BindingValue | undefined): void {
    this.#all().set(name.toLowerCase(), value);
  }

  /** Takes over the functions of others. */
  declareFunctions(others: Variables): void {
    if (others.#values === undefined) return;
    for (const [name, value] of others.#values) {
      if (value !== undefined && isFunction(value)) this.#all().set(name, value);
    }
  }

  /** What can be stored with a lease, in order of first setting. */
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

  #home(key: string): Variables | undefined {
    let scope: Variables | undefined = this;
    while (scope !== undefined && !scope.#all().has(key)) scope = scope.#outer;
    return scope;
  }
}

function isSame(left: BindingValue | undefined, right: BindingValue | undefined): boolean {
  if (left instanceof Uint8Array && right instanceof Uint8Array) return sameBytes(left, right);
  const isStored = (value: BindingValue | undefined): boolean =>
    value !== undefined && !isFunction(value);
  return left === right || (!isStored(left) && !isStored(right));
}

export function isFunction(value: BindingValue): value is FunctionValue {
  return typeof value === "object" && !(value instanceof Uint8Array);
}
