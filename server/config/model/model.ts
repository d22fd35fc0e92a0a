import type { ByteSpan } from "../language/byte-span.ts";
import type { OptionRegistry } from "../language/option-registry.ts";
import type {
  BooleanExpression,
  DataExpression,
  EvaluationContext,
  ExecuteRule,
  Statement,
} from "../language/program.ts";
import type { Settings } from "../language/settings.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import type { PermitList } from "./permit-list.ts";
import type { ProcessSettings } from "./process-settings.ts";

/** A whole dhcpd.conf, checked and compiled. Nobody changes it. */
export interface ServerConfig {
  readonly root: Scope;
  /** In order of declaration; a lone subnet has an implicit network named like "10.0.0.0/24". */
  readonly sharedNetworks: readonly SharedNetwork[];
  /** Every pool, in order of declaration; `pools[i].index` is `i`. */
  readonly pools: readonly Pool[];
  readonly classes: ClassTable;
  readonly hosts: HostTable;
  /** Named groups (CONF-10) by name. */
  readonly groups: ReadonlyMap<string, Scope>;
  readonly process: ProcessSettings;
  readonly definitions: OptionRegistry;
  readonly keys: readonly Key[];
  readonly zones: readonly Zone[];
  readonly failoverPeers: readonly FailoverPeer[];
  /** Holds what the top level sets and defines without a packet: what matching classes may use. */
  readonly matching: Settings;
  /** Some expression looks at what statements have set so far (`config-option`). */
  readonly readsSettings: boolean;
  /** The rule for `execute` statements, in parts of the lease file too. */
  readonly execute: ExecuteRule;
  /** Names written where an address is expected; resolved when a reply is built, see `resolve`. */
  readonly hostNames: readonly string[];
  /** The most specific declared subnet that holds `address`. */
  subnetOf(address: number): Subnet | undefined;
}

export type ParseOutcome =
  | { readonly kind: "ok"; readonly config: ServerConfig; readonly warnings: readonly Diagnostic[] }
  | { readonly kind: "failed"; readonly diagnostics: readonly Diagnostic[] };

/** A block of statements and the block around it. */
export interface Scope {
  /** The enclosing block; undefined for the top level. */
  readonly parent: Scope | undefined;
  readonly statements: readonly Statement[];
  /** `authoritative` of this block, or of the nearest enclosing block that sets it. */
  readonly authoritative: boolean;
}

export interface SharedNetwork {
  readonly index: number;
  readonly name: string;
  readonly scope: Scope;
  readonly subnets: readonly Subnet[];
  /** Pools of the network and of all its subnets, in order of declaration. */
  readonly pools: readonly Pool[];
}

export interface Subnet {
  readonly network: number;
  readonly mask: number;
  readonly scope: Scope;
  readonly sharedNetwork: SharedNetwork;
}

export interface AddressRange {
  readonly low: number;
  readonly high: number;
}

export interface Pool {
  readonly index: number;
  readonly ranges: readonly AddressRange[];
  /** `allow` lines: when there are any, a client must match one. */
  readonly permits: PermitList;
  /** `deny` lines: a client that matches any of them is kept out. */
  readonly prohibits: PermitList;
  /** `allow after DATE`: no client gets a lease before. Seconds since 1970, UTC. */
  readonly validFromSeconds: number | undefined;
  /** `deny after DATE`: leases end by then. Seconds since 1970, UTC. */
  readonly validUntilSeconds: number | undefined;
  /** The name of the peer that dhcpd would share the pool with. */
  readonly failoverPeer: string | undefined;
  readonly scope: Scope;
  readonly sharedNetwork: SharedNetwork;
}

/** `failover peer "NAME" { … }` (dhcpd.conf(5), "DHCP FAILOVER"): read, but not spoken. */
export interface FailoverPeer {
  readonly name: string;
  readonly role: "primary" | "secondary" | undefined;
}

export interface Host {
  /** Stable identity of the declaration: equal indexes are the same host. */
  readonly index: number;
  readonly name: string;
  readonly hardware: { readonly type: number; readonly address: Uint8Array } | undefined;
  readonly clientId: Uint8Array | undefined;
  /** Empty when the host's address is dynamic. */
  readonly fixedAddresses: readonly number[];
  /** Host names among the fixed addresses: looked up when a packet comes. */
  readonly fixedNames: readonly string[];
  readonly scope: Scope;
  /** The named group that the host joined with `group "name";` (CONF-10). */
  readonly group: Scope | undefined;
}

export interface HostTable {
  readonly count: number;
  /** Hosts with this hardware address, in order of declaration. */
  byHardware(hardwareType: number, address: Uint8Array): readonly Host[];
  byClientId(clientId: Uint8Array): readonly Host[];
  byName(name: string): Host | undefined;
  /** The hosts declared first, at most `count`. */
  first(count: number): readonly Host[];
  /** Some host has a `host-identifier`; without any, byOption finds nothing. */
  readonly hasIdentifiers: boolean;
  /** Hosts whose `host-identifier` is in the packet. */
  byOption(context: EvaluationContext): readonly Host[];
}

export interface ClassTable {
  /** In order of declaration, which is the order of matching. */
  readonly all: readonly ClientClass[];
  byName(name: string): ClientClass | undefined;
}

export interface ClientClass {
  readonly index: number;
  readonly name: string;
  readonly scope: Scope;
  /** `match if`: must be true. */
  readonly matchIf: BooleanExpression | undefined;
  /** `match` or `spawn with`: the value is looked up among the subclasses. */
  readonly match: DataExpression | undefined;
  /** True for `spawn with`: a value without a subclass makes the client a member all the same. */
  readonly spawning: boolean;
  /** `lease limit N`: active leases a class, or a subclass (declared or spawned), may hold. */
  readonly leaseLimit: number | undefined;
  readonly subclasses: SubclassTable;
  /** Membership of a packet that is in the class and in none of its subclasses. */
  readonly plainMember: ClientClassMember;
  /**
   * Membership of a packet whose `match` evaluated to `key`; undefined when it is not in the class.
   */
  memberOf(key: ByteSpan): ClientClassMember | undefined;
}

export interface SubclassTable {
  readonly count: number;
  /** Index of the subclass with exactly these bytes, or -1. */
  readonly indexOf: (key: ByteSpan) => number;
  /** The bytes of the subclass with this index; none when there is no such subclass. */
  readonly keyOf: (index: number) => Uint8Array;
}

/** One class that a packet belongs to. */
export interface ClientClassMember {
  readonly clientClass: ClientClass;
  /** Index of the declared subclass; -1 for a plain class and for a spawned subclass. */
  readonly subclass: number;
  /** The value of `match` or `spawn with`: names a (spawned) subclass when billing leases. */
  readonly key: Uint8Array | undefined;
  /** The subclass's scope if there is one, else the class's. */
  readonly scope: Scope;
  readonly leaseLimit: number | undefined;
}

export interface Key {
  readonly name: string;
  readonly algorithm: string;
  readonly secret: Uint8Array;
}

export interface Zone {
  readonly name: string;
  readonly primary: string;
  readonly secondary: string | undefined;
  readonly key: Key | undefined;
}
