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
export interface HostDeclaration {
  readonly name: string;
  readonly hardware: { readonly type: number; readonly address: Uint8Array } | undefined;
  readonly clientId: Uint8Array | undefined;
  readonly fixedAddresses: readonly number[];
  readonly fixedNames: readonly string[];
  readonly identifier: HostIdentifier | undefined;
  readonly group: Scope | undefined;
}

const noHosts: readonly Host[] = [];
const noAddresses: readonly number[] = [];
const noNames: readonly string[] = [];

/** All hosts, column by column: about 100 bytes a host with nothing but a hardware address. */
export class CompactHostTable implements HostTable {
  readonly #names = new ByteKeyTable();
  readonly #hardware = new ByteKeyTable();
  readonly #clientIds = new ByteKeyTable();
  readonly #scopes: Scope[] = [];
  readonly #groups: (Scope | undefined)[] = [];
  /** Only of hosts that have any. */
  readonly #fixedAddresses = new Map<number, readonly number[]>();
  readonly #fixedNames = new Map<number, readonly string[]>();
  /** One table for each option that identifies hosts, in order of declaration. */
  readonly #identifiers = new Map<
    string,
    { readonly option: DataExpression; readonly hosts: ByteKeyTable }
  >();

  get count(): number {
    return this.#scopes.length;
  }

  /** False, and nothing is added, when there is a host of this name. */
  add(host: HostDeclaration, scope: Scope): boolean {
    const index = this.#scopes.length;
    const { hardware, clientId, fixedAddresses, fixedNames, identifier, group } = host;
    const nameBytes = latin1Bytes(host.name);
    if (this.#names.find(0, nameBytes) !== NONE) return false;
    this.#names.add(0, nameBytes, index);
    this.#scopes.push(scope);
    if (hardware !== undefined) this.#hardware.add(hardware.type, hardware.address, index);
    if (clientId !== undefined) this.#clientIds.add(0, clientId, index);
    this.#groups.push(group);
    if (fixedAddresses.length > 0) this.#fixedAddresses.set(index, fixedAddresses);
    if (fixedNames.length > 0) this.#fixedNames.set(index, fixedNames);
    if (identifier !== undefined) this.#identify(identifier, index);
    return true;
  }

  hasName(name: string): boolean {
    return this.#names.find(0, latin1Bytes(name)) !== NONE;
  }

  byHardware(hardwareType: number, address: Uint8Array): readonly Host[] {
    return this.#hostsOf(this.#hardware, this.#hardware.find(hardwareType, address));
  }

  byClientId(clientId: Uint8Array): readonly Host[] {
    return this.#hostsOf(this.#clientIds, this.#clientIds.find(0, clientId));
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
    const index = this.#names.find(0, latin1Bytes(name));
    return index === NONE ? undefined : new HostView(this, index);
  }

  #hostsOf(table: ByteKeyTable, first: number): readonly Host[] {
    if (first === NONE) return noHosts;
    const hosts: Host[] = [new HostView(this, first)];
    for (let index = table.after(first); index !== NONE; index = table.after(index)) {
      hosts.push(new HostView(this, index));
    }
    return hosts;
  }

  nameOf(index: number): string {
    return latin1Text(this.#names.keyOf(index));
  }

  hardwareOf(index: number): Host["hardware"] {
    if (!this.#hardware.has(index)) return undefined;
    return { type: this.#hardware.prefixOf(index), address: this.#hardware.keyOf(index) };
  }

  clientIdOf(index: number): Uint8Array | undefined {
    return this.#clientIds.has(index) ? this.#clientIds.keyOf(index) : undefined;
  }

  fixedAddressesOf(index: number): readonly number[] {
    if (this.#fixedAddresses.size === 0) return noAddresses;
    return this.#fixedAddresses.get(index) ?? noAddresses;
  }

  fixedNamesOf(index: number): readonly string[] {
    if (this.#fixedNames.size === 0) return noNames;
    return this.#fixedNames.get(index) ?? noNames;
  }

  scopeOf(index: number): Scope {
    return this.#scopes[index];
  }

  groupOf(index: number): Scope | undefined {
    return this.#groups[index];
  }
}

/** One row of the table, looked at when it is asked for. */
class HostView implements Host {
  readonly index: number;
  readonly #table: CompactHostTable;

  constructor(table: CompactHostTable, index: number) {
    this.#table = table;
    this.index = index;
  }

  get name(): string {
    return this.#table.nameOf(this.index);
  }

  get hardware(): Host["hardware"] {
    return this.#table.hardwareOf(this.index);
  }

  get clientId(): Uint8Array | undefined {
    return this.#table.clientIdOf(this.index);
  }

  get fixedAddresses(): readonly number[] {
    return this.#table.fixedAddressesOf(this.index);
  }

  get fixedNames(): readonly string[] {
    return this.#table.fixedNamesOf(this.index);
  }

  get scope(): Scope {
    return this.#table.scopeOf(this.index);
  }

  get group(): Scope | undefined {
    return this.#table.groupOf(this.index);
  }
}
