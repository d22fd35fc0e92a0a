import type { Statement } from "../../config/language/program.ts";
import type { Scope } from "../../config/model/model.ts";

/** Scopes that are remembered at most. */
export const SCOPES_MAX = 65_536;

/** Statements with the same effect for every packet. Functions and events do nothing until called. */
export const constantKinds: ReadonlySet<Statement["kind"]> = new Set(["constant", "define", "on"]);
const actionKinds: ReadonlySet<Statement["kind"]> = new Set(["set", "eval", "log", "execute"]);

/**
 * What of a chain depends on the packet: nothing; only actions that set no option (`set`, `log`, …); the
 * options themselves.
 */
export type Dependence = "none" | "actions" | "options";

/** The dependence of each scope, with the blocks around it. */
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
