import type { Statement } from "../../config/language/program.ts";
import type { Scope } from "../../config/model/model.ts";

/** What is known of a scope's dependence on the packet is remembered for at most this many scopes. */
export const SCOPES_MAX = 65_536;

/** What comes to the same for every packet. Functions and events do nothing until they are called. */
export const constantKinds: ReadonlySet<Statement["kind"]> = new Set(["constant", "define", "on"]);
const actionKinds: ReadonlySet<Statement["kind"]> = new Set(["set", "eval", "log", "execute"]);

/**
 * How much of a chain depends on the packet: nothing; only what statements do beside setting options
 * (`set`, `log`, …); the options themselves.
 */
export type Dependence = "none" | "actions" | "options";

/** How much each scope, with the blocks around it, depends on the packet. */
export class ScopeDependences {
  readonly #known = new Map<Scope, Dependence>();
  readonly #readsSettings: boolean;

  /** `readsSettings`: as in `ServerConfig`. */
  constructor(readsSettings: boolean) {
    this.#readsSettings = readsSettings;
  }

  of(scope: Scope): Dependence {
    const known = this.#known.get(scope);
    if (known !== undefined) return known;
    let dependence = scope.parent === undefined ? "none" : this.of(scope.parent);
    for (const { kind } of scope.statements) {
      if (constantKinds.has(kind)) continue;
      const isAction = actionKinds.has(kind) && !this.#readsSettings;
      dependence = more(dependence, isAction ? "actions" : "options");
    }
    if (this.#known.size < SCOPES_MAX) this.#known.set(scope, dependence);
    return dependence;
  }
}

export function more(left: Dependence, right: Dependence): Dependence {
  if (left === "options" || right === "options") return "options";
  return left === "none" ? right : left;
}
