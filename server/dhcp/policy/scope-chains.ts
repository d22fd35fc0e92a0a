import type { ScopeSources } from "../../config/model/evaluate.ts";
import type { ClientClassMember, Pool, Scope, Subnet } from "../../config/model/model.ts";

/** Chains kept for each pool. In most pools all clients have one class, and their hosts one group. */
const CHAINS_MAX = 4;

/** The scopes that apply to some clients of a pool, and how those clients are told apart. */
export interface ScopeChain<Node> {
  readonly subnet: Subnet | undefined;
  readonly pool: Pool | undefined;
  readonly memberScopes: readonly Scope[];
  readonly hostScope: Scope | undefined;
  /** As `scopesOf` lists them. */
  readonly scopes: readonly Scope[];
  readonly node: Node;
}

const noMembers: readonly ClientClassMember[] = [];
const noChains: readonly never[] = [];

/** The latest scope chains of each pool. A client finds its own by comparing a few references. */
export class ScopeChains<Node> {
  /** By the pool's index plus one; at 0, chains outside all pools. The latest comes first. */
  #byPool: ScopeChain<Node>[][] = [];

  find({ subnet, pool, members = noMembers, host }: ScopeSources): ScopeChain<Node> | undefined {
    const chains = this.#byPool[pool === undefined ? 0 : pool.index + 1] ?? noChains;
    const hostScope = host?.scope;
    for (let index = 0; index < chains.length; index += 1) {
      const chain = chains[index];
      if (chain.hostScope !== hostScope || chain.subnet !== subnet) continue;
      if (chain.pool === pool && areOf(members, chain.memberScopes)) return chain;
    }
    return undefined;
  }

  add(sources: ScopeSources, scopes: readonly Scope[], node: Node): ScopeChain<Node> {
    const { subnet, pool, members = noMembers, host } = sources;
    const memberScopes = members.map(({ scope }) => scope);
    const chain = { subnet, pool, memberScopes, hostScope: host?.scope, scopes, node };
    const at = pool === undefined ? 0 : pool.index + 1;
    // An array with holes would make each look-up slow.
    while (this.#byPool.length <= at) this.#byPool.push([]);
    const chains = this.#byPool[at];
    if (chains.length === CHAINS_MAX) chains.pop();
    chains.unshift(chain);
    return chain;
  }

  clear(): void {
    this.#byPool = [];
  }
}

function areOf(members: readonly ClientClassMember[], scopes: readonly Scope[]): boolean {
  if (members.length !== scopes.length) return false;
  for (let index = 0; index < members.length; index += 1) {
    if (members[index].scope !== scopes[index]) return false;
  }
  return true;
}
