import { parseHostStatements } from "../config/grammar/lease-fragments.ts";
import type { EvaluationContext } from "../config/language/program.ts";
import { CompactHostTable } from "../config/model/host-table.ts";
import type { Host, HostTable, ServerConfig } from "../config/model/model.ts";
import type { LeaseHost } from "../lease/format/lease-host.ts";

/** What became of a host: it is served from the next packet on, or not, and why. */
export type Registration =
  | { readonly kind: "served" }
  /** dhcpd.conf, or an earlier registration, has one of its name. */
  | { readonly kind: "exists" }
  | { readonly kind: "refused"; readonly why: string };

const served = { kind: "served" } as const;
const noHosts: readonly Host[] = [];

/**
 * The hosts of a configuration, without those that were deleted since, followed by those that were registered while a
 * server ran (OMAPI-7, PRE-9). What changes here is in force for the next look-up.
 */
export class RegisteredHosts implements HostTable {
  readonly #config: ServerConfig;
  readonly #declared: HostTable;
  readonly #deleted = new Set<string>();
  readonly #registered = new CompactHostTable();

  constructor(config: ServerConfig) {
    this.#config = config;
    this.#declared = config.hosts;
  }

  /** Registers a host behind all others. */
  register(host: LeaseHost): Registration {
    if (this.byName(host.name) !== undefined) return { kind: "exists" };
    const { name, hardware, clientId, fixedAddresses, groupName, statements } = host;
    const read = parseHostStatements(this.#config, statements.join(" "), groupName);
    if (read.kind === "failed") return { kind: "refused", why: read.message };
    const { part } = read;
    const declaration = {
      ...part,
      name,
      hardware: hardware ?? part.hardware,
      clientId: clientId ?? part.clientId,
      fixedAddresses: [...fixedAddresses, ...part.fixedAddresses],
    };
    this.#registered.add(declaration, part.scope);
    return served;
  }

  /** Takes out a registered host, or one of dhcpd.conf until its next start. False when there is none. */
  remove(name: string): boolean {
    if (this.#registered.remove(name)) return true;
    if (this.byName(name) === undefined) return false;
    this.#deleted.add(name);
    return true;
  }

  get count(): number {
    return this.#declared.count - this.#deleted.size + this.#registered.count;
  }

  get hasIdentifiers(): boolean {
    return this.#declared.hasIdentifiers || this.#registered.hasIdentifiers;
  }

  byHardware(hardwareType: number, address: Uint8Array): readonly Host[] {
    return this.#joined(
      this.#declared.byHardware(hardwareType, address),
      this.#registered.byHardware(hardwareType, address),
    );
  }

  byClientId(clientId: Uint8Array): readonly Host[] {
    return this.#joined(this.#declared.byClientId(clientId), this.#registered.byClientId(clientId));
  }

  byOption(context: EvaluationContext): readonly Host[] {
    return this.#joined(this.#declared.byOption(context), this.#registered.byOption(context));
  }

  byName(name: string): Host | undefined {
    const declared = this.#deleted.has(name) ? undefined : this.#declared.byName(name);
    return declared ?? this.#registered.byName(name);
  }

  first(count: number): readonly Host[] {
    const declared = this.#declared.first(count + this.#deleted.size);
    return this.#joined(declared, this.#registered.first(count)).slice(0, count);
  }

  /** Without a copy where there is nothing to join, which is nearly always. */
  #joined(declared: readonly Host[], registered: readonly Host[]): readonly Host[] {
    const left = this.#withoutDeleted(declared);
    if (left.length === 0) return registered;
    return registered.length === 0 ? left : [...left, ...registered];
  }

  #withoutDeleted(declared: readonly Host[]): readonly Host[] {
    if (this.#deleted.size === 0 || declared.length === 0) return declared;
    const left = declared.filter(({ name }) => !this.#deleted.has(name));
    return left.length === 0 ? noHosts : left;
  }
}

/**
 * The hosts of a lease file on top of those of the configuration. `problems` are sentences about hosts that cannot be
 * served as they are written; `warnings` about those that another one of their name keeps out, as in dhcpd.
 */
export function registerHosts(
  config: ServerConfig,
  hosts: readonly LeaseHost[],
): {
  readonly hosts: RegisteredHosts;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
} {
  const all = new RegisteredHosts(config);
  const problems: string[] = [];
  const warnings: string[] = [];
  for (const { name, isDeleted, isDynamic } of hosts) {
    if (isDeleted && !isDynamic) all.remove(name);
  }
  for (const host of hosts) {
    if (host.isDeleted) continue;
    const outcome = all.register(host);
    if (outcome.kind === "refused") problems.push(`host ${host.name}: ${outcome.why}`);
    if (outcome.kind === "exists") {
      warnings.push(`host ${host.name}: already exists: that of the lease file is not served.`);
    }
  }
  return { hosts: all, problems, warnings };
}
