import { formatIpv4, prefixLengthOf } from "../../../protocol/ipv4.ts";
import { permissionSlots } from "../language/parameters.ts";
import { BlockScope } from "../model/block-scope.ts";
import type { Permit } from "../model/permit-list.ts";
import { suggestion } from "../text/hints.ts";
import type { Declarations } from "./block.ts";
import { type Block, innerBlock } from "./block.ts";
import {
  type NetworkDeclaration,
  type PoolDeclaration,
  type SubnetDeclaration,
  subnetName,
} from "./config-builder.ts";
import { takeDate } from "./date-parser.ts";
import type { Parser } from "./parser.ts";

/** Sixteen million leases: far more than one server can hold, but still a bound. */
export const ADDRESSES_MAX = 2 ** 24;

export function parseSharedNetwork(declarations: Declarations, block: Block): void {
  const { parser } = declarations;
  requireKind(parser, block, ["top", "group"], "shared-network");
  parser.lexer.next();
  const name = parser.takeName("expecting a name for shared-network");
  const scope = new BlockScope(block.scope);
  const network = block.builder.addNetwork(name, scope);
  declarations.parseBlock({ ...innerBlock(block, "shared-network", scope), network });
  if (network.subnets.length === 0) {
    parser.report(
      "empty shared-network decl",
      `shared-network ${name} has no subnet.`,
      parser.closedAt,
    );
  }
}

export function parseSubnet(declarations: Declarations, block: Block): void {
  const { parser } = declarations;
  requireKind(parser, block, ["top", "group", "shared-network"], "subnet");
  parser.lexer.next();
  const { at } = parser;
  const network = parser.takeIpv4();
  parser.expectWord("netmask");
  const mask = parser.takeIpv4();
  const isPrefix = prefixLengthOf(mask) !== undefined;
  if (!isPrefix || (network & ~mask) >>> 0 !== 0) {
    const pair = `subnet ${formatIpv4(network)} netmask ${formatIpv4(mask)}`;
    const hint = isPrefix
      ? `the network is ${formatIpv4((network & mask) >>> 0)}.`
      : "the bits of a netmask are ones, then zeros.";
    parser.fail(`${pair}: bad subnet number/mask combination.`, hint, at);
  }
  const { builder } = block;
  const other = builder.subnetSet.overlapOf(network, mask);
  if (other !== undefined) {
    const names = [subnetName(network, mask), subnetName(other.network, other.mask)];
    parser.warn(`subnet ${names[0]} overlaps subnet ${names[1]}`, undefined, at);
  }
  const scope = new BlockScope(block.scope);
  // A lone subnet is a network of its own, and its statements are that network's.
  const sharedNetwork = block.network ?? builder.addNetwork(subnetName(network, mask), scope);
  const subnet = builder.addSubnet(network, mask, scope, sharedNetwork);
  const inner = { ...innerBlock(block, "subnet", scope), network: sharedNetwork, subnet };
  declarations.parseBlock(inner);
}

export function parsePool(declarations: Declarations, block: Block): void {
  const { parser } = declarations;
  const network = block.network ?? parser.fail("pool declared outside of network");
  requireKind(parser, block, ["subnet", "shared-network"], "pool");
  parser.lexer.next();
  const scope = new BlockScope(block.scope);
  const pool = block.builder.addPool(scope, network);
  const errorsBefore = parser.errors.length;
  declarations.parseBlock({ ...innerBlock(block, "pool", scope), pool });
  if (pool.ranges.length === 0 && parser.errors.length === errorsBefore) {
    const hint = "a pool must contain at least one range statement.";
    parser.report("Pool declaration with no address range.", hint, parser.closedAt);
  }
}

/** `range [dynamic-bootp] LOW [HIGH];` in a pool, or in a subnet, which then gets a pool. */
export function parseRange(declarations: Declarations, block: Block): void {
  const { parser } = declarations;
  const network =
    block.network ?? parser.fail("range statements are allowed in subnets and pools only.");
  requireKind(parser, block, ["subnet", "pool"], "range");
  const { at } = parser;
  parser.lexer.next();
  const isForBootp = parser.acceptWord("dynamic-bootp");
  if (isForBootp && block.pool?.failoverPeer !== undefined) {
    const message =
      "dynamic-bootp flag is not permitted for address range declarations where there is a failover peer in scope.";
    parser.report(message, undefined, at);
  } else if (isForBootp && block.pool !== undefined) {
    // As in dhcpd.
    const hint = "a pool takes BOOTP clients unless its allow and deny say otherwise.";
    parser.warn("dynamic-bootp has no effect in a pool.", hint, at);
  }
  const lowAt = parser.at;
  const first = parser.takeIpv4();
  const second = parser.isDottedQuad ? parser.takeIpv4() : first;
  parser.endStatement();
  const range = { low: Math.min(first, second), high: Math.max(first, second) };
  const { ranges } = block.builder;
  const misplaced = misplacement(range.low, range.high, block.subnet, network);
  const twice = ranges.overlap(range);
  if (misplaced !== undefined) {
    parser.report(misplaced, "pools come after the subnets of their addresses.", lowAt);
  } else if (twice !== undefined) {
    parser.report(`lease ${formatIpv4(twice)} is declared twice!`, undefined, lowAt);
  } else if (ranges.size + range.high - range.low + 1 > ADDRESSES_MAX) {
    parser.report(`more than ${ADDRESSES_MAX} addresses in all ranges.`, undefined, lowAt);
  } else {
    ranges.add(range);
    (block.pool ?? poolOf(block, network, isForBootp)).ranges.push(range);
  }
}

/** The pool for ranges in a subnet itself; as in dhcpd it is closed to BOOTP clients, or open to all. */
function poolOf(block: Block, network: NetworkDeclaration, isForBootp: boolean): PoolDeclaration {
  const subnet = block.subnet as SubnetDeclaration;
  if (isForBootp) {
    subnet.ownBootpPool ??= block.builder.addPool(subnet.scope, network);
    return subnet.ownBootpPool;
  }
  if (subnet.ownPool === undefined) {
    subnet.ownPool = block.builder.addPool(subnet.scope, network);
    subnet.ownPool.prohibits.add({ kind: "dynamic-bootp-clients" });
  }
  return subnet.ownPool;
}

function misplacement(
  low: number,
  high: number,
  subnet: SubnetDeclaration | undefined,
  network: NetworkDeclaration,
): string | undefined {
  const holds = (candidate: SubnetDeclaration, address: number): boolean =>
    (address & candidate.mask) >>> 0 === candidate.network;
  const home =
    subnet !== undefined && (holds(subnet, low) || holds(subnet, high))
      ? subnet
      : (network.subnets.find((candidate) => holds(candidate, low)) ?? subnet);
  if (home === undefined) return `address range not on network ${network.name}`;
  const outside = [low, high].find((address) => !holds(home, address));
  if (outside === undefined) return undefined;
  const place = `subnet ${formatIpv4(home.network)} netmask ${formatIpv4(home.mask)}`;
  return `bad range, address ${formatIpv4(outside)} not in ${place}`;
}

/** `allow` or `deny` in a pool: who may have its addresses. */
export function parsePermit(parser: Parser, block: Block, pool: PoolDeclaration): void {
  const { at } = parser;
  const verb = parser.lexer.word;
  parser.lexer.next();
  const permit = takePermit(parser, block);
  parser.endStatement();
  if (permit.kind === "authenticated-clients") {
    parser.warn("no client is authenticated: dhcpd has never checked any.", undefined, at);
  }
  if (permit.kind === "after") {
    if (pool.validUntilSeconds !== undefined || pool.validFromSeconds !== undefined) {
      parser.fail('duplicate "after" clause.', undefined, at);
    }
    if (verb === "deny") pool.validUntilSeconds = permit.afterSeconds;
    else pool.validFromSeconds = permit.afterSeconds;
  }
  (verb === "allow" ? pool.permits : pool.prohibits).add(permit);
}

type ClientsPermit = Exclude<Permit["kind"], "members" | "after">;

/** Permits of two words, by the first; `clients` is the second. */
const clientsPermits: Readonly<Record<string, ClientsPermit>> = {
  known: "known-clients",
  unknown: "unknown-clients",
  authenticated: "authenticated-clients",
  unauthenticated: "unauthenticated-clients",
  all: "all-clients",
};

function takePermit(parser: Parser, block: Block): Permit {
  const { at } = parser;
  const word = parser.takeWord("expecting permit type.").toLowerCase();
  if (word === "known-clients" || word === "unknown-clients") return { kind: word };
  if (Object.hasOwn(clientsPermits, word)) {
    parser.expectWord("clients");
    return { kind: clientsPermits[word] };
  }
  switch (word) {
    case "dynamic":
      parser.expectWord("bootp");
      parser.expectWord("clients");
      return { kind: "dynamic-bootp-clients" };
    case "after":
      return { kind: "after", afterSeconds: takeDate(parser) };
    case "members": {
      parser.expectWord("of");
      const nameAt = parser.at;
      const name = parser.takeText("expecting class name.");
      const { classes } = block.builder;
      const clientClass = classes.byName(name);
      if (clientClass !== undefined) return { kind: "members", clientClass };
      const hint =
        suggestion(
          name,
          classes.all.map((other) => other.name),
        ) ?? "a class is declared before the pools that name it.";
      return parser.fail(`no such class: ${name}`, hint, nameAt);
    }
    default: {
      const hint = Object.hasOwn(permissionSlots, word)
        ? `${word} stands outside of pools.`
        : "known-clients, unknown-clients, members of, all clients, after, ….";
      return parser.fail("expecting permit type.", hint, at);
    }
  }
}

function requireKind(
  parser: Parser,
  block: Block,
  kinds: readonly Block["kind"][],
  what: string,
): void {
  if (kinds.includes(block.kind)) return;
  const hint = `allowed in: ${kinds.join(", ")}; is a } missing further up?`;
  parser.fail(`${what} declarations not allowed here.`, hint);
}
