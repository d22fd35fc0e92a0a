import type { Statement } from "./statement.ts";

/** What a variable holds: dhcpd's bindings of data, numbers, truth values and functions. */
export type BindingValue = Uint8Array | number | boolean | FunctionValue;

/** `define NAME (PARAMETERS) { … }`. */
export interface FunctionValue {
  readonly parameters: readonly string[];
  readonly body: readonly Statement[];
}

/** Variables and functions of one lease, or of one call of a function inside it. */
export class Variables {
  readonly #outer: Variables | undefined;
  readonly #values = new Map<string, BindingValue>();

  constructor(outer?: Variables) {
    this.#outer = outer;
  }

  /** Names know no case. */
  get(name: string): BindingValue | undefined {
    const key = name.toLowerCase();
    const home = this.#home(key);
    return home === undefined ? undefined : home.#values.get(key);
  }

  /**
   * Gives the innermost variable of that name its value, or makes a new one here. Without a value it
   * is as if it had never been set.
   */
  set(name: string, value: BindingValue | undefined): void {
    const key = name.toLowerCase();
    const home = this.#home(key) ?? this;
    if (value === undefined) home.#values.delete(key);
    else home.#values.set(key, value);
  }

  /** A variable of this scope, whatever those around it have: how arguments are passed. */
  declare(name: string, value: BindingValue | undefined): void {
    if (value !== undefined) this.#values.set(name.toLowerCase(), value);
  }

  /** What can be stored with a lease: functions cannot. In order of first setting. */
  entries(): [name: string, value: Exclude<BindingValue, FunctionValue>][] {
    const found: [string, Exclude<BindingValue, FunctionValue>][] = [];
    for (const [name, value] of this.#values) {
      if (!isFunction(value)) found.push([name, value]);
    }
    return found;
  }

  #home(key: string): Variables | undefined {
    let scope: Variables | undefined = this;
    while (scope !== undefined && !scope.#values.has(key)) scope = scope.#outer;
    return scope;
  }
}

export function isFunction(value: BindingValue): value is FunctionValue {
  return typeof value === "object" && !(value instanceof Uint8Array);
}
