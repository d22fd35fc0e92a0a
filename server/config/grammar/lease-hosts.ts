import type { LeaseHost } from "../../lease/format/lease-host.ts";
import type { EvaluationContext } from "../language/program.ts";
import { CompactHostTable } from "../model/host-table.ts";
import type { Host, HostTable, ServerConfig } from "../model/model.ts";
import { parseHostStatements } from "./lease-fragments.ts";

/**
 * The configuration together with the hosts of its lease file: hosts made later come after its own,
 * and its own hosts that were deleted are gone. `problems` are sentences about hosts that cannot be
 * served as they are written; `warnings` about those that another one of their name keeps out, as in
 * dhcpd.
 */
export function withLaterHosts(
  config: ServerConfig,
  hosts: readonly LeaseHost[],
): {
  readonly config: ServerConfig;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
} {
  const problems: string[] = [];
  const warnings: string[] = [];
  const deleted = new Set<string>();
  const later = new CompactHostTable();
  for (const host of hosts) {
    if (host.isDeleted && !host.isDynamic) deleted.add(host.name);
  }
  for (const host of hosts) {
    if (host.isDeleted) continue;
    const declared = deleted.has(host.name) ? undefined : config.hosts.byName(host.name);
    const known = declared ?? later.byName(host.name);
    if (known !== undefined) {
      warnings.push(`host ${host.name}: already exists: that of the lease file is not served.`);
      continue;
    }
    const problem = add(config, later, host);
    if (problem !== undefined) problems.push(`host ${host.name}: ${problem}`);
  }
  if (deleted.size === 0 && later.count === 0) return { config, problems, warnings };
  const all = new LaterHosts(config.hosts, deleted, later);
  return { config: { ...config, hosts: all }, problems, warnings };
}

function add(config: ServerConfig, later: CompactHostTable, host: LeaseHost): string | undefined {
  const { name, hardware, clientId, fixedAddresses, groupName, statements } = host;
  const read = parseHostStatements(config, statements.join(" "), groupName);
  if (read.kind === "failed") return read.message;
  const { part } = read;
  const declared = {
    ...part,
    name,
    hardware: hardware ?? part.hardware,
    clientId: clientId ?? part.clientId,
    fixedAddresses: [...fixedAddresses, ...part.fixedAddresses],
  };
  later.add(declared, part.scope);
  return undefined;
}

/** The hosts of a configuration without the deleted ones, followed by later ones. */
class LaterHosts implements HostTable {
  readonly #first: HostTable;
  readonly #deleted: ReadonlySet<string>;
  readonly #later: HostTable;

  constructor(first: HostTable, deleted: ReadonlySet<string>, later: HostTable) {
    this.#first = first;
    this.#deleted = deleted;
    this.#later = later;
  }

  get count(): number {
    let deleted = 0;
    for (const name of this.#deleted) if (this.#first.byName(name) !== undefined) deleted += 1;
    return this.#first.count - deleted + this.#later.count;
  }

  get hasIdentifiers(): boolean {
    return this.#first.hasIdentifiers || this.#later.hasIdentifiers;
  }

  byHardware(hardwareType: number, address: Uint8Array): readonly Host[] {
    return this.#joined((hosts) => hosts.byHardware(hardwareType, address));
  }

  byClientId(clientId: Uint8Array): readonly Host[] {
    return this.#joined((hosts) => hosts.byClientId(clientId));
  }

  byOption(context: EvaluationContext): readonly Host[] {
    return this.#joined((hosts) => hosts.byOption(context));
  }

  byName(name: string): Host | undefined {
    const first = this.#deleted.has(name) ? undefined : this.#first.byName(name);
    return first ?? this.#later.byName(name);
  }

  first(count: number): readonly Host[] {
    return this.#joined((hosts) => hosts.first(count)).slice(0, count);
  }

  #joined(find: (hosts: HostTable) => readonly Host[]): readonly Host[] {
    const first = find(this.#first).filter(({ name }) => !this.#deleted.has(name));
    return [...first, ...find(this.#later)];
  }
}
