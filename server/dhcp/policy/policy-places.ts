import type { ScopeSources } from "../../config/model/evaluate.ts";
import type { ClientClassMember, Pool, Scope, Subnet } from "../../config/model/model.ts";

/** Of one pool. Of most pools all clients belong to one class, and their hosts to one group. */
const PLACES_MAX = 4;

/** What is known of the clients at one place to whom the same blocks apply. */
export interface Place<Node> {
  readonly subnet: Subnet | undefined;
  readonly pool: Pool | undefined;
  readonly memberScopes: readonly Scope[];
  readonly hostScope: Scope | undefined;
  /** As `scopesOf` lists them. */
  readonly scopes: readonly Scope[];
  readonly node: Node;
}

const noMembers: readonly ClientClassMember[] = [];
const noPlaces: readonly never[] = [];

/**
 * The latest places of each pool, so that one client after another finds its scope chain by comparing a
 * few references, without any list of scopes.
 */
export class PolicyPlaces<Node> {
  /** By the pool's index plus one; at 0, those outside all pools. The latest first. */
  #byPool: Place<Node>[][] = [];

  find({ subnet, pool, members = noMembers, host }: ScopeSources): Place<Node> | undefined {
    const places = this.#byPool[pool === undefined ? 0 : pool.index + 1] ?? noPlaces;
    const hostScope = host?.scope;
    for (let index = 0; index < places.length; index += 1) {
      const place = places[index];
      if (place.hostScope !== hostScope || place.subnet !== subnet) continue;
      if (place.pool === pool && areOf(members, place.memberScopes)) return place;
    }
    return undefined;
  }

  add(sources: ScopeSources, scopes: readonly Scope[], node: Node): Place<Node> {
    const { subnet, pool, members = noMembers, host } = sources;
    const memberScopes = members.map(({ scope }) => scope);
    const place = { subnet, pool, memberScopes, hostScope: host?.scope, scopes, node };
    const at = pool === undefined ? 0 : pool.index + 1;
    // Without holes, in which each look-up would go further up.
    while (this.#byPool.length <= at) this.#byPool.push([]);
    const places = this.#byPool[at];
    if (places.length === PLACES_MAX) places.pop();
    places.unshift(place);
    return place;
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
