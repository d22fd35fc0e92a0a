import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import type { OutgoingOption } from "../../protocol/dhcp/packet.ts";
import { FILE_BYTES, SNAME_BYTES } from "../../protocol/dhcp/packet.ts";
import { readIpv4 } from "../../protocol/ipv4.ts";
import { type EvaluationContext, evaluateScopes } from "../config/evaluate.ts";
import type { Scope, ServerConfig } from "../config/model.ts";
import type { Settings } from "../config/settings.ts";
import { crossTftp, type TftpNames, type TftpPair } from "./crossed-tftp.ts";
import type { LeaseTimeLimits } from "./lease-times.ts";

/** Scope chains with a remembered policy: networks times pools times classes times groups. */
const POLICIES_MAX = 4096;
/** A scope's answer to "does it depend on the packet" is remembered for at most this many scopes. */
const SCOPES_MAX = 65_536;

const empty = new Uint8Array(0);

/**
 * The settings of one client at one place, read out of `Settings` with dhcpd's defaults filled in.
 * The same object serves every client to whom the same constant scopes apply.
 */
export interface Policy {
  readonly settings: Settings;
  /** The same for every packet, so that what follows from it may be remembered. */
  readonly constant: boolean;
  readonly leaseTimes: LeaseTimeLimits;
  /** Configured T1 and T2 (options 58 and 59). */
  readonly renewalSeconds: number | undefined;
  readonly rebindingSeconds: number | undefined;
  readonly abandonSeconds: number;
  /** Percent of a lease's length during which it is answered without a new record. */
  readonly cacheThreshold: number;
  readonly pingCheck: boolean;
  readonly pingTimeoutMs: number;
  readonly pingClttSeconds: number;
  readonly unknownClients: boolean;
  readonly booting: boolean;
  readonly duplicates: boolean;
  readonly declines: boolean;
  readonly oneLeasePerClient: boolean;
  readonly ignoreClientIds: boolean;
  readonly stashAgentOptions: boolean;
  readonly minSeconds: number;
  readonly alwaysBroadcast: boolean;
  readonly echoClientId: boolean;
  readonly useHostNames: boolean;
  readonly leaseAddressIsRouter: boolean;
  /** The log says nothing about clients that `ignore` keeps out. */
  readonly ignoresUnknownQuietly: boolean;
  readonly serverIdentifier: number | undefined;
  readonly nextServer: number;
  /** What takes the place of the configured TFTP servers (TFTP-2); undefined: nothing does. */
  readonly crossedTftp: TftpNames | undefined;
  /** Cut to what the header's fields hold. */
  readonly filename: Uint8Array;
  readonly serverName: Uint8Array;
  /** Configured option 55: takes the place of the client's list. */
  readonly requestList: Uint8Array | undefined;
  readonly maxMessageSize: number | undefined;
  /** Ordered options that earlier replies had, by request list: see `OptionOrder`. */
  readonly orders: OptionOrder[];
}

/** The options that a request list selected, kept for the next client with the same list. */
export interface OptionOrder {
  readonly list: Uint8Array | undefined;
  readonly withSubnetMask: boolean;
  readonly options: readonly OutgoingOption[];
}

/** `tftpServers`: of a node that crosses them with those of another. */
export function policyOf(settings: Settings, constant: boolean, tftpServers?: TftpPair): Policy {
  const pingTimeoutMs = settings.number("ping-timeout-ms") ?? 0;
  const unknown = settings.permission("unknown-clients");
  const nextServer = settings.address("next-server") ?? 0;
  const crossedTftp =
    tftpServers === undefined ? undefined : crossTftp(tftpNames(settings, nextServer), tftpServers);
  return {
    settings,
    constant,
    leaseTimes: {
      defaultSeconds: settings.number("default-lease-time"),
      maxSeconds: settings.number("max-lease-time"),
      minSeconds: settings.number("min-lease-time"),
    },
    renewalSeconds: uint32(settings.option(OptionCode.renewalTime)),
    rebindingSeconds: uint32(settings.option(OptionCode.rebindingTime)),
    abandonSeconds: settings.number("abandon-lease-time") ?? 86_400,
    cacheThreshold: settings.number("dhcp-cache-threshold") ?? 25,
    pingCheck: settings.flag("ping-check") ?? true,
    pingTimeoutMs:
      pingTimeoutMs > 0 ? pingTimeoutMs : (settings.number("ping-timeout") ?? 1) * 1000,
    pingClttSeconds: settings.number("ping-cltt-secs") ?? 60,
    unknownClients: unknown === undefined || unknown === "allow",
    booting: isAllowed(settings.permission("booting")),
    duplicates: isAllowed(settings.permission("duplicates")),
    declines: isAllowed(settings.permission("declines")),
    oneLeasePerClient: settings.flag("one-lease-per-client") ?? false,
    ignoreClientIds: settings.flag("ignore-client-uids") ?? false,
    stashAgentOptions: settings.flag("stash-agent-options") ?? true,
    minSeconds: settings.number("min-secs") ?? 0,
    alwaysBroadcast: settings.flag("always-broadcast") ?? false,
    echoClientId: settings.flag("echo-client-id") ?? false,
    useHostNames: settings.flag("use-host-decl-names") ?? false,
    leaseAddressIsRouter: settings.flag("use-lease-addr-for-default-route") ?? false,
    ignoresUnknownQuietly: unknown === "ignore",
    serverIdentifier: settings.address("server-identifier"),
    nextServer: crossedTftp?.nextServer ?? nextServer,
    crossedTftp,
    filename: cut(settings.bytes("filename"), FILE_BYTES),
    serverName: cut(settings.bytes("server-name"), SNAME_BYTES),
    requestList: settings.option(OptionCode.parameterRequestList),
    maxMessageSize: uint16(settings.option(OptionCode.maxMessageSize)),
    orders: [],
  };
}

function tftpNames(settings: Settings, nextServer: number): TftpNames {
  return {
    nextServer,
    addresses: settings.option(OptionCode.tftpServerAddress),
    name: settings.option(OptionCode.tftpServerName),
  };
}

function isAllowed(permission: string | undefined): boolean {
  return permission === undefined || permission === "allow";
}

function cut(value: Uint8Array | undefined, bytesMax: number): Uint8Array {
  return value === undefined ? empty : value.subarray(0, bytesMax);
}

function uint32(value: Uint8Array | undefined): number | undefined {
  return value !== undefined && value.length === 4 ? readIpv4(value, 0) : undefined;
}

function uint16(value: Uint8Array | undefined): number | undefined {
  return value !== undefined && value.length === 2 ? (value[0] << 8) | value[1] : undefined;
}

/** One step of a scope chain: chains with the same beginning share their nodes. */
interface Node {
  readonly constant: boolean;
  readonly next: Map<Scope, Node>;
  policy: Policy | undefined;
}

/**
 * Policies by scope chain. A chain of constant statements is evaluated once and looked up from then
 * on; any other chain is evaluated for every packet, as its expressions ask for.
 */
export class PolicyCache {
  readonly #config: ServerConfig;
  readonly #tftpServers: TftpPair | undefined;
  readonly #root: Node = { constant: true, next: new Map(), policy: undefined };
  readonly #constantScopes = new Map<Scope, boolean>();
  #size = 0;

  constructor(config: ServerConfig, tftpServers?: TftpPair) {
    this.#config = config;
    this.#tftpServers = tftpServers;
  }

  /** Nodes that are remembered: bounded, whatever clients come. */
  get size(): number {
    return this.#size;
  }

  /** `scopes`: least specific first, as `scopesOf` lists them; the last may be a host's. */
  policyFor(scopes: readonly Scope[], context: EvaluationContext, isHostLast: boolean): Policy {
    const node = this.#nodeFor(scopes, isHostLast);
    if (node.policy !== undefined) return node.policy;
    const settings = evaluateScopes(this.#config, scopes, context);
    const policy = policyOf(settings, node.constant, this.#tftpServers);
    if (node.constant) node.policy = policy;
    return policy;
  }

  #nodeFor(scopes: readonly Scope[], isHostLast: boolean): Node {
    // Hosts with statements of their own may be more than we remember: then we start afresh.
    if (this.#size >= POLICIES_MAX) {
      this.#root.next.clear();
      this.#size = 0;
    }
    let node = this.#root;
    for (let index = 0; index < scopes.length; index += 1) {
      // Only hosts are folded: two subnets that say nothing still have masks of their own.
      const isHost = isHostLast && index === scopes.length - 1;
      const scope = isHost ? speaking(scopes[index]) : scopes[index];
      if (scope === undefined) continue;
      const known = node.next.get(scope);
      if (known !== undefined) {
        node = known;
        continue;
      }
      const constant = node.constant && this.#isConstant(scope);
      const made: Node = { constant, next: new Map(), policy: undefined };
      node.next.set(scope, made);
      this.#size += 1;
      node = made;
    }
    return node;
  }

  #isConstant(scope: Scope): boolean {
    const known = this.#constantScopes.get(scope);
    if (known !== undefined) return known;
    const own = scope.statements.every((statement) => statement.kind === "constant");
    const constant = own && (scope.parent === undefined || this.#isConstant(scope.parent));
    if (this.#constantScopes.size < SCOPES_MAX) this.#constantScopes.set(scope, constant);
    return constant;
  }
}

/**
 * The nearest scope that says anything: 80,000 hosts without statements of their own are as many
 * chains as they have groups.
 */
function speaking(scope: Scope): Scope | undefined {
  let at: Scope | undefined = scope;
  while (at !== undefined && at.statements.length === 0) at = at.parent;
  return at;
}
