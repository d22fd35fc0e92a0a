import { assert } from "../../../base/assert.ts";
import { latin1Bytes, latin1Text } from "../../../protocol/latin1.ts";
import type { DataExpression, EvaluationContext } from "../language/program.ts";
import { ByteKeyTable } from "./byte-key-table.ts";
import type { Host, HostTable, Scope } from "./model.ts";

const NONE = -1;

/** `host-identifier option NAME VALUE;`: the host whose packets have that option with that value. */
export interface HostIdentifier {
  /** Unique among options. */
  readonly optionName: string;
  /** The option of a packet. */
  readonly option: DataExpression;
  readonly value: Uint8Array;
}

/** A host as the parser hands it over. */
export interface HostDeclaration extends Omit<Host, "index" | "scope"> {
  readonly identifier: HostIdentifier | undefined;
}

const noHosts: readonly Host[] = [];
const noAddresses: readonly number[] = [];
const noNames: readonly string[] = [];

/** A column for each field of a host, by the host's index. */
class Columns {
  readonly names = new ByteKeyTable();
  readonly hardware = new ByteKeyTable();
  readonly clientIds = new ByteKeyTable();
  /** Undefined where a host was removed: the place is for the next one. */
  readonly scopes: (Scope | undefined)[] = [];
  readonly groups: (Scope | undefined)[] = [];
  /** Only of hosts that have any. */
  readonly fixedAddresses = new Map<number, readonly number[]>();
  readonly fixedNames = new Map<number, readonly string[]>();
}

/** All hosts, column by column: about 100 bytes a host with nothing but a hardware address. */
export class CompactHostTable implements HostTable {
  readonly #columns = new Columns();
  readonly #free: number[] = [];
  /** One table for each option that identifies hosts, in order of declaration. */
  readonly #identifiers = new Map<
    string,
    { readonly option: DataExpression; readonly hosts: ByteKeyTable }
  >();

  get count(): number {
    return this.#columns.scopes.length - this.#free.length;
  }

  /** False, and nothing is added, when there is a host of this name. */
  add(host: HostDeclaration, scope: Scope): boolean {
    const columns = this.#columns;
    const { names, scopes } = columns;
    const index = this.#free.at(-1) ?? scopes.length;
    const { hardware, clientId, fixedAddresses, fixedNames, identifier, group } = host;
    const nameBytes = latin1Bytes(host.name);
    if (names.find(0, nameBytes) !== NONE) return false;
    this.#free.pop();
    names.add(0, nameBytes, index);
    scopes[index] = scope;
    columns.groups[index] = group;
    if (hardware !== undefined) columns.hardware.add(hardware.type, hardware.address, index);
    if (clientId !== undefined) columns.clientIds.add(0, clientId, index);
    if (fixedAddresses.length > 0) columns.fixedAddresses.set(index, fixedAddresses);
    if (fixedNames.length > 0) columns.fixedNames.set(index, fixedNames);
    if (identifier !== undefined) this.#identify(identifier, index);
    return true;
  }

  /** False when there is no host of this name. Look no longer at a host that was removed. */
  remove(name: string): boolean {
    const columns = this.#columns;
    const index = columns.names.find(0, latin1Bytes(name));
    if (index === NONE) return false;
    for (const table of [columns.names, columns.hardware, columns.clientIds]) table.remove(index);
    for (const { hosts } of this.#identifiers.values()) hosts.remove(index);
    columns.scopes[index] = undefined;
    columns.groups[index] = undefined;
    columns.fixedAddresses.delete(index);
    columns.fixedNames.delete(index);
    this.#free.push(index);
    return true;
  }

  byHardware(hardwareType: number, address: Uint8Array): readonly Host[] {
    const { hardware } = this.#columns;
    return this.#hostsOf(hardware, hardware.find(hardwareType, address));
  }

  byClientId(clientId: Uint8Array): readonly Host[] {
    const { clientIds } = this.#columns;
    return this.#hostsOf(clientIds, clientIds.find(0, clientId));
  }

  get hasIdentifiers(): boolean {
    return this.#identifiers.size > 0;
  }

  /** When the packet has several of these options, the one declared first decides. */
  byOption(context: EvaluationContext): readonly Host[] {
    for (const { option, hosts } of this.#identifiers.values()) {
      const value = option.evaluate(context, undefined);
      const first = value === undefined ? NONE : hosts.find(0, value);
      if (first !== NONE) return this.#hostsOf(hosts, first);
    }
    return noHosts;
  }

  #identify({ optionName, option, value }: HostIdentifier, index: number): void {
    let table = this.#identifiers.get(optionName);
    if (table === undefined) {
      table = { option, hosts: new ByteKeyTable() };
      this.#identifiers.set(optionName, table);
    }
    table.hosts.add(0, value, index);
  }

  byName(name: string): Host | undefined {
    const index = this.#columns.names.find(0, latin1Bytes(name));
    return index === NONE ? undefined : new HostView(this.#columns, index);
  }

  first(count: number): readonly Host[] {
    const hosts: Host[] = [];
    const { scopes } = this.#columns;
    for (let index = 0; index < scopes.length && hosts.length < count; index += 1) {
      if (scopes[index] !== undefined) hosts.push(new HostView(this.#columns, index));
    }
    return hosts;
  }

  #hostsOf(table: ByteKeyTable, first: number): readonly Host[] {
    if (first === NONE) return noHosts;
    const hosts: Host[] = [new HostView(this.#columns, first)];
    for (let index = table.after(first); index !== NONE; index = table.after(index)) {
      hosts.push(new HostView(this.#columns, index));
    }
    return hosts;
  }
}

/** One row of the table, looked at when it is asked for. */
class HostView implements Host {
  readonly index: number;
  readonly #columns: Columns;

  constructor(columns: Columns, index: number) {
    this.#columns = columns;
    this.index = index;
  }

  get name(): string {
    return latin1Text(this.#columns.names.keyOf(this.index));
  }

  get hardware(): Host["hardware"] {
    const { hardware } = this.#columns;
    if (!hardware.has(this.index)) return undefined;
    return { type: hardware.prefixOf(this.index), address: hardware.keyOf(this.index) };
  }

  get clientId(): Uint8Array | undefined {
    const { clientIds } = this.#columns;
    return clientIds.has(this.index) ? clientIds.keyOf(this.index) : undefined;
  }

  get fixedAddresses(): readonly number[] {
    const { fixedAddresses } = this.#columns;
    return fixedAddresses.get(this.index) ?? noAddresses;
  }

  get fixedNames(): readonly string[] {
    const { fixedNames } = this.#columns;
    return fixedNames.get(this.index) ?? noNames;
  }

  get scope(): Scope {
    const scope = this.#columns.scopes[this.index];
    assert(scope !== undefined, "nobody looks at a host that was removed");
    return scope;
  }

  get group(): Scope | undefined {
    return this.#columns.groups[this.index];
  }
}
