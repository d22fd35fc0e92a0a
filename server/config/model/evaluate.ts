import { ByteSpan } from "../language/byte-span.ts";
import type { DataExpression, EvaluationContext, LeaseEvent } from "../language/program.ts";
import { runStatements } from "../language/run-statements.ts";
import { Settings } from "../language/settings.ts";
import type {
  ClientClass,
  ClientClassMember,
  Host,
  Pool,
  Scope,
  ServerConfig,
  Subnet,
} from "./model.ts";
import { type PermitSubject, traitsOf } from "./permit-list.ts";

export type { EvaluationContext } from "../language/program.ts";
export type { PermitSubject } from "./permit-list.ts";

/** The places whose statements may apply to a client. */
export interface ScopeSources {
  readonly subnet?: Subnet | undefined;
  readonly pool?: Pool | undefined;
  /** The result of `classify`. */
  readonly members?: readonly ClientClassMember[] | undefined;
  readonly host?: Host | undefined;
}

/**
 * The scopes of a client, least specific first, for `evaluateScopes`: top level, shared network,
 * subnet, pool, classes (the first that matched has the last word), the host's group, the host
 * (CONF-16 to CONF-18, with the manual's order where the guide gives none).
 */
export function scopesOf(config: ServerConfig, sources: ScopeSources): Scope[] {
  const { subnet, pool, members, host } = sources;
  const scopes = [config.root];
  const network = subnet?.sharedNetwork ?? pool?.sharedNetwork;
  if (network !== undefined) scopes.push(network.scope);
  if (subnet !== undefined) scopes.push(subnet.scope);
  if (pool !== undefined) scopes.push(pool.scope);
  if (members !== undefined) {
    for (let index = members.length - 1; index >= 0; index -= 1) scopes.push(members[index].scope);
  }
  // A named group takes the place of the block that the host stands in, as in dhcpd, so it is the
  // parent of the host's scope and needs no entry of its own.
  if (host !== undefined) scopes.push(host.scope);
  return scopes;
}

/**
 * Runs the scopes' statements in the order given, each after the blocks around it; a scope that has
 * run does not run again. What is set later wins.
 */
export function evaluateScopes(
  config: ServerConfig,
  scopes: readonly Scope[],
  context: EvaluationContext,
): Settings {
  const settings = new Settings(config.definitions, context.variables);
  for (const scope of inOrder(scopes)) runStatements(scope.statements, context, settings);
  settings.resolve(context);
  return settings;
}

/** The scopes and the blocks around them in the order in which `evaluateScopes` runs them. */
export function inOrder(scopes: readonly Scope[]): Scope[] {
  const ordered: Scope[] = [];
  for (const scope of scopes) addInOrder(scope, ordered);
  return ordered;
}

function addInOrder(scope: Scope, ordered: Scope[]): void {
  if (ordered.includes(scope)) return;
  if (scope.parent !== undefined) addInOrder(scope.parent, ordered);
  ordered.push(scope);
}

/**
 * Runs the `on EVENT` statements of this lease (dhcpd.conf(5), "EVENT"). `settings` are those that
 * the lease was given with. Returns the lines of its `log` statements and the commands of its
 * `execute` statements; its `set` statements change `context.variables`.
 */
export function runEvent(
  settings: Settings,
  event: LeaseEvent,
  context: EvaluationContext,
): Pick<Settings, "messages" | "commands"> {
  settings.takeOutput();
  if (context.variables !== undefined) settings.variables = context.variables;
  runStatements(settings.event(event), context, settings);
  settings.resolve(context);
  return settings.takeOutput();
}

/**
 * The classes that the packet belongs to, in order of declaration (CLASS-1). With `match` or `spawn
 * with` the value is looked up among the subclasses; a spawning class takes unknown values too
 * (CLASS-13). A null or empty value is no member. Nothing is stored: a spawned subclass is its class
 * and its key.
 */
export function classify(
  config: ServerConfig,
  context: EvaluationContext,
): readonly ClientClassMember[] {
  let members: ClientClassMember[] | undefined;
  const { matching, classes } = config;
  // Functions that run during matching belong to no reply, so their log lines are discarded.
  matching.takeOutput();
  for (let index = 0; index < classes.all.length; index += 1) {
    const clientClass = classes.all[index];
    const { matchIf, match } = clientClass;
    if (matchIf === undefined && match === undefined) continue;
    if (matchIf !== undefined && matchIf.evaluate(context, matching) !== true) continue;
    const member =
      match === undefined
        ? clientClass.plainMember
        : memberByKey(clientClass, match, context, matching);
    if (member === undefined) continue;
    if (members === undefined) members = [member];
    else members.push(member);
  }
  return members ?? noMembers;
}

const noMembers: readonly ClientClassMember[] = [];
const key = new ByteSpan();

function memberByKey(
  clientClass: ClientClass,
  match: DataExpression,
  context: EvaluationContext,
  matching: Settings,
): ClientClassMember | undefined {
  const isThere = match.locate?.(context, key) ?? key.take(match.evaluate(context, matching));
  return isThere && key.length > 0 ? clientClass.memberOf(key) : undefined;
}

/**
 * True when no deny line matches and, if there are allow lines, at least one does (CLASS-10). A pool
 * with `after` is closed to all before or from its date on, whatever else is allowed.
 */
export function isPermitted(pool: Pool, subject: PermitSubject): boolean {
  const { nowSeconds } = subject;
  if (nowSeconds !== undefined) {
    if (pool.validUntilSeconds !== undefined && nowSeconds >= pool.validUntilSeconds) return false;
    if (pool.validFromSeconds !== undefined && nowSeconds < pool.validFromSeconds) return false;
  }
  const traits = subject.traits ?? traitsOf(subject);
  if (pool.prohibits.matches(subject, traits)) return false;
  return pool.permits.isEmpty || pool.permits.matches(subject, traits);
}
