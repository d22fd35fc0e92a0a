import { OptionCode } from "../../protocol/dhcp/option-code.ts";
import type { OutgoingOption } from "../../protocol/dhcp/packet.ts";
import { FILE_BYTES, SNAME_BYTES } from "../../protocol/dhcp/packet.ts";
import type { ReplyTemplate } from "../../protocol/dhcp/reply-template.ts";
import { readIpv4 } from "../../protocol/ipv4.ts";
import { type EvaluationContext, evaluateScopes, inOrder } from "../config/evaluate.ts";
import type { Scope, ServerConfig } from "../config/model.ts";
import { runStatements } from "../config/run-statements.ts";
import { Settings } from "../config/settings.ts";
import type { Statement } from "../config/statement.ts";
import { Variables } from "../config/variables.ts";
import { crossTftp, type TftpNames, type TftpPair } from "./crossed-tftp.ts";
import type { LeaseTimeLimits } from "./lease-times.ts";
import type { StatementOutput } from "./statement-output.ts";

/** Scope chains with a remembered policy: networks times pools times classes times groups. */
const POLICIES_MAX = 4096;
/** A scope's answer to "does it depend on the packet" is remembered for at most this many scopes. */
const SCOPES_MAX = 65_536;

const empty = new Uint8Array(0);
/** What comes to the same for every packet. Functions and events do nothing until they are called. */
const constantKinds: ReadonlySet<Statement["kind"]> = new Set(["constant", "define", "on"]);
const actionKinds: ReadonlySet<Statement["kind"]> = new Set(["set", "eval", "log", "execute"]);
const nobody: EvaluationContext = { packet: undefined, known: false };

/**
 * The settings of one client at one place, read out of `Settings` with dhcpd's defaults filled in.
 * The same object serves every client to whom the same constant scopes apply.
 */
export interface Policy {
  readonly settings: Settings;
  /** The same for every packet, so that what follows from it may be remembered. */
  readonly constant: boolean;
  readonly leaseTimes: LeaseTimeLimits;
  /** Percent of a pool in use from which leases are short; 0 is never. */
  readonly adaptiveThreshold: number;
  /** A client that asks for a lease without end gets its address reserved. */
  readonly infiniteIsReserved: boolean;
  readonly logThresholdHigh: number;
  readonly logThresholdLow: number;
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
  readonly bootp: boolean;
  /** Leases of BOOTP clients, seconds; undefined: without end. */
  readonly bootpLeaseSeconds: number | undefined;
  /** When all leases of BOOTP clients end, seconds since 1970. */
  readonly bootpCutoffSeconds: number | undefined;
  readonly duplicates: boolean;
  readonly declines: boolean;
  readonly oneLeasePerClient: boolean;
  readonly ignoreClientIds: boolean;
  readonly stashAgentOptions: boolean;
  readonly minSeconds: number;
  readonly alwaysBroadcast: boolean;
  readonly echoClientId: boolean;
  readonly useHostNames: boolean;
  /** The name that the address has in DNS is the client's, unless it has another. */
  readonly leaseHostNames: boolean;
  readonly leaseAddressIsRouter: boolean;
  /** The log says nothing about clients that `ignore` keeps out. */
  readonly ignoresUnknownQuietly: boolean;
  readonly serverIdentifier: number | undefined;
  readonly nextServer: number;
  /** What takes the place of the configured TFTP servers (TFTP-2); undefined: nothing does. */
  readonly crossedTftp: TftpNames | undefined;
  /** Cut to what the header's fields hold, and at the first NUL. */
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
  /** It is in the policy's `orders`, so that a template is worth its making. */
  readonly isRemembered: boolean;
  /** Made with the first reply that has use for it. */
  template?: ReplyTemplate;
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
    adaptiveThreshold: settings.number("adaptive-lease-time-threshold") ?? 0,
    infiniteIsReserved: settings.flag("infinite-is-reserved") ?? false,
    logThresholdHigh: settings.number("log-threshold-high") ?? 0,
    logThresholdLow: settings.number("log-threshold-low") ?? 0,
    renewalSeconds: uint32(settings.option(OptionCode.renewalTime)),
    rebindingSeconds: uint32(settings.option(OptionCode.rebindingTime)),
    abandonSeconds: settings.number("abandon-lease-time") ?? 86_400,
    cacheThreshold: cacheThresholdOf(settings),
    pingCheck: settings.flag("ping-check") ?? true,
    pingTimeoutMs:
      pingTimeoutMs > 0 ? pingTimeoutMs : (settings.number("ping-timeout") ?? 1) * 1000,
    pingClttSeconds: settings.number("ping-cltt-secs") ?? 60,
    unknownClients: unknown === undefined || unknown === "allow",
    booting: isAllowed(settings.permission("booting")),
    bootp: isAllowed(settings.permission("bootp")),
    bootpLeaseSeconds: settings.number("dynamic-bootp-lease-length"),
    bootpCutoffSeconds: settings.number("dynamic-bootp-lease-cutoff"),
    duplicates: isAllowed(settings.permission("duplicates")),
    declines: isAllowed(settings.permission("declines")),
    oneLeasePerClient: settings.flag("one-lease-per-client") ?? false,
    ignoreClientIds: settings.flag("ignore-client-uids") ?? false,
    stashAgentOptions: settings.flag("stash-agent-options") ?? true,
    minSeconds: settings.number("min-secs") ?? 0,
    alwaysBroadcast: settings.flag("always-broadcast") ?? false,
    echoClientId: settings.flag("echo-client-id") ?? false,
    useHostNames: settings.flag("use-host-decl-names") ?? false,
    leaseHostNames: settings.flag("get-lease-hostnames") ?? false,
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

/** dhcpd takes 100 and above for a mistake, and goes by its default. */
function cacheThresholdOf(settings: Settings): number {
  const percent = settings.number("dhcp-cache-threshold");
  return percent === undefined || percent >= 100 ? 25 : percent;
}

function isAllowed(permission: string | undefined): boolean {
  return permission === undefined || permission === "allow";
}

function cut(value: Uint8Array | undefined, bytesMax: number): Uint8Array {
  if (value === undefined) return empty;
  // An expression may put a NUL inside, where whoever reads the field stops.
  const end = value.indexOf(0);
  return value.subarray(0, end < 0 ? bytesMax : Math.min(end, bytesMax));
}

function uint32(value: Uint8Array | undefined): number | undefined {
  return value !== undefined && value.length === 4 ? readIpv4(value, 0) : undefined;
}

function uint16(value: Uint8Array | undefined): number | undefined {
  return value !== undefined && value.length === 2 ? (value[0] << 8) | value[1] : undefined;
}

/**
 * How much of a chain depends on the packet: nothing; only what statements do beside setting options
 * (`set`, `log`, …); the options themselves.
 */
type Dependence = "none" | "actions" | "options";

/** One step of a scope chain: chains with the same beginning share their nodes. */
interface Node {
  readonly dependence: Dependence;
  readonly next: Map<Scope, Node>;
  /** Of the constant statements. */
  policy: Policy | undefined;
  /** The others, in their order. */
  actions: readonly Statement[];
}

const noActions: readonly Statement[] = [];

/**
 * Policies by scope chain. What is constant in a chain is evaluated once and looked up from then on.
 * The rest is done for every packet: actions by themselves, unless they may look at options that are
 * set so far; and the whole chain when its options depend on the packet.
 */
export class PolicyCache {
  readonly #config: ServerConfig;
  readonly #tftpServers: TftpPair | undefined;
  readonly #onOutput: (output: StatementOutput) => void;
  readonly #root: Node = newNode("none");
  readonly #dependences = new Map<Scope, Dependence>();
  #size = 0;

  /** `onOutput` takes what statements say and ask for. */
  constructor(
    config: ServerConfig,
    tftpServers?: TftpPair,
    onOutput: (output: StatementOutput) => void = () => undefined,
  ) {
    this.#config = config;
    this.#tftpServers = tftpServers;
    this.#onOutput = onOutput;
  }

  /** Nodes that are remembered: bounded, whatever clients come. */
  get size(): number {
    return this.#size;
  }

  /** `scopes`: least specific first, as `scopesOf` lists them; the last may be a host's. */
  policyFor(scopes: readonly Scope[], context: EvaluationContext, isHostLast: boolean): Policy {
    const node = this.#nodeFor(scopes, isHostLast);
    if (node.dependence === "options") {
      const settings = evaluateScopes(this.#config, scopes, context);
      this.#say(settings);
      return policyOf(settings, false, this.#tftpServers);
    }
    node.policy ??= this.#constantPolicy(node, scopes);
    return node.dependence === "none" ? node.policy : this.#act(node, node.policy, context);
  }

  #constantPolicy(node: Node, scopes: readonly Scope[]): Policy {
    // What is shared by all must not see the variables of one.
    const settings = new Settings(this.#config.definitions);
    const statements = inOrder(scopes).flatMap((scope) => scope.statements);
    const isConstant = ({ kind }: Statement): boolean => constantKinds.has(kind);
    runStatements(statements.filter(isConstant), nobody, settings);
    node.actions = statements.filter((statement) => !isConstant(statement));
    return policyOf(settings, true, this.#tftpServers);
  }

  #act(node: Node, policy: Policy, context: EvaluationContext): Policy {
    const settings = policy.settings.copyFor(context.variables ?? new Variables());
    runStatements(node.actions, context, settings);
    settings.resolve(context);
    this.#say(settings);
    // A function may have set options.
    return settings.revision === 0 ? policy : policyOf(settings, false, this.#tftpServers);
  }

  #say(settings: Settings): void {
    const output = settings.takeOutput();
    if (output.messages.length > 0 || output.commands.length > 0) this.#onOutput(output);
  }

  /** The same policy with the options as they are by now: see `Settings.refresh`. */
  again(policy: Policy, settings: Settings): Policy {
    const { filename, serverName } = policy;
    // dhcpd has these two worked out before.
    return { ...policyOf(settings, false, this.#tftpServers), filename, serverName };
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
      const made = newNode(more(node.dependence, this.#dependenceOf(scope)));
      node.next.set(scope, made);
      this.#size += 1;
      node = made;
    }
    return node;
  }

  #dependenceOf(scope: Scope): Dependence {
    const known = this.#dependences.get(scope);
    if (known !== undefined) return known;
    let dependence = scope.parent === undefined ? "none" : this.#dependenceOf(scope.parent);
    for (const { kind } of scope.statements) {
      if (constantKinds.has(kind)) continue;
      const isAction = actionKinds.has(kind) && !this.#config.readsSettings;
      dependence = more(dependence, isAction ? "actions" : "options");
    }
    if (this.#dependences.size < SCOPES_MAX) this.#dependences.set(scope, dependence);
    return dependence;
  }
}

function newNode(dependence: Dependence): Node {
  return { dependence, next: new Map(), policy: undefined, actions: noActions };
}

function more(left: Dependence, right: Dependence): Dependence {
  if (left === "options" || right === "options") return "options";
  return left === "none" ? right : left;
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
